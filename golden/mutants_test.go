package golden

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/sqlguard"
)

// mutant is a migration with one thing in it weaker than it should be.
type mutant struct {
	file migrationFile
	what string // line: what -> what instead
	// inBody is set if it is about what a function does, not about who may.
	inBody bool
}

// mutants lists what can go wrong with a migration: each statement left out, and
// each clause that the rules below know, left out or weakened. Statements that
// others need to run at all are not left out, and comments are nobody's wall.
func mutants(t *testing.T, file migrationFile) []mutant {
	t.Helper()
	statements, err := sqlguard.Split(file.sql)
	if err != nil {
		t.Fatal(err)
	}
	var all []mutant
	known := map[string]bool{file.sql: true}
	body := 0 // where that of the function at hand begins, if it is one
	add := func(at int, old, replacement string) {
		sql := file.sql[:at] + replacement + file.sql[at+len(old):]
		if known[sql] || twice.MatchString(replacement) || repeats(replacement) {
			return
		}
		known[sql] = true
		line := 1 + strings.Count(file.sql[:at], "\n")
		all = append(all, mutant{
			migrationFile{file.name, sql},
			fmt.Sprintf("%s:%d: %q -> %q", file.name, line, squeeze(old), squeeze(replacement)),
			at > body,
		})
	}
	for _, s := range statements {
		body = len(file.sql)
		if i := strings.Index(s.Text, "$$"); i >= 0 {
			body = s.Offset + i
		}
		if !needed.MatchString(s.Text) && !mute.MatchString(s.Text) {
			add(s.Offset, s.Text, "select")
		}
		text := masked(s.Text)
		for _, w := range weakenings {
			if !w.in.MatchString(text) {
				continue
			}
			for _, m := range w.part.FindAllStringSubmatchIndex(text, -1) {
				part := s.Text[m[0]:m[1]]
				for _, to := range w.to {
					add(s.Offset+m[0], part, string(w.part.ExpandString(nil, to, text, m)))
				}
				if w.items && len(m) > 2 {
					for _, at := range items(text[m[2]:m[3]]) {
						add(s.Offset+m[2]+at.start, s.Text[m[2]+at.start:m[2]+at.end], "")
					}
				}
			}
		}
		for _, at := range operands(text) {
			old := s.Text[at.start:at.end]
			add(s.Offset+at.start, old, "true")
			add(s.Offset+at.start, old, "false")
		}
	}
	return all
}

var (
	needed = regexp.MustCompile(`^(create (table|schema|or replace function)|alter table \S+\s+add column)`)
	mute   = regexp.MustCompile(`^comment on`)
	twice  = regexp.MustCompile(`anon, anon|authenticated, authenticated|public, public`) // no weaker than once
)

// repeats says whether a value is in a list of values twice, so that the list is
// what it was.
func repeats(list string) bool {
	if !strings.HasPrefix(list, " in (") {
		return false
	}
	values := regexp.MustCompile(quotedItem).FindAllString(list, -1)
	slices.Sort(values)
	return len(slices.Compact(slices.Clone(values))) < len(values)
}

// weakening replaces a part of statements, and takes each item out of the list
// that is the part's first group.
type weakening struct {
	in, part *regexp.Regexp
	to       []string
	items    bool
}

// balanced is the inside of parentheses, three deep.
const balanced = `((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*)`

// A list of roles, columns or rights.
const list = `([\w.]+(?:, [\w.]+)*)`

func weaken(in, part string, to ...string) weakening {
	return weakening{regexp.MustCompile(`(?s)^` + in), regexp.MustCompile(`(?s)` + part), to, false}
}

func shorten(in, part string, to ...string) weakening {
	w := weaken(in, part, to...)
	w.items = true
	return w
}

