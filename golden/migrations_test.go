package golden

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/advisor"
	"github.com/insforge/forge/internal/generations"
	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/sqlguard"
	"github.com/insforge/forge/internal/trial"
)

// TestMigrations runs the migrations of every combination on a clean InsForge
// project: the backend takes them, they are safe to run again, and its advisor
// has nothing to say afterwards. Many combinations have the same ones, word for word,
// which run once.
func TestMigrations(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Postgres; make test runs it")
	}
	ran := map[string]string{} // by the files, the project that ran them
	for _, combo := range trial.Combinations(load(t)) {
		dir := combo.String() // TestGolden holds it to the templates
		files := migrationFiles(t, dir)
		if as := ran[fmt.Sprintf("%q", files)]; as != "" {
			t.Logf("%s has the migrations of %s", dir, as)
			continue
		}
		ran[fmt.Sprintf("%q", files)] = dir
		t.Run(dir, func(t *testing.T) {
			clean := insforgeDatabase(t)
			for _, file := range files {
				checkText(t, file)
				report, err := clean.DryRun(t.Context(), file.sql)
				if err != nil {
					t.Fatal(err)
				}
				if !report.Valid || report.RiskLevel != sqlguard.Safe || report.Error != "" || len(report.RiskFactors) > 0 {
					t.Errorf("%s: the dry run says %+v", file.name, report)
				}
				if err := clean.Migrate(t.Context(), file.name, file.sql); err != nil {
					t.Fatal(err)
				}
			}
			d := migrated(t, dir)
			conn := connect(t, d)
			checkCatalog(t, conn)
			findings, err := advisor.Scan(t.Context(), conn)
			if err != nil {
				t.Error(err)
			}
			for _, f := range findings {
				t.Errorf("the advisor finds %v", f)
			}
			before := state(t, d, conn)
			for _, file := range files {
				if err := d.Apply(t.Context(), file.sql); err != nil {
					t.Fatalf("%s, run again: %v", file.name, err)
				}
			}
			if diff := cmp.Diff(before, state(t, d, conn)); diff != "" {
				t.Errorf("running every migration again (-before +after):\n%s", diff)
			}
		})
	}
}

type migrationFile struct{ name, sql string }

var migrationName = regexp.MustCompile(`^(\d{1,64})_[a-z0-9-]+\.sql$`)

// migrationFiles reads the migrations of the project in dir, in order. Their
// folder holds nothing else: the InsForge CLI stops at any other file.
func migrationFiles(t *testing.T, dir string) []migrationFile {
	t.Helper()
	folder := os.DirFS(filepath.Join(dir, "migrations"))
	entries, err := fs.ReadDir(folder, ".")
	if err != nil || len(entries) == 0 {
		t.Fatalf("%d migrations, %v", len(entries), err)
	}
	var files []migrationFile
	for i, entry := range entries {
		m := migrationName.FindStringSubmatch(entry.Name())
		if m == nil || m[1] != fmt.Sprintf("%04d", i+1) {
			t.Errorf("%s is not what migration %d may be called", entry.Name(), i+1)
		}
		sql, err := fs.ReadFile(folder, entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, migrationFile{entry.Name(), string(sql)})
	}
	return files
}

// checkText is what the text of a migration alone can break.
func checkText(t *testing.T, file migrationFile) {
	t.Helper()
	if err := sqlguard.Check(file.sql); err != nil {
		t.Errorf("%s: the backend refuses it: %v", file.name, err)
	}
	if a := sqlguard.Assess(file.sql); a.Risk != sqlguard.Safe || len(a.Factors) > 0 {
		t.Errorf("%s is a risk: %+v", file.name, a)
	}
	// It casts the ID to uuid, which no sign-in provider's ID is.
	if regexp.MustCompile(`(?i)\bauth\s*\.\s*uid\b`).MatchString(file.sql) {
		t.Errorf("%s mentions auth.uid", file.name)
	}
	if regexp.MustCompile(`(?i)create\s+extension`).MatchString(file.sql) {
		t.Errorf("%s makes an extension", file.name)
	}
	// No claim but these three reaches the database.
	for _, m := range regexp.MustCompile(`jwt\(\)\s*\)?\s*->>?\s*'(\w+)'`).FindAllStringSubmatch(file.sql, -1) {
		if m[1] != "sub" && m[1] != "email" && m[1] != "role" {
			t.Errorf("%s reads the claim %s", file.name, m[1])
		}
	}
}

