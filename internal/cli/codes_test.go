package cli

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/git"
	"github.com/insforge/forge/internal/pack"
	"github.com/insforge/forge/internal/pay"
	"github.com/insforge/forge/internal/prompt"
)

// sampleErrors has one of every error that forge declares, by package and name, with
// the code that programs get to see.
func sampleErrors() map[string]struct {
	err  error
	code string
} {
	type sample = struct {
		err  error
		code string
	}
	other := errors.New("other")
	return map[string]sample{
		"generator.ProviderError":   {&generator.ProviderError{Err: other}, "bad_templates"},
		"generator.AnswerError":     {&generator.AnswerError{}, "bad_answers"},
		"generator.MissingError":    {&generator.MissingError{}, "missing_answers"},
		"generator.RenderError":     {&generator.RenderError{Err: other}, "render_failed"},
		"generator.CollisionError":  {&generator.CollisionError{}, "path_collision"},
		"generator.StaleError":      {&generator.StaleError{}, "stale"},
		"generator.LinkError":       {&generator.LinkError{}, "symbolic_link"},
		"generator.ObstacleError":   {&generator.ObstacleError{Path: "a"}, "obstacle"},
		"generator.OutsideError":    {&generator.OutsideError{}, "outside_root"},
		"generator.ApplyError":      {&generator.ApplyError{Err: other}, "write_failed"},
		"generator.NewerError":      {&generator.NewerError{}, "newer_project"},
		"generator.LostError":       {&generator.LostError{Paths: []string{"a"}}, "record_lost"},
		"generator.UnresolvedError": {&generator.UnresolvedError{Paths: []string{"a"}}, "unresolved"},
		"generator.EditedError":     {&generator.EditedError{Paths: []string{"a"}}, "edited_since"},
		"generator.ErrNoProject":    {generator.ErrNoProject, "no_project"},
		"generator.ErrBusy":         {generator.ErrBusy, "busy"},
		"generator.ErrPending":      {generator.ErrPending, "conflicts_wait"},
		"git.Error":                 {&git.Error{}, "git_failed"},
		"git.ErrNone":               {git.ErrNone, "git_failed"},
		"pack.ErrNoGo":              {pack.ErrNoGo, "pack_unavailable"},
		"pack.ErrUnreachable":       {pack.ErrUnreachable, "pack_unavailable"},
		"pack.ErrMismatch":          {pack.ErrMismatch, "pack_mismatch"},
		"pack.ProblemError":         {&pack.ProblemError{}, "pack_refused"},
		"pay.ModeError":             {&pay.ModeError{}, "bad_key"},
		"pay.ErrPassword":           {pay.ErrPassword, "bad_key"},
		"pay.RedirectError":         {&pay.RedirectError{}, "payment_refused"},
		"pay.ErrUnknownAsset":       {pay.ErrUnknownAsset, "payment_refused"},
		"pay.PendingError":          {&pay.PendingError{}, "payment_open"},
		"prompt.ErrInterrupted":     {prompt.ErrInterrupted, "interrupted"},
		"prompt.ErrNotTerminal":     {prompt.ErrNotTerminal, "no_terminal"},
		"cli.usageError":            {usageError{other}, "usage"},
		"cli.hinted":                {hinted{usageError{other}, "hint"}, "usage"},
		"cli.codedError":            {codedError{other, codeTarget}, "target_in_use"},
		"cli.interruption":          {interruption{"left"}, "interrupted"},
		"cli.conflictsError":        {conflictsError{"two", []string{"a: both"}}, "conflicts"},
		"cli.dirtyError":            {dirtyError{[]string{"a"}}, "uncommitted_changes"},
		"cli.missingAnswersError":   {missingAnswersError{{Key: "auth"}}, "missing_answers"},
		"cli.editedSinceError":      {editedSinceError{&generator.EditedError{Paths: []string{"a"}}}, "edited_since"},
		"cli.errDrift":              {errDrift, "drift"},
		"cli.errUnhealthy":          {errUnhealthy, "unhealthy"},
		"cli.errFindings":           {errFindings, "findings"},
	}
}

