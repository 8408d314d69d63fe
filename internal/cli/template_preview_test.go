package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insforge/forge/internal/prompt"
	"github.com/insforge/forge/templates"
)

// printout is what a command that runs on has printed so far.
type printout struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *printout) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(data)
}

// has waits for text to be printed.
func (p *printout) has(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		p.mu.Lock()
		printed := p.text.String()
		p.mu.Unlock()
		if strings.Contains(printed, text) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%q was not printed:\n%s", text, printed)
		}
	}
}

// TestTemplatePreview_watch: an edit is printed as what it changes in the project, a
// mistake as an error, after which watching goes on until it is interrupted.
func TestTemplatePreview_watch(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "templates")
	if err := os.CopyFS(dir, templates.FS); err != nil {
		t.Fatal(err)
	}
	out, problems := &printout{}, &printout{}
	a := testApp(func(a *app) { a.Out, a.Err = out, problems })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- a.templatePreview(ctx, previewRun{checkout: &checkout{dir: dir}, watch: true}, "kinde")
	}()
	problems.has(t, "watching "+dir)
	out.has(t, "+ internal/auth/verifier.go ")

	file := filepath.Join(dir, "auth", "kinde", "files", "internal", "signin", "kinde.go.tmpl")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(from, to string) {
		t.Helper()
		if !bytes.Contains(good, []byte(from)) {
			t.Fatalf("%s does not say %q", file, from)
		}
		good = bytes.ReplaceAll(good, []byte(from), []byte(to))
		if err := os.WriteFile(file, good, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	edit(`const offlineScope = "offline"`, `const offlineScope = "offline_access"`)
	out.has(t, "-const offlineScope = \"offline\"\n+const offlineScope = \"offline_access\"\n")
	edit("package signin", "package {{ .Sign }}")
	problems.has(t, "can't evaluate field Sign")
	edit("package {{ .Sign }}", "package signin // again")
	out.has(t, "+package signin // again")

	stop()
	if err := <-ended; !errors.Is(err, prompt.ErrInterrupted) {
		t.Errorf("ended with %v, want an interruption", err)
	}
}

// TestLongUpdate: -update is --update for forge template test, as go test has it, and
// nothing else.
func TestLongUpdate(t *testing.T) {
	for _, test := range []struct{ args, want []string }{
		{[]string{"template", "test", "acme", "-update"}, []string{"template", "test", "acme", "--update"}},
		{[]string{"template", "test", "--update"}, []string{"template", "test", "--update"}},
		{[]string{"template", "lint", "-update"}, []string{"template", "lint", "-update"}},
		{[]string{"new"}, []string{"new"}},
	} {
		if got := longUpdate(test.args); !slices.Equal(got, test.want) {
			t.Errorf("%q became %q, want %q", test.args, got, test.want)
		}
	}
}
