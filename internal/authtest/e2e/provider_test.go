package e2e_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/authtest"
)

// TestJ25_oneProvider: two providers could call different people by one ID, so there is
// one in a project: nobody can ask for two, one type in the project verifies, and what
// the others sign is refused.
func TestJ25_oneProvider(t *testing.T) {
	each(t, "J25", func(t *testing.T, p authtest.Profile) {
		s := sharedSite(t, p)
		for _, other := range profiles {
			if other.ID == p.ID {
				continue
			}
			claims := sharedSite(t, other).fresh()
			theirs, here := sharedSite(t, other).issuer.Token(claims), s.issuer.Token(claims.With("sub", s.Subject))
			s.refused(t,
				attempt{name: other.ID + "'s", header: bearer(theirs), why: "key not found"},
				attempt{name: other.ID + "'s claims by our key", header: bearer(here), why: "invalid"})
		}
	})
	t.Run("answers", func(t *testing.T) {
		var answers generator.Answers
		if err := json.Unmarshal([]byte(`{"name":"shop","module":"example.com/shop","auth":["clerk","auth0"]}`), &answers); err == nil {
			t.Errorf("two providers are taken: %+v", answers)
		}
	})
	for id, g := range projects {
		t.Run("verifiers of "+id, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(g.dir, "internal", "auth", "*.go"))
			if err != nil {
				t.Fatal(err)
			}
			var verifiers []string
			for _, file := range files {
				parsed, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, 0)
				if err != nil {
					t.Fatal(err)
				}
				for _, declared := range parsed.Decls {
					f, ok := declared.(*ast.FuncDecl)
					if ok && f.Recv != nil && f.Name.Name == "Verify" && !strings.HasSuffix(file, "_test.go") {
						verifiers = append(verifiers, filepath.Base(file))
					}
				}
			}
			if !slices.Equal(verifiers, []string{"verifier.go"}) {
				t.Errorf("credentials are verified in %q", verifiers)
			}
		})
	}
}