func TestEndings_everyErrorHasACode(t *testing.T) {
	samples := sampleErrors()
	for _, declared := range declaredErrors(t, "../../generator", "../git", "../pack", "../pay", "../prompt", ".") {
		if _, ok := samples[declared]; !ok {
			t.Errorf("%s is an error without a code: give it one in codes.go, and a sample here", declared)
		}
	}
	a := testApp()
	for name, sample := range samples {
		// As errors come: wrapped, and beside others.
		for _, err := range []error{sample.err, fmt.Errorf("while writing: %w", sample.err), errors.Join(sample.err)} {
			f := a.failure(err)
			if f.Code != sample.code {
				t.Errorf("%s: code %q, want %q", name, f.Code, sample.code)
			}
			for _, p := range f.Problems {
				if p.Code != sample.code || p.Message == "" && sample.err.Error() != "" {
					t.Errorf("%s: problem %+v", name, p)
				}
			}
			if len(f.Problems) == 0 {
				t.Errorf("%s: no problem", name)
			}
		}
	}
}

// declaredErrors lists the types with a method Error, those that embed error, and
// the variables whose names begin with Err, of the packages in folders.
func declaredErrors(t *testing.T, folders ...string) []string {
	t.Helper()
	var found []string
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", folder, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if name := errorIn(n); name != "" && !slices.Contains(found, file.Name.Name+"."+name) {
					found = append(found, file.Name.Name+"."+name)
				}
				return true
			})
		}
	}
	// What has a small letter is nothing that another package could tell apart.
	return slices.DeleteFunc(found, func(name string) bool {
		pkg, name, _ := strings.Cut(name, ".")
		return pkg != "cli" && !ast.IsExported(name)
	})
}

func errorIn(n ast.Node) string {
	switch n := n.(type) {
	case *ast.FuncDecl:
		if n.Name.Name == "Error" && n.Recv != nil {
			at := n.Recv.List[0].Type
			if star, ok := at.(*ast.StarExpr); ok {
				at = star.X
			}
			return at.(*ast.Ident).Name
		}
	case *ast.TypeSpec:
		if s, ok := n.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				if id, ok := f.Type.(*ast.Ident); ok && id.Name == "error" && f.Names == nil {
					return n.Name.Name
				}
			}
		}
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if strings.HasPrefix(strings.ToLower(name.Name), "err") && len(name.Name) > 3 && i < len(n.Values) {
				return name.Name
			}
		}
	}
	return ""
}

func TestEndings_areAContract(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range endings() {
		if seen[e.Code] || e.Meaning == "" || strings.ToLower(e.Code) != e.Code || strings.ContainsAny(e.Code, " -") {
			t.Errorf("%+v is no ending of its own", e)
		}
		seen[e.Code] = true
	}
	for name, test := range map[string]struct {
		err  error
		code string
		exit int
	}{
		"conflicts that wait":             {pending([]string{"a"}), "conflicts_wait", 3},
		"a command that there is not":     {errors.New(`unknown command "build" for "forge"`), "usage", 2},
		"an interruption, whatever else":  {codedError{context.Canceled, codeTarget}, "interrupted", 130},
		"a file that an end came between": {&generator.ApplyError{Err: context.Canceled}, "interrupted", 130},
		"an answers file":                 {codedError{&generator.ProviderError{Err: errors.New("x")}, codeAnswersFile}, "answers_file", 2},
		"anything":                        {errors.New("x"), "failed", 1},
	} {
		if got := endingOf(test.err); got.Code != test.code || got.Exit != test.exit {
			t.Errorf("%s: %s, exit %d, want %s, exit %d", name, got.Code, got.Exit, test.code, test.exit)
		}
	}
}