// offences are queries for what migrations must not leave in a project, as far as
// the catalog can tell and the advisor does not ask. project_admin owns what
// migrations make, and nothing of InsForge's.
var offences = []string{
	`select 'function with a search path: ' || oid::regprocedure from pg_proc
	  where proowner = 'project_admin'::regrole and not coalesce(proconfig @> array['search_path=""'], false)`,
	// A trigger fires with the rights of whoever writes: too few ones to publish, or
	// all those of InsForge.
	`select 'acts as its owner: ' || oid::regprocedure from pg_proc
	  where proowner = 'project_admin'::regrole and prosecdef and prorettype <> 'trigger'::regtype`,
	`select 'users may call: ' || oid::regprocedure from pg_proc
	  where proowner = 'project_admin'::regrole and proname <> 'requesting_user_id'
	    and (has_function_privilege('anon', oid, 'execute') or has_function_privilege('authenticated', oid, 'execute'))`,
	`select 'in a schema of InsForge''s: ' || oid::regclass from pg_class
	  where relowner = 'project_admin'::regrole and relnamespace::regnamespace::text not in ('public', 'better_auth', 'pg_toast')`,
	`select 'trigger on a table of InsForge''s that it does not offer: ' || tgname from pg_trigger join pg_class as c on c.oid = tgrelid
	  where relowner <> 'project_admin'::regrole and tgfoid in (select oid from pg_proc where proowner = 'project_admin'::regrole)
	    and not has_table_privilege('project_admin', c.oid, 'trigger')`,
	`select 'row level security is off: ' || oid::regclass from pg_class
	  where relkind in ('r', 'p') and relowner = 'project_admin'::regrole and not relrowsecurity`,
	`select 'anon has a right to ' || oid::regclass from pg_class
	  where relkind in ('r', 'p', 'v', 'm') and relowner = 'project_admin'::regrole
	    and (has_any_column_privilege('anon', oid, 'select, insert, update, references') or has_table_privilege('anon', oid, 'delete, truncate, trigger'))`,
	`select 'policy for everybody: ' || polname from pg_policy where polroles = '{0}' and polrelid::regclass::text !~ '^storage\.'`,
	`select 'policy that is true for users: ' || polname from pg_policy
	  where (pg_get_expr(polqual, polrelid) = 'true' or pg_get_expr(polwithcheck, polrelid) = 'true')
	    and polroles && array[0, 'anon'::regrole, 'authenticated'::regrole]::oid[]`,
	`select 'update without using or with check: ' || polname from pg_policy
	  where polcmd in ('w', '*') and (polqual is null or polwithcheck is null) and polrelid::regclass::text !~ '^storage\.'`,
	`select 'owner that is no text: ' || attrelid::regclass || '.' || attname from pg_attribute join pg_class as c on c.oid = attrelid
	  where relowner = 'project_admin'::regrole and relkind = 'r' and attname in ('user_id', 'owner_id', 'payer') and atttypid <> 'text'::regtype`,
	`select 'view that shows all rows: ' || oid::regclass from pg_class
	  where relkind = 'v' and relowner = 'project_admin'::regrole and not coalesce(reloptions @> array['security_invoker=true'], false)`,
	`select 'policy on a table of InsForge''s for its clients to write: ' || polname from pg_policy
	  where polrelid in ('realtime.channels'::regclass, 'realtime.messages'::regclass) and polcmd <> 'r'`,
}

func checkCatalog(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for _, query := range offences {
		rows, _ := conn.Query(t.Context(), query) // its error comes again below
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Errorf("%v in\n%s", err, query)
		}
		for _, offence := range found {
			t.Error(offence)
		}
	}
}

// state is all that migrations make: the schema, and the channels.
func state(t *testing.T, d *insforgetest.Database, conn *pgx.Conn) string {
	t.Helper()
	sql, err := d.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var channels string
	err = conn.QueryRow(t.Context(), `select coalesce(jsonb_pretty(jsonb_agg(to_jsonb(c) order by pattern)), '') from realtime.channels as c`).Scan(&channels)
	if err != nil {
		t.Fatal(err)
	}
	return sql + channels
}

// TestUpgrade_schema holds the database of a project that was upgraded against
// that of one written today. An upgrade never edits a migration: it emits the
// changed ones again, so running old and new must end where the new ones alone
// do. A project that had payments removed and added again is no exception.
func TestUpgrade_schema(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Postgres; make test runs it")
	}
	first, third, now := loadFS(t, generations.FS(1)), loadFS(t, generations.FS(3)), load(t)
	paid := trial.Of("clerk", "okx-x402")
	project := func(c *generator.Catalog) string {
		dir := filepath.Join(t.TempDir(), "shop")
		_, target, rec := render(t, c, paid.Answers(c))
		write(t, dir, target, rec)
		return dir
	}
	pay := func(payments string) func(generator.Answers) generator.Answers {
		return func(a generator.Answers) generator.Answers { return a.Set(generator.KeyPayments, payments) }
	}
	schema := func(dir string) string {
		d := migrated(t, dir)
		for _, file := range migrationFiles(t, dir) { // each is safe to run twice
			if err := d.Apply(t.Context(), file.sql); err != nil {
				t.Fatalf("%s, run again: %v", file.name, err)
			}
		}
		sql, err := d.Schema(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return sql
	}
	same := func(what, got, want string) {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-written today +upgraded):\n%s", what, diff)
		}
	}

	today := schema(project(now))
	dir := project(first)
	upgrade(t, now, dir, nil)
	same("from the first release", schema(dir), today)

	upgrade(t, now, dir, pay(generator.None))
	upgrade(t, now, dir, pay("okx-x402"))
	same("payments removed and added again", schema(dir), today)

	dir = project(first)
	upgrade(t, third, dir, nil)
	same("from the first generation to the third", schema(dir), schema(project(third)))
}
