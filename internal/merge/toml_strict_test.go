package merge

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/insforge/forge/internal/insforgetoml"
)

// choices are values that the InsForge CLI takes for each key, in the order of
// the keys in the CLI's own files.
var choices = []struct {
	key    string
	values []string
}{
	{"project_id", []string{`"shop"`, `'store'`}},
	{"auth.allowed_redirect_urls", []string{
		`[]`, `["http://localhost:8080"]`, `["myapp://cb", "http://localhost:8080"]`, `["https://*.example.com/cb", "http://localhost:8080"]`,
		"[\n  # live\n  \"https://example.com\",\n  'myapp://cb', # phones\n]", "[ 'http://localhost:8080', 'http://localhost:9090' ]",
	}},
	{"auth.verify_email_method", []string{`"code"`, `"link"`}},
	{"auth.disable_signup", []string{"true", "false"}},
	{"auth.password.min_length", []string{"8", "0xC", "16.0"}},
	{"auth.password.require_number", []string{"true", "false"}},
	{"auth.smtp.port", []string{"25", "587", "1_025"}},
	{"auth.smtp.password", []string{`"env(MAIL)"`, `"env(MAIL_PASSWORD)"`}},
	{"storage.max_file_size_mb", []string{"20", "50"}},
	{"realtime.retention_days", []string{"0", "7"}},
	{"deployments.subdomain", []string{`""`, `"my-shop"`}},
}

// TestMerge_staysValid merges settings that the InsForge CLI would heed all of,
// both ways there are. The result is one more such file.
func TestMerge_staysValid(t *testing.T) {
	adopted, merged := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		base := drawSettings(t, nil)
		target, mine := drawSettings(t, base), drawSettings(t, base)
		user := mine.edited(t)
		for _, text := range []string{base.plain(), target.plain(), user} {
			checkValid(t, "drawn", text)
		}

		if got, err := Adopt("insforge.toml", []byte(user), []byte(target.plain())); err == nil {
			adopted++
			checkValid(t, "adopted:\n"+user+"with:\n"+target.plain(), string(got))
		} else if !strings.Contains(err.Error(), "inline table") {
			t.Fatalf("Adopt error: %v\n%s", err, user)
		}
		r, err := File("insforge.toml", []byte(base.plain()), []byte(user), []byte(target.plain()), testLabels)
		if err != nil {
			t.Fatal(err)
		}
		if resolved, ok := r.resolved(source{text: string(r.Data)}.newline()); ok {
			merged++
			checkValid(t, "merged:\n"+base.plain()+"and:\n"+user+"with:\n"+target.plain(), resolved)
		}
	})
	if adopted < 30 || merged < 30 {
		t.Errorf("%d adopted and %d merged files prove too little", adopted, merged)
	}
}

func checkValid(t *rapid.T, about, text string) {
	t.Helper()
	if _, err := insforgetoml.Parse("insforge.toml", []byte(text)); err != nil {
		t.Fatalf("%v\n%s\ngave:\n%s", err, about, text)
	}
}

// settings are keys with the text of their values.
type settings map[string]string

// drawSettings draws settings, which mostly are those of base.
func drawSettings(t *rapid.T, base settings) settings {
	s := settings{}
	for _, c := range choices {
		value, has := base[c.key]
		if rapid.IntRange(0, 2).Draw(t, "change "+c.key) == 0 || base == nil {
			value, has = rapid.SampledFrom(c.values).Draw(t, c.key), rapid.Bool().Draw(t, "has "+c.key)
		}
		if has {
			s[c.key] = value
		}
	}
	return s
}

// plain writes settings as forge does.
func (s settings) plain() string { return s.tables(s.sections(), "", "") }

// sections returns the sections that have keys, in the CLI's order.
func (s settings) sections() []string {
	var sections []string
	for _, c := range choices {
		section := c.key[:max(strings.LastIndexByte(c.key, '.'), 0)]
		if s[c.key] != "" && !slices.Contains(sections, section) {
			sections = append(sections, section)
		}
	}
	return sections
}

// tables writes sections with a header each, and above and behind each key what
// the user has to say about it.
func (s settings) tables(sections []string, above, behind string) string {
	var out strings.Builder
	for _, section := range sections {
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		if section != "" {
			fmt.Fprintf(&out, "[%s]\n", section)
		}
		for _, c := range choices {
			dot := strings.LastIndexByte(c.key, '.')
			if s[c.key] != "" && c.key[:max(dot, 0)] == section {
				fmt.Fprintf(&out, "%s%s = %s%s\n", above, c.key[dot+1:], s[c.key], behind)
			}
		}
	}
	return out.String()
}

// edited writes settings as some user might: in any order and with comments, as
// dotted keys or as inline tables, in any line endings.
func (s settings) edited(t *rapid.T) string {
	text := ""
	switch rapid.SampledFrom([]string{"tables", "tables", "tables", "dots", "inline"}).Draw(t, "style") {
	case "dots":
		for _, key := range rapid.Permutation(choices).Draw(t, "keys") {
			if s[key.key] != "" {
				text += key.key + " = " + s[key.key] + "\n"
			}
		}
	case "inline":
		inline := maps.Clone(s)
		maps.DeleteFunc(inline, func(key, _ string) bool { return strings.HasPrefix(key, "auth.password.") })
		text = inline.plain()
		if keys := s.passwords(); keys != "" && strings.Contains(text, "[auth]\n") {
			text = strings.Replace(text, "[auth]\n", "[auth]\npassword = { "+keys+" }\n", 1)
		} else if keys != "" {
			text = "auth.password = { " + keys + " }\n" + strings.ReplaceAll(text, "[auth.smtp]", "# mail\n[auth.smtp]")
		}
	default:
		sections := s.sections()
		if len(sections) > 0 && sections[0] == "" {
			sections = append(sections[:1:1], rapid.Permutation(sections[1:]).Draw(t, "order")...)
		} else {
			sections = rapid.Permutation(sections).Draw(t, "order")
		}
		above := rapid.SampledFrom([]string{"", "  ", "# mine\n", "\n# mine\n\n  "}).Draw(t, "above")
		text = s.tables(sections, above, rapid.SampledFrom([]string{"", " # mine"}).Draw(t, "behind"))
	}
	text = rapid.SampledFrom([]string{"", "\ufeff", "# mine\n", "\n"}).Draw(t, "start") + text
	if rapid.IntRange(0, 3).Draw(t, "CRLF") == 0 {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if rapid.IntRange(0, 3).Draw(t, "no final newline") == 0 {
		text = strings.TrimRight(text, "\r\n")
	}
	return text
}

// passwords returns the keys of auth.password for an inline table.
func (s settings) passwords() string {
	var keys []string
	for _, c := range choices {
		if name, ok := strings.CutPrefix(c.key, "auth.password."); ok && s[c.key] != "" {
			keys = append(keys, name+" = "+s[c.key])
		}
	}
	return strings.Join(keys, ", ")
}
