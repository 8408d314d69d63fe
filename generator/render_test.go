package generator

import (
	"errors"
	"strings"
	"testing"
)

func resolved(t *testing.T, changes map[string]string, a Answers, n Numbering) *Spec {
	t.Helper()
	c, err := Load(small(changes))
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Resolve(a, n)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var acmeCoin = Answers{
	Name: "shop", Module: "example.com/shop", Auth: "acme",
	Payments: []string{"coin"}, Values: map[string]string{"price": "0.5"},
}

func TestRender(t *testing.T) {
	tree, err := Render(resolved(t, nil, acmeCoin, Numbering{}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"README.md":                "# shop\nacme by Acme\ncoin costs 0.5\n",
		"auth.go":                  "package main\n",
		"go.mod":                   "module example.com/shop\n\ngo 1.26\n",
		"main.go":                  "package main\n\nfunc main() {}\n",
		"migrations/0001_a.sql":    "select 1;\n",
		"migrations/0002_coin.sql": "select 0.5;\n",
	}
	for f := range tree.All() {
		if want[f.Path] != string(f.Data) {
			t.Errorf("%s is %q, want %q", f.Path, f.Data, want[f.Path])
		}
		delete(want, f.Path)
	}
	for path := range want {
		t.Errorf("%s was not rendered", path)
	}
}

func TestRender_leavesUnchosenOut(t *testing.T) {
	a := acmeCoin
	a.Payments, a.Values = []string{}, nil
	tree, err := Render(resolved(t, nil, a, Numbering{}))
	if err != nil {
		t.Fatal(err)
	}
	for f := range tree.All() {
		if strings.Contains(string(f.Data), "coin") || strings.Contains(f.Path, "coin") || f.Path == "bolt.go" {
			t.Errorf("%s has traces of a provider that was not chosen", f.Path)
		}
	}
}

// recorded is a project of five migrations, one of which is forge's.
func recorded(name, text string) Numbering {
	f := File{Data: []byte(text)}
	return Numbering{Recorded: map[string]Migration{"a": {Path: migrationsDir + name, SHA256: f.SHA256()}}, Highest: 5}
}

// TestRender_numbersMigrations checks the rule that a number, once given, stays.
func TestRender_numbersMigrations(t *testing.T) {
	for _, c := range []struct {
		name string
		n    Numbering
		want []string
	}{
		{"fresh", Numbering{}, []string{"0001_a.sql", "0002_coin.sql"}},
		{"beside others", NumberingOf([]string{"0007_users.sql", "README.md", "003_x.sql"}), []string{"0008_a.sql", "0009_coin.sql"}},
		{"beside timestamps", NumberingOf([]string{"20260101120000_users.sql"}), []string{"20260101120001_a.sql", "20260101120002_coin.sql"}},
		{"recorded", recorded("0001_a.sql", "select 1;\n"), []string{"0001_a.sql", "0006_coin.sql"}},
		{"recorded and changed since", recorded("0001_a.sql", "select 0;"), []string{"0006_a.sql", "0007_coin.sql"}},
	} {
		tree, err := Render(resolved(t, nil, acmeCoin, c.n))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range c.want {
			if tree.Lookup("migrations/"+name) == nil {
				t.Errorf("%s: no migrations/%s", c.name, name)
			}
		}
	}
}

func TestRender_refuses(t *testing.T) {
	for _, fault := range []struct{ name, file, data, want string }{
		{"missing key", "base/files/x.tmpl", "{{ .Values.colour }}", `rendering base/files/x.tmpl: template: base/files/x.tmpl:1:10`},
		{"unknown field", "base/files/x.tmpl", "a\n{{ .Colour }}", `base/files/x.tmpl:2:3`},
		{"not Go", "base/files/x.go.tmpl", "package", "rendering base/files/x.go.tmpl: x.go:"},
		{"empty", "base/files/x.tmpl", "{{ if false }}x{{ end }}", "the file would be empty"},
		{"two layers, one path", "auth/acme/files/main.go.tmpl", "package main\n", "main.go is produced twice: by base and by auth/acme"},
		{"stray fragment", "auth/acme/fragments/NOTES.md.tmpl", "x", "rendering auth/acme/fragments/NOTES.md.tmpl: no template of that path says {{ fragments }}"},
		{"no clock", "base/files/x.tmpl", "{{ now }}", `function "now" not defined`},
		{"no environment", "base/files/x.tmpl", `{{ env "HOME" }}`, `function "env" not defined`},
		{"no randomness", "base/files/x.tmpl", `{{ randAlpha 5 }}`, `function "randAlpha" not defined`},
	} {
		_, err := Render(resolved(t, map[string]string{fault.file: fault.data}, acmeCoin, Numbering{}))
		if err == nil || !strings.Contains(err.Error(), fault.want) {
			t.Errorf("%s:\n got %v\nwant %s", fault.name, err, fault.want)
		}
	}
}

func TestResolve_refuses(t *testing.T) {
	c, err := Load(small(nil))
	if err != nil {
		t.Fatal(err)
	}
	with := func(key, value string) Answers { return acmeCoin.Set(key, value) }
	for _, fault := range []struct {
		answers Answers
		want    string
	}{
		{with("auth", "acne"), `--auth: unknown "acne", did you mean "acme"? (choices: acme, bolt)`},
		{with("payments", "coin,gold"), `--payments: unknown "gold" (choices: coin)`},
		{with("module", "Example.com/shop"), `--module: "Example.com/shop" is not a Go module path like example.com/shop: invalid char`},
		{with("module", "shop shop"), `--module: "shop shop" is not a Go module path like example.com/shop`},
		{with("module", "example.com/internal/shop"), `"internal", which has a meaning of its own to the Go tool`},
		{with("module", "/etc"), `--module: "/etc" is not a Go module path`},
		{with("name", "go"), `--name: "go" has a meaning of its own to the Go tool`},
		{with("name", "internal"), `--name: "internal" has a meaning`},
		{with("name", ".."), `--name: ".." is not lower-case letters`},
		{with("name", "/etc"), `--name: "/etc" is not lower-case letters`},
		{with("name", "con"), `--name: "con" cannot name a folder on Windows`},
		{with("name", "shоp"), "has characters outside ASCII"}, // a Cyrillic o
		{with("price", "free"), `--set price: "free" is not a decimal number`},
		{with("prise", "1"), `--set prise: there is no such question, did you mean "price"?`},
		{with("COIN_KEY", "x"), "--set COIN_KEY: is a secret, and answers are written into the project: put it in .env instead"},
		{with("price", "ck_abc"), "--set price: looks like a secret"},
	} {
		_, err := c.Resolve(fault.answers, Numbering{})
		switch {
		case fault.want == "" && err != nil:
			t.Errorf("%+v: %v", fault.answers, err)
		case fault.want != "" && (err == nil || !strings.Contains(err.Error(), fault.want)):
			t.Errorf("%+v:\n got %v\nwant %s", fault.answers, err, fault.want)
		}
	}
	_, err = c.Resolve(Answers{}, Numbering{})
	for _, key := range []string{"--name", "--module", "--auth", "--payments"} {
		if err == nil || !strings.Contains(err.Error(), key+": no answer") {
			t.Errorf("nothing answered: the error leaves out %s: %v", key, err)
		}
	}
	var missing *MissingError
	if !errors.As(err, &missing) {
		t.Errorf("the error is %T, want *MissingError", err)
	}
}

func TestDecodeAnswers(t *testing.T) {
	c, err := Load(small(nil))
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.DecodeAnswers("a.toml", []byte("name = \"shop\"\npayments = []\n[values]\nprice = \"1\"\n"))
	if err != nil || a.Payments == nil || a.Values["price"] != "1" {
		t.Errorf("got %+v, %v", a, err)
	}
	_, err = c.DecodeAnswers("a.toml", []byte("nme = \"shop\"\nprice = \"1\"\nCOIN_KEY = \"ck_a\"\n"))
	for _, want := range []string{
		`a.toml:1: nme: unknown key, did you mean "name"?`,
		"a.toml:2: price: unknown key: price belongs under [values]",
		"a.toml:3: COIN_KEY: is a secret",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}
