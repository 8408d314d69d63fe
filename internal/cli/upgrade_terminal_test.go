//go:build unix

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// edit is what a user has changed in a project of generation 1, each in a line
// that generation 2 changes too.
var edits = map[string][2]string{ //nolint:gochecknoglobals // a table, never written
	"cmd/server/run.go":          {"slog.NewJSONHandler(logs, nil)", "slog.NewTextHandler(logs, nil)"},
	"internal/httpapi/health.go": {"var running sync.WaitGroup", "var running ours.WaitGroup"},
	"internal/httpapi/json.go":   {`case answer.Code == "42501": //`, `case answer.Code == "42501", ours: //`},
	"internal/httpapi/routes.go": {"signedIn(handleInsForgeToken(d.Minter, d.Log))", "signedIn(ours(d.Minter))"},
}

// edited is a project of generation 1 with edits in files, committed.
func edited(t *testing.T, files ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	must(t, filepath.Dir(dir), "forge1", "new", "shop", "--auth", "clerk", "--payments", "none", "--defaults")
	for _, name := range files {
		change := edits[name]
		before := read(t, dir, name)
		if strings.Count(before, change[0]) != 1 {
			t.Fatalf("%s has %q not once", name, change[0])
		}
		after := strings.Replace(before, change[0], change[1], 1)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	must(t, dir, "git", "init", "-q")
	must(t, dir, "git", "add", "--all")
	must(t, dir, "git", "commit", "-q", "-m", "Commit")
	return dir
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// unchanged fails unless git finds dir as it was committed.
func unchanged(t *testing.T, dir string) {
	t.Helper()
	if out := must(t, dir, "git", "status", "--porcelain", "--ignored"); out != "" {
		t.Errorf("the project has changed:\n%s", out)
	}
}

// resolving is an editor that asks the user for a line, which goes to the end of
// the file, and leaves the markers in the first time.
const resolving = `
file=$1
if grep -q '^// by hand$' "$file"; then
	printf 'again in %s: ' "$(basename "$file")"
	awk '/^<<<<<<< /{next} /^\|\|\|\|\|\|\| /{drop=1} /^=======$/{drop=0; next} /^>>>>>>> /{next} !drop' "$file" > "$file.new"
	mv "$file.new" "$file"
else
	printf 'first in %s: ' "$(basename "$file")"
fi
read -r line
echo "// $line" >> "$file"
`

// withEditor gives cmd an editor that is a shell script.
func withEditor(t *testing.T, cmd *exec.Cmd, script string) *exec.Cmd {
	t.Helper()
	file := filepath.Join(t.TempDir(), "editor.sh")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(cmd.Env, "EDITOR=sh "+file)
	return cmd
}

// TestUpgrade_fileByFile decides each of four conflicts in another way.
func TestUpgrade_fileByFile(t *testing.T) {
	t.Parallel()
	dir := edited(t, "cmd/server/run.go", "internal/httpapi/health.go", "internal/httpapi/json.go", "internal/httpapi/routes.go")
	s := start(t, withEditor(t, command(t, dir, "forge2", "upgrade"), resolving))
	s.answer("Container image", "\r")
	s.sees("internal/httpapi/codec.go: you and the templates changed the same lines")
	s.answer("4 files need your decision", "\r")

	s.sees("cmd/server/run.go (1 of 4): you and the templates changed the same lines")
	s.sees("log := slog.New(httpapi.LogHandler(slog.NewTextHandler(logs, nil)))")
	s.sees("log := slog.New(httpapi.LogHandler(slog.NewJSONHandler(logs, &slog.HandlerOptions")
	s.answer("What about cmd/server/run.go?", down+"\r") // keep

	s.answer("What about internal/httpapi/codec.go?", down+down+"\r") // take

	// A long diff is shortened.
	s.sees(" more lines")
	s.answer("What about internal/httpapi/health.go?", down+down+down+"\r") // edit
	s.sees("first in health.go: ")
	s.types("by hand\r")
	s.answer("There are conflict markers left.", down+down+down+"\r")
	s.sees("again in health.go: ")
	s.types("done\r")

	s.answer("What about internal/httpapi/routes.go?", "\r") // markers
	s.answer("Write these changes?", "\r")
	if code := s.wait(); code != exitConflicts {
		t.Fatalf("exit code %d, want %d\n%s", code, exitConflicts, s.text())
	}
	<-s.drawn
	if !strings.Contains(s.text(), "forge: conflicts wait for you to resolve them in 1 file:") {
		t.Errorf("the screen does not say what is left:\n%s", s.text())
	}
	if got := read(t, dir, "cmd/server/run.go"); !strings.Contains(got, "NewTextHandler") || strings.Contains(got, "cfg.LogLevel") {
		t.Errorf("run.go is not the user's:\n%s", got)
	}
	if got := read(t, dir, "internal/httpapi/codec.go"); strings.Contains(got, ", ours:") || !strings.Contains(got, "57014") {
		t.Errorf("codec.go is not forge's:\n%s", got)
	}
	health := read(t, dir, "internal/httpapi/health.go")
	if !strings.HasSuffix(health, "// by hand\n// done\n") || strings.Contains(health, "<<<<<<<") {
		t.Errorf("health.go is not what the editor left:\n%s", health)
	}
	if got := read(t, dir, "internal/httpapi/routes.go"); strings.Count(got, "<<<<<<< yours\n") != 1 {
		t.Errorf("routes.go has no markers:\n%s", got)
	}
	out := s.stdout.String()
	if want := "The same without questions, but for what you decided file by file:\n" +
		"  forge upgrade --set image=registry.example.com/shop\n"; !strings.HasSuffix(out, want) {
		t.Errorf("standard output does not end with %q:\n%s", want, out)
	}
	if strings.Contains(out, "?") || strings.Contains(out, "\x1b") {
		t.Errorf("a prompt went to standard output:\n%q", out)
	}
}

// TestUpgrade_allAlike decides two conflicts in one go.
func TestUpgrade_allAlike(t *testing.T) {
	t.Parallel()
	for choice, keys := range map[string]string{"markers": down, "keep": down + down, "take": down + down + down} {
		t.Run(choice, func(t *testing.T) {
			t.Parallel()
			dir := edited(t, "cmd/server/run.go", "internal/httpapi/routes.go")
			s := start(t, command(t, dir, "forge2", "upgrade", "--defaults"))
			s.answer("2 files need your decision", keys+"\r")
			s.answer("Write these changes?", "\r")
			code, want := s.wait(), exitDone
			if choice == "markers" {
				want = exitConflicts
			}
			if code != want {
				t.Fatalf("exit code %d, want %d\n%s", code, want, s.text())
			}
			line := "The same without questions:\n  forge upgrade --set image=registry.example.com/shop --conflict=" + choice + "\n"
			if out := s.stdout.String(); !strings.HasSuffix(out, line) {
				t.Errorf("standard output does not end with %q:\n%s", line, out)
			}
		})
	}
}

func TestUpgrade_editorFails(t *testing.T) {
	t.Parallel()
	dir := edited(t, "internal/httpapi/routes.go")
	s := start(t, withEditor(t, command(t, dir, "forge2", "upgrade", "--defaults"), "exit 1"))
	s.answer("What about internal/httpapi/routes.go?", down+down+down+"\r")
	s.answer("forge: the editor failed: exit status 1 (VISUAL or EDITOR names another one)", down+"\r")
	s.answer("Write these changes?", "\r")
	if code := s.wait(); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, s.text())
	}
	if got := read(t, dir, "internal/httpapi/routes.go"); !strings.Contains(got, "ours(") {
		t.Errorf("routes.go is not the user's:\n%s", got)
	}
}

