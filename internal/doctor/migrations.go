package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/insforge/forge/internal/sqlguard"
)

const migrationsDir = "migrations"

const (
	checkFiles    = "migration files"
	checkApplied  = "applied migrations"
	checkUnedited = "unedited migrations"

	applyAll = "npx @insforge/cli db migrations up --all"
)

// What the InsForge CLI takes (CLI: lib/migrations.ts).
var (
	digits        = regexp.MustCompile(`^[0-9]{1,64}$`)
	migrationName = regexp.MustCompile(`^([0-9]{1,64})_([a-z0-9-]+)\.sql$`)
)

// migrationFile is a file that the CLI takes for a migration.
type migrationFile struct {
	file          string // its name in the folder
	version, name string // the version without leading zeros
	sql           string
	renamed       bool // by a fix that was given
}

func (f migrationFile) path() string { return migrationsDir + "/" + f.file }

// is says that f was applied as m, though it may have been edited since.
func (f migrationFile) is(m migration) bool { return f.version == m.Version && f.name == m.Name }

// isAsApplied says that f was applied as m and says the same now.
func (f migrationFile) isAsApplied(m migration) bool {
	return f.is(m) && normal(f.sql) == normal(strings.Join(m.Statements, ";\n"))
}

// migrationFiles is the folder, in the order of the numbers.
type migrationFiles struct {
	list []migrationFile
	// problems is what makes the CLI or the backend refuse, or that nothing does.
	problems []Check
	// highest is the highest number of the folder, the ledger and the fixes that
	// were given.
	highest string
}

// readMigrations reads the folder as `db migrations up --all` does, which gives
// up at the first entry that is no migration.
func readMigrations(project fs.FS, ledger []migration) *migrationFiles {
	m := &migrationFiles{highest: "0"}
	entries, err := fs.ReadDir(project, migrationsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.problem("migrations/ cannot be read: "+err.Error(), "make migrations/ a folder that you can read")
		return m
	}
	for _, entry := range entries {
		m.add(project, entry, ledger)
	}
	slices.SortStableFunc(m.list, func(a, b migrationFile) int { return compare(a.version, b.version) })
	for _, f := range m.list {
		m.highest = f.version // they are in order
	}
	for _, a := range ledger {
		if compare(a.Version, m.highest) > 0 {
			m.highest = a.Version
		}
	}
	for i := 1; i < len(m.list); i++ {
		a, b := &m.list[i-1], &m.list[i]
		if a.version != b.version {
			continue
		}
		stray := b
		if slices.ContainsFunc(ledger, b.is) {
			stray = a
		}
		m.problem(fmt.Sprintf("%s and %s have the same number, so the CLI applies nothing", a.path(), b.file), m.rename(stray))
	}
	if m.problems == nil {
		m.problems = []Check{ok(checkFiles, fmt.Sprintf("%s, which the CLI and the backend take", count(len(m.list), "file")))}
	}
	return m
}

func (m *migrationFiles) add(project fs.FS, entry fs.DirEntry, ledger []migration) {
	file := entry.Name()
	match := migrationName.FindStringSubmatch(file)
	if match == nil {
		fix := "move it out of migrations/, or remove it"
		if better := betterName(file); better != "" && !entry.IsDir() {
			fix = fmt.Sprintf("mv %s %s", quote(migrationsDir+"/"+file), migrationsDir+"/"+better)
		}
		m.problem(fmt.Sprintf("migrations/%s is not named NUMBER_name-with-hyphens.sql, so the CLI applies nothing", file), fix)
		return
	}
	f := migrationFile{file: file, version: canonical(match[1]), name: match[2]}
	data, err := fs.ReadFile(project, f.path())
	if err != nil {
		m.problem(f.path()+" cannot be read: "+err.Error(), "make it a file that you can read, or move it out of migrations/")
		return
	}
	f.sql = string(data)
	m.list = append(m.list, f)
	if slices.ContainsFunc(ledger, f.isAsApplied) {
		return // the backend has taken it, and parsing it takes its time
	}
	var refusal *sqlguard.Error
	switch err := sqlguard.Check(f.sql); {
	case errors.As(err, &refusal):
		for _, v := range refusal.Violations {
			what := v.Message
			if v.Detail != "" {
				what += " (" + v.Detail + ")"
			}
			m.problem(fmt.Sprintf("%s:%s: the backend refuses it: %s", f.path(), v.Position, what), v.Fix)
		}
	case err != nil:
		m.problem(f.path()+" cannot be checked: "+err.Error(), "report it as a bug of forge")
	}
}

func (m *migrationFiles) problem(detail, fix string) {
	m.problems = append(m.problems, failed(checkFiles, detail, fix))
}

