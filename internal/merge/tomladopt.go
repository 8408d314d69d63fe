package merge

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlMerge is the work on one file: the edits so far, and what is in the way.
type tomlMerge struct {
	user, want *tomlFile
	edits      []edit
	tail       []string // new tables, for the end of the file
	problems   []error
}

func adoptTOML(user, want source) (string, error) {
	wanted, err := parseTOML(want)
	if err != nil {
		return "", err
	}
	if err := plainTOML(wanted); err != nil {
		return "", err
	}
	mine, err := parseTOML(user)
	if err != nil {
		return "", err
	}

	m := &tomlMerge{user: mine, want: wanted}
	for _, t := range inOrder(wanted.tables, func(t *tomlTable) []string { return t.path }) {
		m.table(t)
	}
	if err := errors.Join(m.problems...); err != nil {
		return "", err
	}
	result := source{name: user.name, text: user.apply(m.edits)}
	for _, table := range m.tail {
		result.text = result.apply([]edit{result.addition(table)})
	}
	return result.text, checkTOML(result, mine, wanted)
}

// plainTOML returns an error unless f is written the one way forge writes:
// headers and simple keys.
func plainTOML(f *tomlFile) error {
	for _, t := range f.tables {
		if t.array {
			return f.errorf(t.start, "forge does not merge arrays of tables")
		}
		for _, k := range t.keys {
			if len(k.parts) > 1 || k.value.kind == unstable.InlineTable {
				return f.errorf(k.parts[0], "forge does not merge dotted keys and inline tables; use a [table]")
			}
		}
	}
	return nil
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

// table adds what the user's file lacks of t.
func (m *tomlMerge) table(t *tomlTable) {
	if err := m.reachable(t); err != nil {
		m.refuse(err)
		return
	}
	var missing []*tomlKey
	for _, k := range inOrder(t.keys, func(k *tomlKey) []string { return k.path }) {
		has := m.user.key(k.path)
		switch {
		case has != nil:
			m.value(has, k)
		case m.user.header(k.path) != nil || m.user.implied(k.path):
			at := m.user.placeOf(k.path)
			m.refuse(m.user.errorf(at, "%s is a table, but forge needs it to be %s; rename or remove it", dots(k.path), kindOf(k.value)))
		default:
			missing = append(missing, k)
		}
	}
	if err := m.add(t, missing); err != nil {
		m.refuse(err)
	}
}

// refuse records a problem, once if several tables run into the same one.
func (m *tomlMerge) refuse(err error) {
	said := func(p error) bool { return p.Error() == err.Error() }
	if !slices.ContainsFunc(m.problems, said) {
		m.problems = append(m.problems, err)
	}
}

// reachable returns an error if something on the way to t, or at its place, is
// not a table.
func (m *tomlMerge) reachable(t *tomlTable) error {
	for i := 1; i <= len(t.path); i++ {
		path := t.path[:i]
		if k := m.user.key(path); k != nil && k.value.kind != unstable.InlineTable {
			return m.user.errorf(k.parts[0], "%s is %s, but forge needs a table there; rename or remove it", dots(path), kindOf(k.value))
		}
		if h := m.user.header(path); h != nil && h.array {
			return m.user.errorf(h.start, "[[%s]] is an array of tables, but forge needs one table; write it with single brackets", dots(path))
		}
	}
	return nil
}

// value merges two values of one key. Only arrays of strings grow.
func (m *tomlMerge) value(has, k *tomlKey) {
	isArray, wantsArray := has.value.kind == unstable.Array, k.value.kind == unstable.Array
	switch {
	case isArray != wantsArray || has.value.kind == unstable.InlineTable:
		m.refuse(m.user.errorf(has.value.start, "%s is %s, but forge needs %s; change it by hand", dots(k.path), kindOf(has.value), kindOf(k.value)))
	case !k.value.texts || len(k.value.elements) == 0:
		// The user's value stands, whatever it is.
	case !has.value.texts:
		m.refuse(m.user.errorf(has.value.start, "%s holds more than strings, so forge cannot add %s; make it an array of strings", dots(k.path), k.value.elements[0].raw))
	default:
		m.edits = append(m.edits, m.user.unite(has.value, k.value.elements)...)
	}
}

// add puts missing keys into the user's table, or adds the table.
func (m *tomlMerge) add(t *tomlTable, missing []*tomlKey) error {
	user, header := m.user, m.user.header(t.path)
	if len(missing) == 0 && (header != nil || user.implied(t.path) || user.key(t.path) != nil) {
		return nil
	}
	for i := 1; i <= len(t.path); i++ {
		if k := user.key(t.path[:i]); k != nil {
			return user.errorf(k.value.start, "%s is an inline table, which forge cannot extend; write it as [%s] so that forge can add %s", dots(k.path), dots(k.path), names(t, missing))
		}
	}

	last, prefix := (*tomlKey)(nil), ""
	if header != nil {
		last = header.last()
	} else if last = user.dotted(t.path); last != nil {
		prefix = user.text[last.parts[0]:last.parts[len(t.path)-last.base]]
	}
	var lines strings.Builder
	for _, k := range missing {
		indent := ""
		if last != nil {
			indent = user.indentAt(last.parts[0])
		}
		lines.WriteString(m.want.chunk(k.parts[0], k.end, indent, prefix))
	}
	switch {
	case last != nil:
		m.edits = append(m.edits, user.insertLines(user.lineEnd(last.end), lines.String()))
	case len(t.path) == 0 && len(user.tables) == 1:
		m.edits = append(m.edits, user.addition(lines.String()))
	case len(t.path) == 0:
		at := user.blockStart(user.tables[1].start)
		m.edits = append(m.edits, user.insertLines(at, lines.String()+"\n"))
	case header != nil:
		m.edits = append(m.edits, user.insertLines(user.lineEnd(header.end), lines.String()))
	default:
		m.tail = append(m.tail, m.want.chunk(t.start, t.end, "", "")+lines.String())
	}
	return nil
}

// chunk returns the lines from start to end with the comment right above.
func (f *tomlFile) chunk(start, end int, indent, prefix string) string {
	var out strings.Builder
	for part := range strings.Lines(f.text[f.blockStart(start):f.lineStart(start)]) {
		out.WriteString(indent + strings.TrimLeft(part, " \t"))
	}
	text := strings.TrimRight(f.text[f.lineStart(start):f.lineEnd(end)], "\r\n")
	out.WriteString(indent + prefix + strings.TrimLeft(text, " \t") + "\n")
	return out.String()
}

// blockStart returns the offset of the comment lines right above a line, or of
// the line itself.
func (f *tomlFile) blockStart(offset int) int {
	start := f.lineStart(offset)
	for start > 0 {
		above := f.lineStart(start - 1)
		if !strings.HasPrefix(strings.TrimSpace(f.text[above:start]), "#") {
			break
		}
		start = above
	}
	return start
}

// placeOf returns where the table at path is first named.
func (f *tomlFile) placeOf(path []string) int {
	for _, t := range f.tables {
		if len(t.path) > 0 && within(t.path, path) {
			return t.start
		}
	}
	if k := f.dotted(path); k != nil {
		return k.parts[0]
	}
	return 0
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