var weakenings = []weakening{
	weaken("create policy", `\sto `+list, "", "$0, anon", "$0, authenticated", "$0, public"),
	weaken("create policy", `\susing \(`+balanced+`\)`, "", " using (true)", " using (false)"),
	weaken("create policy", `\swith check \(`+balanced+`\)`, "", " with check (true)", " with check (false)"),
	weaken("create policy", `\sfor (select|insert|update|delete)`, " for all"),

	shorten("revoke|alter default privileges", `\sfrom `+list+`$`),
	weaken("revoke all on (all tables|public.p|public.t)", `all on`, "select on", "insert, update, delete on", "select, insert, update, delete on"),
	weaken("revoke all on schema", `all on`, "usage on", "create on"),
	weaken("revoke all on all sequences", `all on`, "usage on", "select, update on"),
	weaken("alter default privileges .* tables", `revoke all`, "revoke select", "revoke insert, update, delete"),
	weaken("alter default privileges .* sequences", `revoke all`, "revoke usage", "revoke select, update"),

	shorten("grant", `grant `+list+` on`),
	shorten("grant", `\sto `+list+`$`, "$0, anon", "$0, authenticated", "$0, public"),
	shorten("grant (insert|update) \\(", `\(`+list+`\)`, "", "($1, id)", "($1, user_id)", "($1, created_at)", "($1, updated_at)"),

	weaken("create (table|index|schema)|alter table \\S+\\s+add column", ` if not exists`, ""),
	weaken("alter table \\S+\\s+add column", ` not null default 0`, " default 0", " not null", " not null default 1"),
	weaken("create or replace function", ` or replace`, ""),
	weaken("create or replace function", `\nset search_path = ''`, "", "\nset search_path = public"),
	weaken("create or replace function", `\nsecurity definer`, ""),
	weaken("create or replace function", `\nsecurity invoker`, "\nsecurity definer"),
	weaken("create or replace function", `\nlanguage \w+\n(stable\n)?set`, "\nsecurity definer$0"),
	weaken("create or replace function", `\nstable`, "", "\nimmutable"),

	// The column of the primary key is not null anyway.
	weaken("create table", `(text|claim +uuid|boolean|timestamptz|numeric\(78, 0\)) +not null`, "$1"),
	weaken("create table", `\n  \w+ +uuid +primary key`, "\n  id uuid not null"),
	weaken("create table", ` default [\w.]+(\(\))?`, ""),
	weaken("create table", `,\s*constraint \w+ (unique|primary key|check) \(`+balanced+`\)`, ""),
	weaken("create table", `check \(`+balanced+`\)`, "check (true)"),
	shorten("create table", `unique \(`+list+`\)`),
	shorten("create table", ` in \((`+quotedItem+`(?:, `+quotedItem+`)*)\)`, " in ($1, 'other')"),
	weaken("create table", `between (\d)`, "between 0"),
	weaken("create table", `(\d+)00`, "${1}01"),
	weaken("create table", `> 0`, ">= 0"),
	shorten("create index", `\(([\w ]+(?:, [\w ]+)*)\)`),
	shorten("create index", ` in \((`+quotedItem+`(?:, `+quotedItem+`)*)\)`),
	weaken("create index", ` nulls first`, ""),
	weaken("create index", `\s+where .*`, ""),
	weaken("create index", ` or .*`, ""),
	weaken("insert", `\son conflict.*`, ""),

	weaken("create trigger", `\swhen \(`+balanced+`\)`, ""),
	weaken("create trigger", `\safter `, " before "),
	weaken("create trigger", `\sbefore `, " after "),
	weaken("create trigger", `\s(insert|update) on (\S+\s+for each row )execute`, " delete on ${2}execute"),

	// What functions do.
	weaken(function, `nullif\(([^,]*), ''\)`, "$1"),
	weaken(function, `->> 'sub'`, "->> 'email'", "->> 'role'"),
	weaken(function, `interval '(\d)`, "interval '-$1", "interval '${1}1"),
	weaken(function, `(?m)^( +|    +set )(\w+)( +)= ([^,()\n]+|now\(\)[^,\n]*|coalesce\([^()]*\))(,?) *$`, "$1$2$3= p.$2$5"),
	weaken(function, `(, |set )(state|reason|updated_at|settlement|answer) = ('[^']*'|now\(\)|null)`, "$1$2 = p.$2"),
	weaken(function, `next_check = now\(\) \+ [^\n]*`, "next_check = p.next_check"),
	weaken(function, `case p\.state when '\w+' then ([^\n]*) else (p\.\w+) end`, "$1", "$2"),
	weaken(function, `power\(2,`, "power(3,"),
	weaken(function, `least\(([\w.]+), (\d+)\)`, "$1", "$2", "least($1, 5)"),
	weaken(function, `\((p_now|p\.\w+ is not null|p\.state = '\w+') or `, "(true or ", "(false or "),
	weaken(function, `order by [\w.]+(?: desc)?(?:, [\w.]+(?: desc)?)*(?: nulls first)?`, ""),
	weaken(function, ` nulls first`, ""),
	weaken(function, `\n +limit \w+`, ""),
	weaken(function, `\n +for update skip locked`, "", "\n for update"),
	weaken(function, `\bt\.(\w+)::text`, "t.$1"),
	weaken(function, `(?m)^(    +'\w+'), +([^\n]+?)(,?) *$`, "$1, null$3"),
	weaken(function, `\n\s+\('\w+', '\w+'\),`, ""),
	weaken(function, `,(\n\s+\('\w+', '\w+'\)\n)`, "\n"),
	weaken(function, `(\n +\('\w+', '\w+')\)\n`, "$1), ('claimed', 'settled'), ('settled', 'failed'), ('failed', 'settled'), ('settled', 'verified')\n"),
	shorten(function, ` in \((`+quotedItem+`(?:, `+quotedItem+`)*)\)`, " in ($1, 'settling')", " in ($1, 'settled')", " in ($1, 'unknown')"),
	weaken(function, `p_claim and p\.state in \(([^()]*)\)`, "p_claim and p.state in ($1, 'failed')"),
	weaken(function, ` in \((`+quotedItem+`(?:, `+quotedItem+`)*)\)`, " in ($1, 'claimed')", " in ($1, 'verified')"),
	weaken(function, `exception when others.*return null;\n`, ""),
	weaken(function, `coalesce\(([\w.]+), ([\w.]+|'[^']*'::jsonb)\)`, "$1", "$2"),
}

