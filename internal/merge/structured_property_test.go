package merge

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
	"pgregory.net/rapid"
)

// TestStructured_properties merges files that a user and forge both changed at
// random, and holds the result against what three-way merging means.
func TestStructured_properties(t *testing.T) {
	for path, draw := range drawVersions() {
		t.Run(path, func(t *testing.T) {
			merges, clean, byLines := 0, 0, 0
			for range 10 {
				rapid.Check(t, func(t *rapid.T) {
					s := draw(t)
					r := checkStructured(t, path, s)
					checkMeaning(t, path, s, r)
					merges++
					if len(r.Conflicts) == 0 {
						clean++
					}
					if l := Lines([]byte(s.base), []byte(s.user), []byte(s.target), testLabels); len(l.Conflicts) == 0 {
						byLines++
					}
				})
			}
			t.Logf("%d merges, %d without a conflict, where %d have none line by line", merges, clean, byLines)
			if clean*10 < merges*9 {
				t.Errorf("%d of %d merges have a conflict", merges-clean, merges)
			}
		})
	}
}

// failer is what a check needs of a test.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkStructured merges s, which must work, and checks what holds for any three
// files.
func checkStructured(t failer, path string, s versions) Result {
	t.Helper()
	merge := func(s versions) Result {
		t.Helper()
		r, err := structured(path, []byte(s.base), []byte(s.user), []byte(s.target), testLabels)
		if err != nil {
			t.Fatalf("structured(%s) error: %v\n%s", path, err, s)
		}
		return r
	}
	if r := merge(versions{s.base, s.base, s.target}); string(r.Data) != s.target {
		t.Fatalf("structured(%s) of an untouched file = %q, want forge's\n%s", path, r.Data, s)
	}
	if r := merge(versions{s.base, s.user, s.base}); string(r.Data) != s.user {
		t.Fatalf("structured(%s) without a change of forge's = %q, want the user's\n%s", path, r.Data, s)
	}
	r := merge(s)
	checkConflicts(t, r)
	lines := strings.Count(string(r.Data), "\n")
	if pairs := strings.Count(string(r.Data), "\r\n"); strings.Contains(s.user, "\r\n") && pairs != lines {
		t.Fatalf("structured(%s) has %d of %d lines in CRLF\n%s\nresult:\n%s", path, pairs, lines, s, r.Data)
	}
	left := string(r.Data)
	for line := range strings.Lines(s.user) {
		line = strings.TrimSpace(line)
		if !strings.Contains(strings.ToLower(line), "mine") {
			continue
		}
		before, after, ok := strings.Cut(left, line)
		if !ok {
			t.Fatalf("structured(%s) lost the user's %q\n%s\nresult:\n%s", path, line, s, r.Data)
		}
		left = before + after
	}
	if len(r.Conflicts) == 0 {
		if again := merge(versions{s.target, string(r.Data), s.target}); string(again.Data) != string(r.Data) {
			t.Fatalf("structured(%s) is not stable\n%s\nresult:\n%s\nthen:\n%s", path, s, r.Data, again.Data)
		}
	}
	return r
}

func (s versions) String() string {
	return fmt.Sprintf("base:\n%s\nuser:\n%s\ntarget:\n%s", s.base, s.user, s.target)
}

// checkMeaning reads all files in a simple way of its own, and checks for each
// thing they say that the right side won. The user's side of conflicts counts.
func checkMeaning(t failer, path string, s versions, r Result) {
	t.Helper()
	result := string(r.Data)
	for _, c := range r.Conflicts {
		result = strings.Replace(result, c.marked(testLabels, source{text: result}.newline()), c.User, 1)
	}
	base, user, target, got := says(t, path, s.base), says(t, path, s.user), says(t, path, s.target), says(t, path, result)
	keys := make(map[string]bool)
	for _, side := range []map[string]string{base, user, target, got} {
		for key := range side {
			keys[key] = true
		}
	}
	for key := range keys {
		b, u, t3, g := base[key], user[key], target[key], got[key]
		if strings.Contains(b+u+t3+g, "table") {
			continue // says nothing by itself
		}
		var want []string // any of these
		switch {
		case t3 == b, u == t3:
			want = []string{u}
		case u == b:
			want = []string{t3}
		default:
			want = []string{u}
		}
		want = append(want, exceptions(path, s, base, user, key, t3)...)
		ok := false
		for _, w := range want {
			ok = ok || g == w
		}
		if !ok {
			t.Fatalf("structured(%s) says %q about %s, want one of %q\n%s\nresult:\n%s", path, g, key, want, s, r.Data)
		}
	}
}

// exceptions returns what else a format allows the result to say about key, of
// which target says t.
func exceptions(path string, s versions, base, user map[string]string, key, t string) []string {
	b, u := base[key], user[key]
	switch path {
	case "go.mod":
		switch {
		case u != "" && t != "" && t != b:
			if semver.Compare(u, t) < 0 {
				return []string{t}
			}
			return []string{u}
		case t == "" || u == "" && t != b:
			return []string{t, u} // by what else the user requires
		case u == "":
			// Indirect now, and direct before, or the other way round.
			return []string{t}
		}
	case "go.sum":
		if u == "" || t == "" {
			return []string{t + u} // a union, unless the user has nothing else
		}
	case ".gitignore":
		if u == "" && strings.Contains("\n"+strings.ReplaceAll(s.user, "\r", "")+"\n", "\n!"+key+"\n") {
			return []string{""}
		}
	case "insforge.toml":
		// A key that the user explained, or in a table or array of forge's that
		// the user removed.
		for in := key; in != ""; in = in[:strings.LastIndexAny(in, ".[")] {
			if t == "" || base[in] != "" && user[in] == "" {
				return []string{u}
			}
		}
	case ".env.example":
		// A variable that the user explained, or one only offered before.
		if t == "" || strings.Contains(s.base, "# "+key+"=") {
			return []string{u}
		}
	}
	return nil
}

// says returns what a file says, key by key.
func says(t failer, path, text string) map[string]string {
	t.Helper()
	said := make(map[string]string)
	text = strings.ReplaceAll(text, "\r\n", "\n")
	switch path {
	case "go.mod":
		file, err := modfile.Parse(path, []byte(text), nil)
		if err != nil {
			t.Fatalf("%s does not parse: %v\n%s", path, err, text)
		}
		for _, r := range file.Require {
			if semver.Compare(r.Mod.Version, said[r.Mod.Path]) > 0 {
				said[r.Mod.Path] = r.Mod.Version
			}
		}
		for _, r := range file.Replace {
			said["replace "+r.Old.Path] = r.New.Path
		}
	case "insforge.toml":
		var values map[string]any
		if err := toml.Unmarshal([]byte(text), &values); err != nil {
			t.Fatalf("%s does not parse: %v\n%s", path, err, text)
		}
		flatten(said, "", values)
	default:
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\n ")
			name, value, _ := strings.Cut(line, "=")
			switch {
			case line == "" || line[0] == '#':
			case path == ".env.example":
				said[name] = "=" + value
			default:
				said[line] = "there"
			}
		}
	}
	return said
}

// flatten puts the values of a table under their dotted keys. Strings of arrays
// are keys too, because arrays are sets.
func flatten(said map[string]string, key string, value any) {
	switch value := value.(type) {
	case map[string]any:
		said[key] = "table"
		for name, inner := range value {
			flatten(said, key+"."+name, inner)
		}
	case []any:
		said[key] = "array"
		for _, element := range value {
			said[fmt.Sprintf("%s[%v]", key, element)] = "there"
		}
	default:
		said[key] = fmt.Sprint(value)
	}
}
