// Windows has no names for most of these files.

//go:build unix

package cli

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// packAttack is something a pack must not do.
type packAttack struct {
	name string
	// change makes the pack in dir do it.
	change func(t *testing.T, dir string)
	// want are the problems that forge prints, without "forge: ".
	want []string
}

const (
	kindred     = "auth/kindred/"
	declaration = kindred + "provider.toml"
	signin      = kindred + "files/internal/signin/kindred.go.tmpl"
)

// put adds a file to the pack, or replaces one.
func put(name, data string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// declare adds lines to the end of the provider's declaration.
func declare(lines string) func(*testing.T, string) { return grow(declaration, lines) }

func grow(name, lines string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		put(name, string(data)+lines)(t, dir)
	}
}

// swap changes a line of a file.
func swap(name, from, to string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), from) {
			t.Fatalf("%s has no %q", name, from)
		}
		put(name, strings.Replace(string(data), from, to, 1))(t, dir)
	}
}

func noErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func packAttacks() []packAttack {
	const functions = "and, or, not, eq, ne, lt, le, gt, ge, len, index, contains, default, hasPrefix, hasSuffix, lower, quote, replace, squote, ternary, trim, trimAll, trimPrefix, trimSuffix, upper"
	const plain = "not, eq, ne, and, or"
	at := func(file string) string { return "acme:" + file + ": " }
	env := func(name string) string {
		return "\n[[env]]\nname = \"" + name + "\"\ncomment = \"c\"\n"
	}
	return []packAttack{
		// What a pack is.
		{
			"no declaration of the pack", func(t *testing.T, dir string) { noErr(t, os.Remove(filepath.Join(dir, "pack.toml"))) },
			[]string{"PACK: is no template pack: it has no pack.toml at its top, which says name and version"},
		},
		{
			"a name that escapes", put("pack.toml", "name = \"../acme\"\nversion = \"1.0.0\"\n"),
			[]string{`PACK: pack.toml: name: "../acme" is not lower-case words joined by hyphens`},
		},
		{
			"a name that drives the terminal", put("pack.toml", "name = \"a\\u001b[2J\"\nversion = \"1\\u202e0\"\n"),
			[]string{`PACK: pack.toml: name: "a\x1b[2J" is not lower-case words joined by hyphens`, `PACK: pack.toml: version: "1\u202e0" is not a version like 0.1.0`},
		},
		{
			"keys that forge does not know", put("pack.toml", "name = \"acme\"\nversion = \"1.0.0\"\nrun = \"rm -rf /\"\n"),
			[]string{"PACK: pack.toml:3: run: unknown key"},
		},
		{
			"a base of its own", put("base/files/main.go.tmpl", "package main\n"),
			[]string{"acme:base: is forge's alone: a pack adds providers, and every project keeps forge's base"},
		},
		{
			"a catalog of its own", put("catalog.toml", "version = \"9.0.0\"\n"),
			[]string{"acme:catalog.toml: is forge's alone: a pack adds providers, and every project keeps forge's base"},
		},
		{
			"nothing in it", func(t *testing.T, dir string) { noErr(t, os.RemoveAll(filepath.Join(dir, "auth"))) },
			[]string{"acme:.: has neither auth/ nor payment/: a pack has one folder for each provider in one of them"},
		},

		// What forge has.
		{
			"a provider of forge's", put("auth/clerk/provider.toml", "name = \"Clerk\"\n"),
			[]string{"acme:auth/clerk: forge has a provider of that name, and a pack replaces nothing: choose another name"},
		},
		{
			"an ID of the other kind", put("payment/clerk/provider.toml", "name = \"Clerk\"\n"),
			[]string{"acme:payment/clerk: forge has a provider of that name, and a pack replaces nothing: choose another name"},
		},
		{
			"a shared layer of forge's", put("auth/_jwks/layer.toml", ""),
			[]string{"acme:auth/_jwks: forge has a layer of that name, and a pack replaces nothing: choose another name"},
		},
		{
			"a file of the base", put(kindred+"files/internal/httpapi/routes.go.tmpl", "package httpapi\n"),
			[]string{at("auth/kindred") + "writes internal/httpapi/routes.go, which is of base already: a pack replaces nothing, choose another path"},
		},
		{
			"a file of a layer in another case", put(kindred+"files/internal/auth/Minter.go.tmpl", "package auth\n"),
			[]string{at("auth/kindred") + "writes internal/auth/minter.go, which is of auth/_common already: a pack replaces nothing, choose another path"},
		},
		{
			"a file of a payment", put(kindred+"files/internal/payment/okx/config.go.tmpl", "package okx\n"),
			[]string{at("auth/kindred") + "writes internal/payment/okx/config.go, which is of payment/okx-x402 already: a pack replaces nothing, choose another path"},
		},
		{
			"a migration of forge's", put(kindred+"files/migrations/09_todos.sql.tmpl", "drop table todos;\n"),
			[]string{at("auth/kindred") + "writes migration todos, which is of auth/_common already: a pack replaces nothing, choose another path"},
		},
		{
			"a rename of forge's files", declare("\n[[rename]]\nsince = \"0.0.1\"\nfrom = \"internal/auth/auth.go\"\nto = \"internal/auth/gone.go\"\n"),
			[]string{at(declaration) + "rename[0]: internal/auth/auth.go is a file of forge's own (auth/_common), which a pack cannot rename"},
		},
		{
			"a question of forge's", declare("\n[[question]]\nkey = \"production_url\"\nmessage = \"m\"\ntype = \"input\"\n"),
			[]string{at(declaration) + `question[1]: forge has a question "production_url" already: choose another key`},
		},
		{
			"a variable of forge's", declare(env("INSFORGE_API_KEY")),
			[]string{at(declaration) + "env[4]: forge has a variable INSFORGE_API_KEY already: choose another name"},
		},
		{
			"a variable of other programs", declare(env("LD_PRELOAD")),
			[]string{at(declaration) + "env[4]: LD_PRELOAD means something to other programs: choose another name"},
		},
		{
			"a question for a secret", declare("\n[[question]]\nkey = \"kindred_client_secret\"\nmessage = \"m\"\ntype = \"input\"\n"),
			[]string{at(declaration) + `question[1]: "kindred_client_secret" asks for the secret KINDRED_CLIENT_SECRET, and answers are written into the project: let the variable alone ask for it`},
		},
		{
			"a question for a secret of forge's", declare("\n[[question]]\nkey = \"insforge-api-key\"\nmessage = \"m\"\ntype = \"input\"\n"),
			[]string{at(declaration) + `question[1]: "insforge-api-key" asks for the secret INSFORGE_API_KEY, and answers are written into the project: let the variable alone ask for it`},
		},

		// Where it writes.
		{
			"a hook of git", put(kindred+"files/.git/hooks/pre-commit.tmpl", "#!/bin/sh\n"),
			[]string{at(kindred+"files/.git/hooks/pre-commit.tmpl") + ".git/hooks/pre-commit: is git's own"},
		},
		{
			"forge's record", put(kindred+"files/.forge/manifest.json.tmpl", "{}\n"),
			[]string{at(kindred+"files/.forge/manifest.json.tmpl") + "writes .forge/manifest.json, and names that begin with a dot are for other programs: choose another"},
		},
		{
			"a workflow", put(kindred+"files/.github/workflows/evil.yml.tmpl", "on: push\n"),
			[]string{at(kindred+"files/.github/workflows/evil.yml.tmpl") + "writes .github/workflows/evil.yml, and names that begin with a dot are for other programs: choose another"},
		},
		{
			"more of a workflow", put(kindred+"fragments/.github/workflows/ci.yml.tmpl", "  evil:\n"),
			[]string{at(kindred+"fragments/.github/workflows/ci.yml.tmpl") + "a pack cannot add to .github/workflows/ci.yml: only to AGENTS.md, Makefile, README.md, insforge.toml"},
		},
		{
			"the user's secrets", put(kindred+"files/.env.tmpl", "A=b\n"),
			[]string{at(kindred+"files/.env.tmpl") + "writes .env at the top of the project, where files are forge's and the user's: put it in a folder"},
		},
		{
			"a Makefile that comes first", put(kindred+"files/GNUmakefile.tmpl", "test:\n"),
			[]string{at(kindred+"files/GNUmakefile.tmpl") + "writes GNUmakefile at the top of the project, where files are forge's and the user's: put it in a folder"},
		},
		{
			"settings of an editor", put(kindred+"files/internal/.vscode/tasks.json.tmpl", "{}\n"),
			[]string{at(kindred+"files/internal/.vscode/tasks.json.tmpl") + "writes internal/.vscode/tasks.json, and names that begin with a dot are for other programs: choose another"},
		},
		{
			"vendored modules", put(kindred+"files/vendor/modules.txt.tmpl", "# x\n"),
			[]string{at(kindred+"files/vendor/modules.txt.tmpl") + "writes vendor/modules.txt, and vendor/ is not a provider's: choose another folder"},
		},
		{
			"a module in the module", put(kindred+"files/internal/x/go.mod.tmpl", "module x\n"),
			[]string{at(kindred+"files/internal/x/go.mod.tmpl") + "writes internal/x/go.mod, and a project is one module: list the modules it needs as [[require]]"},
		},
		{
			"a file that is no template", put(kindred+"files/internal/x/x.bin", "x"),
			[]string{at(kindred+"files/internal/x/x.bin") + "is no template: its name has to end in .tmpl"},
		},

		// Names and kinds of files.
		{"a symbolic link", func(t *testing.T, dir string) {
			noErr(t, os.Symlink("/etc/passwd", filepath.Join(dir, kindred, "files/internal/signin/passwd.tmpl")))
		}, []string{"PACK: " + kindred + "files/internal/signin/passwd.tmpl: is a symbolic link: put a copy of the file there"}},
		{"a folder that is a link", func(t *testing.T, dir string) {
			noErr(t, os.Symlink("/etc", filepath.Join(dir, kindred, "files/etc")))
		}, []string{"PACK: " + kindred + "files/etc: is a symbolic link: put a copy of the file there"}},
		{"a hard link", func(t *testing.T, dir string) {
			noErr(t, os.Link(filepath.Join(dir, "pack.toml"), filepath.Join(dir, kindred, "files/x.tmpl")))
		}, []string{
			"PACK: pack.toml: has other names on this disk (hard links), so that it may be another's: put a copy there",
			"PACK: " + kindred + "files/x.tmpl: has other names on this disk (hard links), so that it may be another's: put a copy there",
		}},
		{"a pipe", func(t *testing.T, dir string) {
			noErr(t, syscall.Mkfifo(filepath.Join(dir, kindred, "files/pipe.tmpl"), 0o600))
		}, []string{"PACK: " + kindred + "files/pipe.tmpl: is a named pipe: a pack holds regular files alone"}},
		{"a socket", func(t *testing.T, dir string) {
			t.Chdir(filepath.Join(dir, kindred))
			l, err := net.Listen("unix", "s.tmpl")
			noErr(t, err)
			t.Cleanup(func() { l.Close() })
		}, []string{"PACK: " + kindred + "s.tmpl: is a socket: a pack holds regular files alone"}},
		{
			"a backslash", put(kindred+`files/..\..\x.tmpl`, "x\n"),
			[]string{"PACK: " + `"` + kindred + `files/..\\..\\x.tmpl": its name has a backslash, which parts folders on Windows: rename it`},
		},
		{
			"a drive", put(kindred+"files/C:/x.tmpl", "x\n"),
			[]string{"PACK: " + kindred + "files/C:: is no path below the pack: rename it"},
		},
		{
			"a control character", put(kindred+"files/a\x1b[2Jb.tmpl", "x\n"),
			[]string{"PACK: " + `"` + kindred + `files/a\x1b[2Jb.tmpl": its name has other characters than printable ASCII: rename it`},
		},
		{
			"a turn of the writing in a name", put(kindred+"files/a\u202elmt.tmpl", "x\n"),
			[]string{"PACK: " + `"` + kindred + `files/a\u202elmt.tmpl": its name has other characters than printable ASCII: rename it`},
		},
		{
			"a name that is no UTF-8", put(kindred+"files/a\xff.tmpl", "x\n"),
			[]string{"PACK: " + `"` + kindred + `files/a\xff.tmpl": its name has other characters than printable ASCII: rename it`},
		},
		{
			"a device of Windows", put(kindred+"files/internal/aux.go.tmpl", "package x\n"),
			[]string{"PACK: " + kindred + `files/internal/aux.go.tmpl: its name cannot be used everywhere ("aux" disallowed as path element component on Windows): rename it`},
		},
		{
			"a dot at the end", put(kindred+"files/internal/x./y.tmpl", "x\n"),
			[]string{"PACK: " + kindred + "files/internal/x.: its name cannot be used everywhere (trailing dot in path element): rename it"},
		},
		{
			"names that differ in case", put(kindred+"files/internal/signin/Kindred.go.tmpl", "package signin\n"),
			[]string{"PACK: " + kindred + "files/internal/signin/kindred.go.tmpl: differs from " + kindred + "files/internal/signin/Kindred.go.tmpl only in case, and many disks ignore that: rename one of them"},
		},
		{
			"a deep tree", put(kindred+strings.Repeat("a/", 12)+"x.tmpl", "x\n"),
			[]string{"PACK: " + kindred + strings.Repeat("a/", 10) + "a/a: is deeper than 12 folders: move it up"},
		},
		{
			"a long path", put(kindred+strings.Repeat("a", 190), "x\n"),
			[]string{"PACK: " + kindred + strings.Repeat("a", 27) + "...: its path is longer than 200 bytes: shorten it"},
		},

		// Sizes.
		{
			"a large file", put(kindred+"files/internal/x/x.tmpl", strings.Repeat("x", 1<<20+1)),
			[]string{"PACK: " + kindred + "files/internal/x/x.tmpl: is larger than 1048576 bytes: a template is smaller"},
		},
		{"a file without end", func(t *testing.T, dir string) {
			put(kindred+"files/internal/x/x.tmpl", "")(t, dir)
			noErr(t, os.Truncate(filepath.Join(dir, kindred, "files/internal/x/x.tmpl"), 1<<40)) // it takes no space
		}, []string{"PACK: " + kindred + "files/internal/x/x.tmpl: is larger than 1048576 bytes: a template is smaller"}},
		{"many large files", func(t *testing.T, dir string) {
			for i := range 9 {
				put(fmt.Sprintf("%sfiles/internal/x/%d.tmpl", kindred, i), strings.Repeat("x", 1<<20))(t, dir)
			}
		}, []string{"PACK: is larger than 8388608 bytes altogether: a pack holds templates alone"}},
		{"a huge tree", func(t *testing.T, dir string) {
			for i := range 2001 {
				put(fmt.Sprintf("%sfiles/internal/x/%d.tmpl", kindred, i), "x\n")(t, dir)
			}
		}, []string{"PACK: has more than 2000 files and folders: a pack holds templates alone"}},

		// What templates cost.
		{
			"a loop over a number", grow(signin, "{{ range 1000000000 }}{{ end }}\n"),
			[]string{at(signin) + "{{range 1000000000}}: a pack's templates loop over the project's data alone, such as .Payments"},
		},
		{
			"a loop over a variable", grow(signin, "{{ $n := 1000000000 }}{{ range $n }}{{ end }}\n"),
			[]string{at(signin) + "{{range $n}}: a pack's templates loop over the project's data alone, such as .Payments"},
		},
		{
			"a loop over the dot", grow(signin, "{{ with 1000000000 }}{{ range . }}{{ end }}{{ end }}\n"),
			[]string{at(signin) + "{{range .}}: a pack's templates loop over the project's data alone, such as .Payments"},
		},
		{
			"loops in loops", grow(signin, strings.Repeat("{{ range $.Env }}", 12)+strings.Repeat("{{ end }}", 12)+"\n"),
			[]string{"rendering the templates: rendering acme:" + signin + ": the pack's templates take more than 1000000 steps: their loops are too long"},
		},
		{
			"a long list", grow(signin, "{{ range until 1000000000 }}{{ end }}\n"),
			[]string{at(signin) + "calls until, which templates of packs may not: they have " + functions},
		},
		{
			"repetition", grow(signin, "{{ repeat 1000000000 \"x\" }}\n"),
			[]string{at(signin) + "calls repeat, which templates of packs may not: they have " + functions},
		},
		{
			"a wide number", grow(signin, "{{ printf \"%1000000000d\" 1 }}\n"),
			[]string{at(signin) + "calls printf, which templates of packs may not: they have " + functions},
		},
		{
			"recursion", grow(signin, "{{ define \"x\" }}{{ template \"x\" }}{{ end }}{{ template \"x\" }}\n"),
			[]string{at(signin) + "defines a template or a block: write it where it is used"},
		},
		{
			"a block", grow(signin, "{{ block \"x\" . }}{{ end }}\n"),
			[]string{at(signin) + "defines a template or a block: write it where it is used"},
		},
		{
			"a template of itself", grow(signin, "{{ template \"acme:"+signin+"\" . }}\n"),
			[]string{at(signin) + "calls a template: write it where it is used"},
		},
		{
			"its own fragments", put(kindred+"fragments/README.md.tmpl", "{{ fragments }}\n"),
			[]string{at(kindred+"fragments/README.md.tmpl") + "calls fragments, which templates of packs may not: they have " + functions},
		},
		{
			"the environment", grow(signin, "{{ env \"HOME\" }}\n"),
			[]string{at(signin) + "calls env, which templates of packs may not: they have " + functions},
		},
		{
			"a function of its counter", grow(signin, "{{ packStep -1000000000 }}\n"),
			[]string{at(signin) + "calls packStep, which templates of packs may not: they have " + functions},
		},
		{
			"a method", grow(signin, "{{ .Set \"auth\" \"clerk\" }}\n"),
			[]string{at(signin) + `.Set "auth" "clerk": calls a method, which templates of packs may not`},
		},
		{
			"a string that doubles", grow(signin, "{{ $x := \"x\" }}{{ range .Env }}{{ range $.Env }}{{ $x = replace \"x\" \"xx\" $x }}{{ end }}{{ end }}\n"),
			[]string{"rendering the templates: rendering acme:" + signin + ": a string in it is longer than 65536 bytes"},
		},
		{
			"a large output", grow(signin, "{{ range .Env }}{{ range $.Env }}{{ range $.Env }}"+strings.Repeat("x", 10_000)+"{{ end }}{{ end }}{{ end }}\n"),
			[]string{"rendering the templates: rendering acme:" + signin + ": it writes more than 1048576 bytes"},
		},
		{
			"a loop in a default", swap(declaration, `"{{ .Name }}"`, `"{{ range 1000000000 }}{{ end }}shop"`),
			[]string{at(declaration) + "question[0].default: has a loop: a text of a declaration is one sentence after the other"},
		},
		{
			"a function in a step", swap(declaration, "Select Add", "{{ printf `%1000000000d` 1 }}Select Add"),
			[]string{at(declaration) + "step[0].text: calls printf, which templates of packs may not: they have " + plain},
		},
		{
			"a pattern that grows", declare("\n[[env]]\nname = \"KINDRED_X\"\ncomment = \"c\"\npattern = '^" + strings.Repeat(".{900}", 9) + "$'\nshape = \"s\"\n"),
			[]string{at(declaration) + "env[4].pattern: the pattern is too large: repeat less in it"},
		},
		{
			"patterns of any number", declare(strings.Repeat("\n[[env]]\nname = \"KINDRED_X\"\ncomment = \"c\"\nshape = \"s\"\npattern = '"+strings.Repeat(".{999}", 1000)+"'\n", 100)),
			[]string{at(declaration) + "is larger than 65536 bytes: a declaration is smaller"},
		},
		{
			"large patterns in one declaration", declare(strings.Repeat("\n[[env]]\nname = \"KINDRED_X\"\ncomment = \"c\"\nshape = \"s\"\npattern = '"+strings.Repeat(".{999}", 500)+"'\n", 3)),
			[]string{
				at(declaration) + "env[4].pattern: the pattern is too large: repeat less in it",
				at(declaration) + "env[5].pattern: the pattern is too large: repeat less in it",
				at(declaration) + "env[6].pattern: the pattern is too large: repeat less in it",
			},
		},
		{
			"providers of any number", func(t *testing.T, dir string) {
				for i := range 51 {
					put(fmt.Sprintf("payment/p%d/provider.toml", i), "")(t, dir)
				}
			},
			[]string{"acme:payment: has more than 50 folders: make several packs of it"},
		},
		{
			"a long example", declare("\n[[env]]\nname = \"KINDRED_X\"\ncomment = \"c\"\nexample = \"" + strings.Repeat("x", 1025) + "\"\n"),
			[]string{at(declaration) + "env[4].example: is longer than 1024 bytes"},
		},

		// What readers do not see.
		{
			"a turn of the writing in code", grow(signin, "// \u202e\n"),
			[]string{at(signin) + "line 41 has U+202E, which nobody sees: leave it out, or write it escaped"},
		},
		{
			"a turn of the writing in a string", grow(signin, "{{ \"\\u202e\" }}\n"),
			[]string{at(signin) + "has a string with U+202E, which nobody sees"},
		},
		{
			"bytes that are no text", put(kindred+"files/internal/x/x.tmpl", "\xff\xfe\n"),
			[]string{at(kindred+"files/internal/x/x.tmpl") + "is not UTF-8: a pack holds text alone"},
		},
		{
			"a second line in an example", declare("\n[[env]]\nname = \"KINDRED_X\"\ncomment = \"c\"\nexample = \"a\\nINSFORGE_URL=https://evil.example\"\n"),
			[]string{at(declaration) + "env[4].example: has U+000A, which nobody sees or which breaks the line: leave it out"},
		},
		{
			"an escape code in a text", swap(declaration, "Select Add", `\u001b[2JSelect Add`),
			[]string{at(declaration) + "step[0].text: has U+001B, which nobody sees or which breaks the line: leave it out"},
		},

		// What forge doctor sends where.
		{
			"a secret in an address", swap(declaration, "/.well-known/jwks", "/{{ .KINDRED_CLIENT_SECRET }}"),
			[]string{at(declaration) + "doctor.jwks: takes KINDRED_CLIENT_SECRET, which is a secret: it would go to whoever has the address"},
		},
		{
			"a secret of forge's in an address", swap(declaration, "/.well-known/jwks", "/{{ .INSFORGE_API_KEY }}"),
			[]string{at(declaration) + "doctor.jwks: takes INSFORGE_API_KEY, which the pack does not declare: a pack's addresses have its own variables alone"},
		},
		{
			"all variables in an address", swap(declaration, "/.well-known/jwks", "/{{ . }}"),
			[]string{at(declaration) + "doctor.jwks: takes ., and a text of a declaration names what it needs, such as .Name"},
		},

		// Modules.
		{
			"another version", declare("\n[[require]]\nmodule = \"github.com/golang-jwt/jwt/v5\"\nversion = \"v5.2.0\"\n"),
			[]string{at(declaration) + "require[0]: github.com/golang-jwt/jwt/v5 v5.2.0, and forge has v5.3.1: one version serves all, require that"},
		},
		{
			"another version in the lock", swap(kindred+"modules.lock", "require github.com/golang-jwt/jwt/v5 v5.3.1", "require github.com/golang-jwt/jwt/v5 v5.2.0"),
			[]string{
				at(kindred+"modules.lock") + "requires github.com/golang-jwt/jwt/v5 v5.2.0, and forge has v5.3.1: one version serves all; forge template modules writes the file anew",
				at(kindred+"modules.lock") + "requires github.com/golang-jwt/jwt/v5 v5.2.0 without its sum: forge template modules writes the file anew",
			},
		},
		{
			"a sum that is not forge's", swap(kindred+"modules.lock", "h1:kYf8", "h1:KYf8"),
			[]string{at(kindred+"modules.lock") + "github.com/golang-jwt/jwt/v5 v5.3.1 has the sum h1:KYf81DTWFe7t+1VvL7eS+jKFVWaUnK9cB1qbwn63YCY=, and forge has another: one of them was tampered with"},
		},
		{
			"a module without a sum", grow(kindred+"modules.lock", "require example.com/evil v1.0.0\n"),
			[]string{at(kindred+"modules.lock") + "requires example.com/evil v1.0.0 without its sum: forge template modules writes the file anew"},
		},
		{
			"a module that is not locked", declare("\n[[require]]\nmodule = \"example.com/evil\"\nversion = \"v1.0.0\"\n"),
			[]string{at(declaration) + "require[0]: example.com/evil v1.0.0 is not in modules.lock beside it: forge template modules writes the file anew"},
		},
		{
			"a newer module in the graph", grow(kindred+"modules.lock", "sum github.com/golang-jwt/jwt/v5 v5.9.0/go.mod h1:fxCRLWMO43lRc8nhHWY6LGqRcf+1gQWArsqaEUEa5bE=\n"),
			[]string{at(kindred+"modules.lock") + "github.com/golang-jwt/jwt/v5 v5.9.0 is newer than the v5.3.1 that forge has: require modules that get by with that, or wait for a forge that has it"},
		},
		{
			"a replaced module", grow(kindred+"modules.lock", "replace github.com/golang-jwt/jwt/v5 => ./evil\n"),
			[]string{at(kindred + "modules.lock")[:len(at(kindred+"modules.lock"))-2] + ":5: is no go, require, pin, implies or sum line"},
		},
	}
}