const (
	function   = "create or replace function"
	quotedItem = `'\w+'`
)

type span struct{ start, end int }

// items are the parts of a list to cut, so that each leaves a list behind.
func items(list string) []span {
	var cuts []span
	start := 0
	parts := strings.Split(list, ", ")
	if len(parts) == 1 {
		return nil
	}
	for i, part := range parts {
		cut := span{start, start + len(part) + len(", ")}
		if i == len(parts)-1 {
			cut = span{start - len(", "), start + len(part)}
		}
		cuts = append(cuts, cut)
		start += len(part) + len(", ")
	}
	return cuts
}

var (
	condition = regexp.MustCompile(`\b(where|and|or|when|check \(|'won',)\s`)
	bounds    = regexp.MustCompile(`^\s*\d+\b`)
	// A loop whose end is not found is one for two servers at once.
	noCondition = regexp.MustCompile(`^(others then|replace function|found; )`)
	joint       = regexp.MustCompile(`^(?: and | or |\s*\n|;|,| then\b)`)
)

// operands finds what where, and, or and the like are about, in functions and
// checks. Both its being true and its being false weaken something.
func operands(text string) []span {
	if !needed.MatchString(text) {
		return nil
	}
	var found []span
	for _, m := range condition.FindAllStringIndex(text, -1) {
		start := m[1]
		if bounds.MatchString(text[start:]) || noCondition.MatchString(text[start:]) {
			continue
		}
		depth, end := 0, start
		for ; end < len(text); end++ {
			if text[end] == '(' {
				depth++
			}
			if text[end] == ')' {
				if depth--; depth < 0 {
					break
				}
			}
			if depth == 0 && joint.MatchString(text[end:]) {
				break
			}
		}
		if start < end {
			found = append(found, span{start, end})
		}
	}
	return found
}

// masked has spaces in the place of comments, so that nothing else moves.
func masked(text string) string {
	return regexp.MustCompile(`'[^'\n]*'|--[^\n]*`).ReplaceAllStringFunc(text, func(match string) string {
		if match[0] == '\'' {
			return match
		}
		return strings.Repeat(" ", len(match))
	})
}
