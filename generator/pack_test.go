package generator

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const someHash = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

const duoDeclaration = `
name = "Duo"
summary = "s"
docs = "https://duo.example"
credential = "a token"
include = ["_pair"]
[[question]]
key = "duo_kind"
message = "Which?"
type = "select"
default = "small"
choices = [{ value = "small", label = "s" }, { value = "large", label = "l", include = ["_large"] }]
[[env]]
name = "DUO_KEY"
secret = true
pattern = "^dk_[a-z]+$"
shape = "dk_ and letters"
comment = "c"
`

// duo is a pack of one provider on two layers of its own.
func duo(t *testing.T, version string, changes map[string]string) Pack {
	t.Helper()
	files := map[string]string{
		"pack.toml":                          "name = \"duo\"\nversion = \"" + version + "\"\n",
		"auth/_pair/layer.toml":              "",
		"auth/_pair/files/pair/pair.go.tmpl": "package pair\n",
		"auth/_large/layer.toml":             "",
		"auth/_large/files/pair/l.go.tmpl":   "package pair\n",
		"auth/duo/provider.toml":             duoDeclaration,
		"auth/duo/files/duo/duo.go.tmpl":     "package duo\n\nconst name = \"{{ .Name }}\"\n",
		"auth/duo/fragments/README.md.tmpl":  "duo is {{ .Values.duo_kind }}\n",
	}
	return packOf(t, files, changes)
}

