package advisor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, name string) string {
	t.Helper()
	sql, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(sql)
}

// What InsForge's own advisor was measured to say about SQL of this shape.
func TestQuickstarts(t *testing.T) {
	tests := []struct {
		name  string
		files []string
		want  []string // besides those of the files before
	}{
		{"todos", []string{"todos.sql"}, []string{"warning missing-rls-index public.todos.user_id"}},
		{"todos and ledger", []string{"todos.sql", "ledger.sql"}, []string{
			"critical rls-permissive public.x402_payments (ledger is public)",
			"warning missing-rls-index public.todos.user_id",
			"info rls-select-only public.x402_payments",
		}},
		{"crm", []string{"todos.sql", "crm.sql"}, []string{
			"warning missing-fk-index public.contacts.contacts_company_id_fkey",
			"warning missing-fk-index public.deals.deals_company_id_fkey",
			"warning missing-fk-index public.deals.deals_contact_id_fkey",
			"warning missing-rls-index public.companies.owner_id",
			"warning missing-rls-index public.contacts.owner_id",
			"warning missing-rls-index public.deals.owner_id",
			"warning missing-rls-index public.todos.user_id",
		}},
		{"notes", []string{"todos.sql", "notes.sql"}, []string{
			"warning missing-fk-index public.notes.notes_user_id_fkey",
			"warning missing-rls-index public.notes.user_id",
			"warning missing-rls-index public.todos.user_id",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var migrations []string
			for _, name := range test.files {
				migrations = append(migrations, read(t, name))
			}
			conn := migrated(t, migrations...)
			if diff := cmp.Diff(test.want, found(t, conn, upstream, schemaScope, dataScope)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// forge's own migrations leave nothing to say on a fresh project. Many projects have
// the same ones, word for word, which run once.
func TestGoldenProjectsAreClean(t *testing.T) {
	folders, err := filepath.Glob("../../golden/*/migrations")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no golden migrations: %v", err)
	}
	ran := map[string]bool{} // by all files
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, file := range files {
			sql, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&all, "%q %q\n", filepath.Base(file), sql)
		}
		if ran[all.String()] {
			continue
		}
		ran[all.String()] = true
		t.Run(filepath.Base(filepath.Dir(folder)), func(t *testing.T) {
			d := database(t)
			if err := d.MigrateAll(t.Context(), os.DirFS(folder)); err != nil {
				t.Fatal(err)
			}
			if got := found(t, connect(t, d.URL), upstream, schemaScope, dataScope, serverScope); got != nil {
				t.Errorf("findings %q, want none", got)
			}
		})
	}
}