// rename is the command that gives f the next number.
func (m *migrationFiles) rename(f *migrationFile) string {
	f.renamed, m.highest = true, next(m.highest)
	zeros := strings.Repeat("0", max(0, strings.IndexByte(f.file, '_')-len(m.highest)))
	return fmt.Sprintf("mv %s %s/%s%s_%s.sql", f.path(), migrationsDir, zeros, m.highest, f.name)
}

// betterName is what a file was meant to be called, "" if nobody can tell.
func betterName(file string) string {
	stem, isSQL := strings.CutSuffix(strings.ToLower(file), ".sql")
	number, name, found := strings.Cut(stem, "_")
	if !isSQL || !found {
		return ""
	}
	better := number + "_" + strings.Trim(strings.NewReplacer("_", "-", " ", "-", ".", "-").Replace(name), "-") + ".sql"
	if !migrationName.MatchString(better) {
		return ""
	}
	return better
}

// applied compares the folder with what was applied.
func (p *project) applied(files *migrationFiles) []Check {
	if skip, unmet := unmade(checkApplied, &p.apiKey); unmet {
		return []Check{skip}
	}
	var all []Check
	report := func(make func(name, detail, fix string) Check, detail, fix string) {
		all = append(all, make(checkApplied, detail, fix))
	}
	head := "0"
	names := map[string]string{}
	for _, m := range p.ledger {
		names[m.Version] = m.Name
		if compare(m.Version, head) > 0 {
			head = m.Version
		}
	}
	var pending []string
	local := map[string]bool{}
	for i := range files.list {
		f := &files.list[i]
		name, isApplied := names[f.version]
		local[f.version] = true
		switch {
		case f.renamed:
		case !isApplied && compare(f.version, head) > 0:
			pending = append(pending, f.file)
		case !isApplied:
			report(failed, fmt.Sprintf("%s was never applied, and is older than %s, which was: the CLI refuses it, and all others with it", f.path(), head),
				files.rename(f)+", or delete it if nobody needs it any more")
		case name != f.name:
			report(failed, fmt.Sprintf("%s will never be applied: number %s was, as %s", f.path(), f.version, p.secrets.quoted(name)),
				files.rename(f))
		}
	}
	if pending != nil {
		report(failed, "not applied yet: "+strings.Join(pending, ", "), applyAll)
	}
	for _, m := range p.ledger {
		if !local[m.Version] {
			report(warning, fmt.Sprintf("%s_%s was applied, and is not in migrations/: a new project would lack it", m.Version, p.secrets.quoted(m.Name)),
				"npx @insforge/cli db migrations fetch")
		}
	}
	if all == nil {
		all = append(all, ok(checkApplied, fmt.Sprintf("%s, as many as there are, and nothing else", count(len(p.ledger), "migration"))))
	}
	return all
}

// unedited compares the text of files with what was applied under their number.
// The project keeps statements and no checksum, so comments and white space
// between them tell nothing.
func (p *project) unedited(files *migrationFiles) []Check {
	if skip, unmet := unmade(checkUnedited, &p.apiKey); unmet {
		return []Check{skip}
	}
	var all []Check
	compared := 0
	for _, m := range p.ledger {
		i := slices.IndexFunc(files.list, func(f migrationFile) bool { return f.is(m) })
		if i < 0 || len(m.Statements) == 0 {
			continue
		}
		compared++
		f := files.list[i]
		if f.isAsApplied(m) {
			continue
		}
		all = append(all, warning(checkUnedited, f.path()+" does not say what was applied"+difference(f.sql, m.Statements)+": the database keeps the old text, a new project gets the new one",
			fmt.Sprintf("put the change into a new migration, and take %s back to what was applied: remove it, then npx @insforge/cli db migrations fetch", f.file)))
	}
	switch {
	case all != nil:
	case compared == 0:
		all = append(all, ok(checkUnedited, "nothing is applied yet that a file could differ from"))
	default:
		all = append(all, ok(checkUnedited, fmt.Sprintf("%s with the statements that were applied", count(compared, "file"))))
	}
	return all
}

// difference says where a file first differs from the statements that were applied.
func difference(sql string, applied []string) string {
	statements, err := sqlguard.Split(sql)
	if err != nil {
		return ""
	}
	for i, s := range statements {
		if i >= len(applied) || normal(s.Text) != normal(applied[i]) {
			return fmt.Sprintf(", from line %d on", s.Line)
		}
	}
	return ", which had more statements"
}

// canonical is a version without leading zeros, as the CLI compares them.
func canonical(version string) string {
	if version = strings.TrimLeft(version, "0"); version == "" {
		return "0"
	}
	return version
}

// compare orders canonical versions.
func compare(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func next(version string) string {
	n, _ := new(big.Int).SetString(version, 10) // it is digits
	return n.Add(n, big.NewInt(1)).String()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// quote makes one word of a POSIX shell command.
func quote(word string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_./-]+$`).MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