func packOf(t *testing.T, files, changes map[string]string) Pack {
	t.Helper()
	maps.Copy(files, changes)
	fsys := fstest.MapFS{}
	for name, data := range files {
		if data != "-" {
			fsys[name] = &fstest.MapFile{Data: []byte(data)}
		}
	}
	p, err := NewPack("pack", someHash, len(fsys), fsys)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// coinage is a pack of a payment provider.
func coinage(t *testing.T, changes map[string]string) Pack {
	t.Helper()
	return packOf(t, map[string]string{
		"pack.toml":                            "name = \"coinage\"\nversion = \"1.0.0\"\n",
		"payment/dime/provider.toml":           "name = \"Dime\"\nsummary = \"s\"\ndocs = \"https://dime.example\"\npackage = \"dime\"\n",
		"payment/dime/files/dime/dime.go.tmpl": "package dime\n",
	}, changes)
}

var duoAnswers = Answers{Name: "shop", Module: "example.com/shop", Auth: "duo", Payments: []string{}, Values: map[string]string{"duo_kind": "large"}}

func TestLoad_packs(t *testing.T) {
	c, err := Load(small(nil), duo(t, "1.0.0", nil), coinage(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.IDs(), " "); got != "acme bolt duo coin dime" {
		t.Errorf("providers are %q, want acme bolt duo coin dime", got)
	}
	for _, q := range c.Questions(Answers{}) {
		if q.Key == "auth" && q.Choices[2].Label != "s (from duo)" {
			t.Errorf("the choice of a pack is %q, want where it comes from", q.Choices[2].Label)
		}
	}
	s, err := c.Resolve(duoAnswers, Numbering{})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := Render(s)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"pair/pair.go": "package pair\n", "pair/l.go": "package pair\n", "duo/duo.go": "package duo\n\nconst name = \"shop\"\n",
		"README.md": "# shop\nduo is large\n", "auth.go": "package main\n",
	} {
		if f := tree.Lookup(path); f == nil || string(f.Data) != want {
			t.Errorf("%s is %v, want %q", path, f, want)
		}
	}
	// The order in which packs are given is nobody's choice.
	other, err := Load(small(nil), coinage(t, nil), duo(t, "1.0.0", nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.IDs(), other.IDs()); diff != "" {
		t.Errorf("in another order:\n%s", diff)
	}
	if used := c.PacksOf(duoAnswers); len(used) != 1 || used[0].Name != "duo" {
		t.Errorf("the packs in use are %v, want duo alone", used)
	}
	// Its secrets are as secret as forge's own.
	if err := c.Check(duoAnswers.Set("duo_kind", "dk_abc")); err == nil || !strings.Contains(err.Error(), "looks like a secret") {
		t.Errorf("a secret of the pack as an answer: %v", err)
	}
}

// TestLoad_packsRefused is what only two packs, or a payment, can do wrong; what
// one pack can is in internal/cli.
func TestLoad_packsRefused(t *testing.T) {
	for _, test := range []struct {
		name  string
		packs []Pack
		want  string
	}{
		{"one name", []Pack{duo(t, "1.0.0", nil), duo(t, "2.0.0", nil)}, "duo:pack.toml: name: two packs have that name: give one of them"},
		{
			"one provider",
			[]Pack{duo(t, "1.0.0", nil), coinage(t, map[string]string{"auth/duo/provider.toml": duoDeclaration})},
			"duo:auth/duo: the pack coinage has a provider of that name: give one of the two packs",
		},
		{"another pack's layer", []Pack{
			duo(t, "1.0.0", nil),
			coinage(t, map[string]string{"auth/trio/provider.toml": "name = \"T\"\nsummary = \"s\"\ndocs = \"https://t.example\"\ncredential = \"a token\"\ninclude = [\"_pair\"]\n"}),
		}, `coinage:auth/trio/provider.toml: include: there is no layer "_pair" beside it`},
		{"another pack's variable", []Pack{
			duo(t, "1.0.0", nil),
			coinage(t, map[string]string{"auth/_trio/layer.toml": "[[env]]\nname = \"DUO_KEY\"\ncomment = \"c\"\n"}),
		}, "duo:auth/duo/provider.toml: env[0]: the pack coinage has a variable DUO_KEY already: choose another name"},
		{"another pack's file", []Pack{
			duo(t, "1.0.0", nil),
			coinage(t, map[string]string{"payment/dime/files/duo/Duo.go.tmpl": "package duo\n"}),
		}, "coinage:payment/dime: writes duo/duo.go, which is of duo:auth/duo already: a pack replaces nothing, choose another path"},
		{"a payment's package", []Pack{coinage(t, map[string]string{
			"payment/dime/provider.toml": "name = \"D\"\nsummary = \"s\"\ndocs = \"https://d.example\"\npackage = \"coin\"\n",
		})}, `coinage:payment/dime/provider.toml: package: "coin" is the package of coin, and a project may have both: choose another`},
		{"a keyword", []Pack{coinage(t, map[string]string{
			"payment/dime/provider.toml": "name = \"D\"\nsummary = \"s\"\ndocs = \"https://d.example\"\npackage = \"func\"\n",
		})}, `coinage:payment/dime/provider.toml: package: "func" is a keyword of Go`},
		{"a doctor's variable of forge", []Pack{duo(t, "1.0.0", map[string]string{
			"auth/duo/provider.toml": duoDeclaration + "[doctor.database]\nurl = \"JWT_SECRET\"\nschema = \"public\"\nread = { users = [\"id; drop table users\"] }\n",
		})}, "duo:auth/duo/provider.toml: doctor.database.url: is JWT_SECRET, which the pack does not declare\n" +
			`duo:auth/duo/provider.toml: doctor.database: "id; drop table users" is not a name of letters, digits and underscores`},
	} {
		_, err := Load(small(nil), test.packs...)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s:\n got %v\nwant %s", test.name, err, test.want)
		}
	}
}

// TestRecord_packs: the record names what was used, is read again, and has the
// schema that an older forge knows that it does not know.
func TestRecord_packs(t *testing.T) {
	pack := duo(t, "1.0.0", nil)
	pack.Source = "../packs/duo"
	c, err := Load(small(nil), pack, coinage(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Resolve(duoAnswers, Numbering{})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := Render(s)
	if err != nil {
		t.Fatal(err)
	}
	record, err := Record(s, tree)
	if err != nil {
		t.Fatal(err)
	}
	text := string(record.Lookup(ManifestPath).Data)
	if !strings.Contains(text, `"schema": 3,`) {
		t.Errorf("the manifest is\n%s", text)
	}
	m, err := ReadManifest(manifestOf(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]PackRecord{{Name: "duo", Version: "1.0.0", Source: "../packs/duo", Hash: someHash}}, m.Packs); diff != "" {
		t.Errorf("the packs on record (-want +got):\n%s", diff)
	}
}

func TestReadManifest_refusesPacks(t *testing.T) {
	for _, test := range []struct{ packs, want string }{
		{`{"name": "../x", "version": "1.0.0", "hash": "` + someHash + `"}`, `pack "../x": a name is lower-case words joined by hyphens`},
		{`{"name": "x", "version": "one", "hash": "` + someHash + `"}`, `pack x: "one" is not a version like 0.1.0`},
		{`{"name": "x", "version": "1.0.0", "hash": "md5"}`, `pack x: "md5" is not a hash like those of go.sum`},
		{`{"name": "x", "version": "1.0.0", "source": "/etc", "hash": "` + someHash + `"}`, `the source "/etc" is neither`},
		{`{"name": "x", "version": "1.0.0", "source": "C:\\x", "hash": "` + someHash + `"}`, `the source "C:\\x" is neither`},
		{`{"name": "x", "version": "1.0.0", "source": "./a/../../b", "hash": "` + someHash + `"}`, `the source "./a/../../b" is neither`},
		{`{"name": "x", "version": "1.0.0", "source": "example.com/x@latest", "hash": "` + someHash + `"}`, `the source "example.com/x@latest" is neither`},
		{`{"name": "x", "version": "1.0.0", "source": "-x@v1.0.0", "hash": "` + someHash + `"}`, `the source "-x@v1.0.0" is neither`},
		{`{"name": "x", "version": "1.0.0", "hash": "` + someHash + `"}, {"name": "x", "version": "1.0.0", "hash": "` + someHash + `"}`, `pack x is recorded twice`},
		{`{"name": "x", "version": "1.0.0", "hash": "` + someHash + `", "run": "rm"}`, `unknown field "run"`},
	} {
		_, err := ReadManifest(manifestOf(fmt.Sprintf(`{"schema": 3, "forge": "0.1.0", "answers": {}, "packs": [%s], "files": []}`, test.packs)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s:\n got %v\nwant %s", test.packs, err, test.want)
		}
	}
}

// TestPlan_renamesOfPacks: a pack's renames count from the pack's version.
func TestPlan_renamesOfPacks(t *testing.T) {
	rename := duoDeclaration + "[[rename]]\nsince = \"1.1.0\"\nfrom = \"duo/duo.go\"\nto = \"duo/two.go\"\n"
	c, err := Load(small(nil), duo(t, "1.1.0", map[string]string{"auth/duo/provider.toml": rename}))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		packs []PackRecord
		want  int
	}{
		{[]PackRecord{{Name: "duo", Version: "1.0.0"}}, 1},
		{[]PackRecord{{Name: "duo", Version: "1.1.0"}}, 0},
		{nil, 0},
	} {
		// The version of forge is another story.
		if got := c.renamesSince(&Manifest{Forge: "9.0.0", Packs: test.packs}); len(got) != test.want {
			t.Errorf("from %v there are the renames %v, want %d", test.packs, got, test.want)
		}
	}
}

// TestBounds: what a template of a pack may do takes its time in proportion to its
// own length, with every function at its worst.
func TestBounds(t *testing.T) {
	s := &Spec{Env: make([]EnvVar, 50)}
	for i := range s.Env {
		s.Env[i].Comment = strings.Repeat("x", maxPackString-1)
	}
	for _, call := range []string{
		`trim .Comment`, `quote .Comment`, `squote .Comment`, `upper .Comment`, `lower .Comment`, `contains "y" .Comment`,
		`default "" .Comment`, `ternary .Comment "" true`, `trimAll "y" .Comment`, `replace "y" "z" .Comment`,
		`hasPrefix "y" .Comment`, `eq .Comment "y"`, `index .Comment 5`, `len .Comment`, `and .Comment .Comment`,
	} {
		text := strings.Repeat("{{ range $.Env }}", 4) + "{{ if " + call + " }}{{ end }}" + strings.Repeat("{{ end }}", 4)
		b := newBounds()
		_, err := b.execute("x", text, s)
		if err == nil || !strings.Contains(err.Error(), "steps") && !strings.Contains(err.Error(), "longer than") {
			t.Errorf("%s in a loop of six million turns: %v, want that it is stopped", call, err)
		}
	}
	for _, text := range []string{
		`{{ replace "x" "xx" .Comment }}`, `{{ quote .Comment .Comment }}`, `{{ trimAll .Comment "xy" }}`,
	} {
		if _, err := newBounds().execute("x", text, s.Env[0]); err == nil || !strings.Contains(err.Error(), "longer than 65536 bytes") {
			t.Errorf("%s: %v, want that it is too long", text, err)
		}
	}
	if out, err := newBounds().execute("x", `{{ range .Env }}{{ if eq .Name "" }}.{{ end }}{{ end }}`, s); err != nil || string(out) != strings.Repeat(".", 50) {
		t.Errorf("got %q, %v", out, err)
	}
}
