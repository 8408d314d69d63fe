package golden

import (
	"bytes"
	"errors"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/insforge/forge/generator"
)

// userFolder is what a user has made of a project: files of their own, and
// edits to forge's.
const userFolder = "testdata/user"

// userWorks edits the project in dir as the user in userFolder has: routes,
// handlers, configuration, a requirement and a migration of their own, formatted
// as they would, one of forge's test files deleted. It returns what they wrote,
// trimmed and by the path it is at.
func userWorks(t *testing.T, dir string) map[string][]string {
	t.Helper()
	files := os.DirFS(filepath.Join(userFolder, "files"))
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "internal", "httpapi", "me_test.go")); err != nil {
		t.Fatal(err)
	}
	wrote := map[string][]string{}
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, path)
		wrote[path] = written(string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	userEdits(t, dir, "edits.txtar", wrote)
	return wrote
}

// userEdits makes the edits of one file in userFolder and adds them to wrote.
func userEdits(t *testing.T, dir, name string, wrote map[string][]string) {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join(userFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		where, text, _ := strings.Cut(string(f.Data), "\n")
		file := filepath.Join(dir, filepath.FromSlash(f.Name))
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		edited, err := insert(string(data), where, text)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if err := os.WriteFile(file, []byte(edited), 0o644); err != nil { //nolint:gosec // a source file
			t.Fatal(err)
		}
		wrote[f.Name] = append(wrote[f.Name], written(text)...)
	}
	for path := range wrote {
		if strings.HasSuffix(path, ".go") {
			gofmt(t, filepath.Join(dir, filepath.FromSlash(path)))
		}
	}
}

// insert puts text into data after, before or at the end, as where says.
func insert(data, where, text string) (string, error) {
	verb, anchor, _ := strings.Cut(where, " ")
	if verb == "end" {
		return data + text, nil
	}
	var out strings.Builder
	found := 0
	for line := range strings.Lines(data) {
		match := squeeze(line) == squeeze(anchor)
		if match && verb == "before" {
			out.WriteString(text)
		}
		out.WriteString(line)
		if match && verb == "after" {
			out.WriteString(text)
		}
		if match {
			found++
		}
	}
	if found != 1 {
		return "", errors.New("has the line " + anchor + " not once")
	}
	return out.String(), nil
}

// squeeze makes a line comparable whatever gofmt does to its alignment.
func squeeze(line string) string { return strings.Join(strings.Fields(line), " ") }

// written are the lines of text that say something.
func written(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if squeezed := squeeze(line); len(squeezed) > 1 {
			lines = append(lines, squeezed)
		}
	}
	return lines
}

func gofmt(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	formatted, err := format.Source(data)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if err := os.WriteFile(file, formatted, 0o644); err != nil { //nolint:gosec // a source file
		t.Fatal(err)
	}
}

// hasAll reports what of wrote is no longer in dir. moved are files the
// templates have renamed.
func hasAll(t *testing.T, dir string, wrote map[string][]string, moved map[string]string) {
	t.Helper()
	for path, lines := range wrote {
		if to, ok := moved[path]; ok {
			path = to
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			t.Error(err)
			continue
		}
		have := map[string]bool{}
		for line := range bytes.Lines(data) {
			have[squeeze(string(line))] = true
		}
		for _, line := range lines {
			if !have[line] {
				t.Errorf("%s has lost the user's line %q", path, line)
			}
		}
	}
}

// upgrade brings the project in dir to the answers that change makes of the
// recorded ones, with the templates of c, as forge upgrade and forge add do.
func upgrade(t testing.TB, c *generator.Catalog, dir string, change func(generator.Answers) generator.Answers) {
	t.Helper()
	u := plan(t, c, dir, change)
	if conflicts := u.Plan.Conflicts(); len(conflicts) > 0 {
		for _, conflict := range conflicts {
			t.Errorf("%s: %s\n%s", conflict.Path, conflict.Conflict.Reason, conflict.Marked(generator.Labels{}))
		}
		t.FailNow()
	}
	if err := generator.Apply(t.Context(), dir, u.Plan, u.Record, nil); err != nil {
		t.Fatal(err)
	}
}

// plan is what upgrade carries out.
func plan(t testing.TB, c *generator.Catalog, dir string, change func(generator.Answers) generator.Answers) *generator.Upgrade {
	t.Helper()
	p, err := generator.OpenProject(dir)
	if err != nil {
		t.Fatal(err)
	}
	answers := p.Manifest.Answers
	if change != nil {
		answers = change(answers)
	}
	answers, _ = c.Carry(answers)
	for _, q := range c.Questions(answers) {
		if _, ok := answers.Get(q.Key); !ok {
			answers = answers.Set(q.Key, q.Default)
		}
	}
	s, err := c.Resolve(answers, p.Numbering)
	if err != nil {
		t.Fatal(err)
	}
	target, err := p.Render(s)
	if err != nil {
		t.Fatal(err)
	}
	u, err := p.Plan(s, target, false)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
