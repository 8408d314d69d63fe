package merge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// adoptTOML is the merge without an earlier file of forge's.
func adoptTOML(user, want source) (string, error) {
	m, err := newTOMLMerge(source{}, user, want)
	if err != nil {
		return "", err
	}
	text, err := m.edited()
	if err != nil {
		return "", err
	}
	return text, checkTOML(user.with(text), m.user, m.want)
}

// inOrder returns items in the order in which the InsForge CLI writes a file.
// What it does not know follows, as it came.
func inOrder[T any](items []T, path func(T) []string) []T {
	known := []string{
		"", "project_id",
		"auth", "auth.allowed_redirect_urls", "auth.require_email_verification",
		"auth.verify_email_method", "auth.reset_password_method", "auth.disable_signup",
		"auth.password", "auth.password.min_length", "auth.password.require_number",
		"auth.password.require_lowercase", "auth.password.require_uppercase",
		"auth.password.require_special_char",
		"auth.smtp", "auth.smtp.enabled", "auth.smtp.host", "auth.smtp.port",
		"auth.smtp.username", "auth.smtp.password", "auth.smtp.sender_email",
		"auth.smtp.sender_name", "auth.smtp.min_interval_seconds",
		"storage", "storage.max_file_size_mb",
		"realtime", "realtime.retention_days",
		"schedules", "schedules.retention_days",
		"deployments", "deployments.subdomain",
	}
	rank := func(item T) int {
		if i := slices.Index(known, dots(path(item))); i >= 0 {
			return i
		}
		return len(known)
	}
	sorted := slices.Clone(items)
	slices.SortStableFunc(sorted, func(a, b T) int { return rank(a) - rank(b) })
	return sorted
}

// additions returns user, which the other edits are made in, with what is to be
// added.
func (m *tomlMerge) additions(user *tomlFile) string {
	var edits []edit
	for _, c := range m.choices {
		if c.action == uniteValues && c.want != nil {
			k := user.key(c.want.path)
			edits = append(edits, user.unite(k.value, c.gained())...)
		}
	}
	var tail []string // new tables, for the end of the file
	for _, t := range inOrder(m.want.tables, func(t *tomlTable) []string { return t.path }) {
		missing := m.missing(t)
		switch {
		case len(missing) == 0 && (!m.fresh(t) || user.hasTable(t.path)):
		case len(t.path) > 0 && user.header(t.path) == nil && user.dotted(t.path) == nil:
			tail = append(tail, m.want.chunk(t.start, t.end, "", "")+m.lines(missing, "", ""))
		default:
			edits = append(edits, m.add(user, t, missing))
		}
	}
	result := user.with(user.apply(edits))
	for _, table := range tail {
		result.text = result.apply([]edit{result.addition(table)})
	}
	return result.text
}

// add returns the edit that puts missing keys into the user's table t.
func (m *tomlMerge) add(user *tomlFile, t *tomlTable, missing []*tomlKey) edit {
	header := user.header(t.path)
	last, prefix := (*tomlKey)(nil), ""
	if header != nil {
		last = header.last()
	} else {
		last = user.dotted(t.path)
		prefix = user.text[last.parts[0]:last.parts[len(t.path)-last.base]]
	}
	switch {
	case last != nil:
		lines := m.lines(missing, user.indentAt(last.parts[0]), prefix)
		return user.insertLines(user.lineEnd(last.end), lines)
	case len(t.path) > 0:
		return user.insertLines(user.lineEnd(header.end), m.lines(missing, "", ""))
	case len(user.tables) == 1:
		return user.addition(m.lines(missing, "", ""))
	}
	at := user.commentStart(user.tables[1].start)
	return user.insertLines(at, m.lines(missing, "", "")+"\n")
}

// lines returns keys of want's as they go into the user's file.
func (m *tomlMerge) lines(keys []*tomlKey, indent, prefix string) string {
	var lines strings.Builder
	for _, k := range keys {
		lines.WriteString(m.want.chunk(k.parts[0], k.end, indent, prefix))
	}
	return lines.String()
}

// chunk returns the lines from start to end with the comment right above.
func (f *tomlFile) chunk(start, end int, indent, prefix string) string {
	var out strings.Builder
	for part := range strings.Lines(f.comment(start)) {
		out.WriteString(indent + strings.TrimLeft(part, " \t"))
	}
	text := strings.TrimRight(f.text[f.lineStart(start):f.lineEnd(end)], "\r\n")
	out.WriteString(indent + prefix + strings.TrimLeft(text, " \t") + "\n")
	return out.String()
}

func dots(path []string) string { return strings.Join(path, ".") }

func names(t *tomlTable, keys []*tomlKey) string {
	if len(keys) == 0 {
		return "[" + dots(t.path) + "]"
	}
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = dots(k.path)
	}
	return strings.Join(list, ", ")
}

func kindOf(v tomlValue) string {
	switch v.kind {
	case unstable.Array:
		if v.texts {
			return "an array of strings"
		}
		return "an array"
	case unstable.InlineTable:
		return "an inline table"
	case unstable.Integer:
		return "an integer"
	default:
	}
	return fmt.Sprintf("a %s", strings.ToLower(v.kind.String()))
}