// TestUpgrade_interrupted stops at each question in each way there is.
func TestUpgrade_interrupted(t *testing.T) {
	t.Parallel()
	dir := edited(t, "cmd/server/run.go", "internal/httpapi/routes.go")
	questions := []struct{ prompt, answer string }{
		{"Container image", "\r"},
		{"2 files need your decision", "\r"},
		{"What about cmd/server/run.go?", "\r"},
		{"What about internal/httpapi/routes.go?", "\r"},
		{"Write these changes?", ""},
	}
	for at, q := range questions {
		keys := map[string]string{"Ctrl-C": ctrlC, "Ctrl-D": ctrlD}
		if q.answer == "" {
			keys["no"] = "n\r"
		}
		for name, key := range keys {
			t.Run(q.prompt+" "+name, func(t *testing.T) {
				t.Parallel()
				s := start(t, command(t, dir, "forge2", "upgrade"))
				for _, before := range questions[:at] {
					s.answer(before.prompt, before.answer)
				}
				s.answer(q.prompt, key)
				if code := s.wait(); code != exitInterrupted {
					t.Errorf("exit code %d, want %d\n%s", code, exitInterrupted, s.text())
				}
				<-s.drawn
				if !strings.Contains(s.text(), "forge: interrupted; nothing was written") {
					t.Errorf("the screen does not say so:\n%s", s.text())
				}
				unchanged(t, dir)
			})
		}
	}
}

// TestUpgrade_silent is a terminal on which there is nothing to ask.
func TestUpgrade_silent(t *testing.T) {
	t.Parallel()
	dir := edited(t)
	s := start(t, command(t, dir, "forge2", "upgrade", "--defaults"))
	if code := s.wait(); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, s.text())
	}
	<-s.drawn
	if text := strings.TrimSpace(s.text()); text != "" {
		t.Errorf("said on the terminal:\n%s", text)
	}
	if out := s.stdout.String(); strings.Contains(out, "The same without questions") {
		t.Errorf("nothing was asked:\n%s", out)
	}
}

// TestNew_inTheWay decides about a file of the user's that forge new would write.
func TestNew_inTheWay(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".dockerignore"), []byte("ours\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := start(t, command(t, dir, "forge", "new", ".", "--auth", "clerk", "--defaults"))
	s.sees(".dockerignore (1 of 1): a different file of yours is there")
	s.sees("From yours to forge's:")
	s.answer("What about .dockerignore?", down+"\r")
	s.answer("Write these files?", "\r")
	if code := s.wait(); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, s.text())
	}
	if got := read(t, dir, ".dockerignore"); got != "ours\n" {
		t.Errorf(".dockerignore is not the user's:\n%s", got)
	}
	if out := s.stdout.String(); !strings.Contains(out, "--conflict=keep\n") {
		t.Errorf("standard output leaves out --conflict=keep:\n%s", out)
	}
}
