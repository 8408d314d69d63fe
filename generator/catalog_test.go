package generator

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

// small is a catalog of two auth providers and one payment provider.
func small(changes map[string]string) fstest.MapFS {
	files := map[string]string{
		"catalog.toml": `
version = "0.1.0"
[[question]]
key = "name"
message = "Name"
type = "input"
format = "project-name"
[[question]]
key = "module"
message = "Module"
type = "input"
default = "example.com/{{ .Name }}"
format = "module-path"
[[question]]
key = "auth"
message = "Auth"
type = "select"
choices_from = "auth"
[[question]]
key = "payments"
message = "Payments"
type = "multiselect"
default = "none"
choices_from = "payment"
`,
		"base/layer.toml":                             "",
		"base/files/README.md.tmpl":                   "# {{ .Name }}\n{{ fragments }}",
		"base/files/main.go.tmpl":                     "package main\n\nfunc main() {}\n",
		"auth/_common/layer.toml":                     "[[env]]\nname = \"JWT_SECRET\"\nsecret = true\nrequired = true\ncomment = \"c\"\n",
		"auth/_common/files/auth.go.tmpl":             "package main\n",
		"auth/_common/files/migrations/01_a.sql.tmpl": "select 1;\n",
		"auth/acme/provider.toml":                     "name = \"Acme\"\nsummary = \"s\"\ndocs = \"https://acme.example\"\ncredential = \"a token\"\n",
		"auth/acme/fragments/README.md.tmpl":          "acme by {{ .Auth.Name }}\n",
		"auth/bolt/provider.toml":                     "name = \"Bolt\"\nsummary = \"s\"\ndocs = \"https://bolt.example\"\ncredential = \"a token\"\n",
		"auth/bolt/files/bolt.go.tmpl":                "package main\n",
		"payment/coin/provider.toml": `
name = "Coin"
summary = "s"
docs = "https://coin.example"
package = "coin"
[[question]]
key = "price"
message = "Price"
type = "input"
default = "0.01"
pattern = '^[0-9]+(\.[0-9]{1,6})?$'
shape = "a decimal number"
[[env]]
name = "COIN_KEY"
secret = true
pattern = "^ck_[a-z]+$"
shape = "ck_ and letters"
comment = "c"
`,
		"payment/coin/files/migrations/01_coin.sql.tmpl": "select {{ .Values.price }};\n",
		"payment/coin/fragments/README.md.tmpl":          "coin costs {{ .Values.price }}\n",
	}
	maps.Copy(files, changes)
	fsys := fstest.MapFS{}
	for name, data := range files {
		if data != "-" {
			fsys[name] = &fstest.MapFile{Data: []byte(data)}
		}
	}
	return fsys
}

func TestLoad_discoversProviderFolder(t *testing.T) {
	c, err := Load(small(nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.IDs(), " "); got != "acme bolt coin" {
		t.Errorf("providers are %q, want acme bolt coin", got)
	}
	for _, q := range c.Questions(Answers{}) {
		if q.Key == "auth" && (len(q.Choices) != 2 || q.Choices[0].Value != "acme") {
			t.Errorf("choices of auth are %v, want the two auth providers", q.Choices)
		}
	}
}

// TestLoad_namesFileLineAndKey plants one fault at a time.
func TestLoad_namesFileLineAndKey(t *testing.T) {
	const head = "name = \"Acme\"\nsummary = \"s\"\ndocs = \"https://acme.example\"\ncredential = \"a token\"\n"
	for _, fault := range []struct{ file, data, want string }{
		{"auth/acme/provider.toml", head + "colour = \"red\"\n", "auth/acme/provider.toml:5: colour: unknown key"},
		{"auth/acme/provider.toml", head + "[[env]]\nname = \"A\"\ncoment = \"x\"\n", "auth/acme/provider.toml:7: env.coment: unknown key"},
		{"auth/acme/provider.toml", head + "name = 3\n", "auth/acme/provider.toml:5: "},
		{"auth/acme/provider.toml", "name = \"Acme\"\n", "auth/acme/provider.toml: summary: is missing"},
		{"auth/acme/provider.toml", "-", "auth/acme/provider.toml: is missing"},
		{"auth/acme/provider.toml", head + "package = \"x\"\n", "auth/acme/provider.toml: package: is only for payment providers"},
		{"auth/acme/provider.toml", head + "include = [\"_jwks\"]\n", `auth/acme/provider.toml: include: there is no layer "_jwks" beside it`},
		{"auth/acme/provider.toml", head + "conflicts = [\"dime\"]\n", `auth/acme/provider.toml: conflicts: there is no provider "dime"`},
		{"auth/acme/provider.toml", head + "[[env]]\nname = \"A\"\ncomment = \"c\"\npattern = \"^x$\"\nshape = \"x\"\nexample = \"y\"\n", "auth/acme/provider.toml: env[0]: A: example does not match its own pattern"},
		{"auth/acme/provider.toml", head + "[[env]]\nname = \"A\"\ncomment = \"c\"\npattern = \"x\"\nshape = \"x\"\n", "auth/acme/provider.toml: env[0]: A: pattern is not anchored with ^ and $"},
		{"auth/acme/provider.toml", head + "[[url]]\nuse = \"home\"\n", `auth/acme/provider.toml: url[0]: use "home" is none of callback, logout, redirect, origin`},
		{"auth/acme/provider.toml", head + "[[question]]\nkey = \"k\"\nmessage = \"m\"\ntype = \"slider\"\n", `auth/acme/provider.toml: question[0]: k: type "slider" is none of`},
		{"auth/acme/provider.toml", head + "[[require]]\nmodule = \"example.com/x\"\n", "auth/acme/provider.toml: require[0]: needs a module and a version"},
		{"auth/acme/provider.toml", head + "[doctor]\nkeys = \"https://a.example\"\n", "auth/acme/provider.toml:6: doctor.keys: unknown key"},
		{"auth/acme/provider.toml", head + "[doctor]\njwks = \"https://{{ .ACME_HOST }}/keys\"\n", `auth/acme/provider.toml: doctor.jwks: template: address:1:11: executing "address" at <.ACME_HOST>: map has no entry for key "ACME_HOST"`},
		{"auth/acme/provider.toml", head + "[doctor]\nissuer = \"http://a.example\"\n", `auth/acme/provider.toml: doctor.issuer: with the examples of the variables it is "http://a.example", which is no https address`},
		{"auth/acme/provider.toml", head + "[doctor]\nhealth = \"/ok\"\n", `auth/acme/provider.toml: doctor.health: with the examples of the variables it is "/ok", which is no https address`},
		{"auth/acme/provider.toml", head + "[doctor]\nmodes = [\"ACME_KEY\"]\n", `auth/acme/provider.toml: doctor.modes: there is no variable "ACME_KEY"`},
		{"auth/acme/provider.toml", head + "[doctor.database]\nurl = \"JWT_SECRET\"\n", "auth/acme/provider.toml: doctor.database: needs a schema, and the columns to read"},
		{"payment/coin/provider.toml", "name = \"C\"\nsummary = \"s\"\ndocs = \"https://c.example\"\npackage = \"coin\"\n[doctor]\n", "payment/coin/provider.toml: doctor: is only for auth providers"},
		{"auth/acme/provider.toml", head + "[[question]]\nkey = \"k\"\nmessage = \"m\"\ntype = \"input\"\nwhen = { key = \"auth\" }\n", "auth/acme/provider.toml: question[0]: k: when needs a key, and either is or not"},
		{"auth/acme/provider.toml", head + "needs_user = true\n", "auth/acme/provider.toml: needs_user: is only for payment providers"},
		{"auth/none/provider.toml", head, `auth/none/provider.toml: id: "none" is the answer for no provider at all`},
		{"auth/_more/layer.toml", "include = [\"_jwks\"]\n", `auth/_more/layer.toml: include: there is no layer "_jwks" beside it`},
		{"auth/_more/layer.toml", "[[when]]\nkey = \"auth\"\n", "auth/_more/layer.toml: when[0]: needs a key, and either is or not"},
		{"auth/_more/layer.toml", "[[when]]\nkey = \"auth\"\nis = \"a\"\nnot = \"b\"\n", "auth/_more/layer.toml: when[0]: needs a key, and either is or not"},
		{"auth/_common/layer.toml", "when = [{ key = \"auth\", is = \"a\" }]\n", "auth/_common/layer.toml: when: is for layers that providers include, and every one has this"},
		{"base/layer.toml", "include = [\"_jwks\"]\n", "base/layer.toml:1: include: unknown key"},
		{"auth/acme/modules.lock", "require example.com/x\n", "auth/acme/modules.lock:1: is no go, require, pin, implies or sum line"},
		{"auth/README.md", "x", "auth/README.md: only folders belong here"},
		{"auth/Acme Inc/provider.toml", head, `auth/Acme Inc/provider.toml: id: folder name "Acme Inc" is not`},
		{"catalog.toml", "version = \"0.1.0\"\n[[question]]\nkey = \"k\"\n", `catalog.toml: question[0]: "k" needs a key and a message`},
	} {
		_, err := Load(small(map[string]string{fault.file: fault.data}))
		if err == nil || !strings.Contains(err.Error(), fault.want) {
			t.Errorf("%s with %q:\n got %v\nwant %s", fault.file, fault.data, err, fault.want)
		}
		var at *ProviderError
		if err != nil && !errors.As(err, &at) {
			t.Errorf("%s: the error is %T, want *ProviderError", fault.file, err)
		}
	}
}

func TestLoad_reportsAllAtOnce(t *testing.T) {
	_, err := Load(small(map[string]string{
		"auth/acme/provider.toml":    "nme = \"Acme\"\nsumry = \"s\"\n",
		"payment/coin/provider.toml": "name = \"Coin\"\n",
	}))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"acme/provider.toml:1: nme", "acme/provider.toml:2: sumry", "coin/provider.toml: package"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error leaves out %q:\n%v", want, err)
		}
	}
}

func TestLoad_oneVersionOfAModule(t *testing.T) {
	require := func(version string) string {
		return "name = \"X\"\nsummary = \"s\"\ndocs = \"https://x.example\"\ncredential = \"a token\"\n[[require]]\nmodule = \"example.com/m\"\nversion = \"" + version + "\"\n"
	}
	_, err := Load(small(map[string]string{
		"auth/acme/provider.toml": require("v1.0.0"), "auth/bolt/provider.toml": require("v1.1.0"),
	}))
	if err == nil || !strings.Contains(err.Error(), "auth/bolt/provider.toml: require: example.com/m v1.1.0, but another folder requires v1.0.0") {
		t.Errorf("got %v", err)
	}
}

func TestFillAddress(t *testing.T) {
	vars := map[string]string{"ACME_KEY": "pk_live_YS5leGFtcGxlJA", "ACME_URL": ""}
	for text, want := range map[string]string{
		"": "", "https://a.example": "https://a.example",
		`https://{{ .ACME_KEY | trimPrefix "pk_live_" | base64decode | trimSuffix "$" }}/keys`: "https://a.example/keys",
		`{{ with .ACME_URL }}{{ . }}/ok{{ end }}`:                                              "",
	} {
		if got, err := FillAddress(text, vars); err != nil || got != want {
			t.Errorf("FillAddress(%s) = %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"{{ .ACME_HOST }}", "{{ base64decode .ACME_URL }}{{ base64decode `%` }}", "{{", "{{ env `HOME` }}"} {
		if got, err := FillAddress(text, vars); err == nil {
			t.Errorf("FillAddress(%s) = %q, want an error", text, got)
		}
	}
	const text = `https://API_HOST/{{ .ACME_KEY }}?{{ index . "ACME_URL" }}{{ .ACME_KEY }}`
	if got := strings.Join(AddressVariables(text), " "); got != "ACME_KEY ACME_URL" {
		t.Errorf("AddressVariables(%s) = %s", text, got)
	}
}

// operators are layers that join by the answers to two questions.
func operators() map[string]string {
	files := small(nil)
	return map[string]string{
		"catalog.toml": strings.Replace(string(files["catalog.toml"].Data), "choices_from = \"auth\"\n",
			"choices_from = \"auth\"\nchoices = [{ value = \"none\", label = \"nobody\" }]\n", 1),
		"payment/coin/provider.toml":             "include = [\"_wall\"]\n" + string(files["payment/coin/provider.toml"].Data),
		"payment/bill/provider.toml":             "name = \"Bill\"\nsummary = \"s\"\ndocs = \"https://bill.example\"\npackage = \"bill\"\nneeds_user = true\n",
		"payment/_wall/layer.toml":               "include = [\"_users\", \"_token\"]\n[[question]]\nkey = \"public\"\nmessage = \"m\"\ntype = \"confirm\"\n",
		"payment/_users/layer.toml":              "when = [{ key = \"public\", is = \"false\" }, { key = \"auth\", not = \"none\" }]\n",
		"payment/_users/files/operators.go.tmpl": "package users\n",
		"payment/_token/layer.toml":              "when = [{ key = \"public\", is = \"false\" }, { key = \"auth\", is = \"none\" }]\n[[env]]\nname = \"TOKEN\"\ncomment = \"c\"\n",
		"payment/_token/files/operators.go.tmpl": "package token\n",
		"base/files/wiring.txt.tmpl":             "{{ range .Including \"payment/_wall\" }}{{ .Package }}{{ end }} {{ .Has \"payment/_token\" }}\n",
	}
}

func TestLayers_joinByAnswers(t *testing.T) {
	c, err := Load(small(operators()))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		auth, payments, public string
		layers, wiring         string
	}{
		{"acme", "coin", "true", "base auth/_common auth/acme payment/_wall payment/coin", "coin false\n"},
		{"acme", "coin", "false", "base auth/_common auth/acme payment/_wall payment/_users payment/coin", "coin false\n"},
		{"acme", "bill,coin", "false", "base auth/_common auth/acme payment/bill payment/_wall payment/_users payment/coin", "coin false\n"},
		{"acme", "bill", "", "base auth/_common auth/acme payment/bill", " false\n"},
		{"none", "coin", "true", "base payment/_wall payment/coin", "coin false\n"},
		{"none", "coin", "false", "base payment/_wall payment/_token payment/coin", "coin true\n"},
	} {
		a := Answers{Name: "shop", Module: "example.com/shop"}.Set(KeyAuth, tt.auth).Set(KeyPayments, tt.payments)
		if tt.public != "" {
			a = a.Set("public", tt.public).Set("price", "1")
		}
		if got := strings.Join(c.Layers(a), " "); got != tt.layers {
			t.Errorf("%s+%s, public %s: layers %s, want %s", tt.auth, tt.payments, tt.public, got, tt.layers)
		}
		s, err := c.Resolve(a, Numbering{})
		if err != nil {
			t.Fatal(err)
		}
		tree, err := Render(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(tree.Lookup("wiring.txt").Data); got != tt.wiring {
			t.Errorf("%s+%s, public %s: wiring says %q, want %q", tt.auth, tt.payments, tt.public, got, tt.wiring)
		}
	}
	var env []string
	for _, p := range c.Chosen(Answers{Auth: "none", Payments: []string{"coin"}}.Set("public", "false")) {
		for _, e := range p.Env {
			env = append(env, e.Name)
		}
	}
	if got := strings.Join(env, " "); got != "TOKEN COIN_KEY" {
		t.Errorf("variables of what is chosen are %s, want TOKEN COIN_KEY", got)
	}
}

func TestCheck_withoutLogin(t *testing.T) {
	c, err := Load(small(operators()))
	if err != nil {
		t.Fatal(err)
	}
	const way = ": sell by coin, or choose who signs users in (--auth)"
	for payments, want := range map[string]string{
		"coin":      "",
		"none":      "--payments: a server without sign-in has nothing but what it sells, so it needs a way to pay" + way,
		"bill":      "--payments: bill sells to signed-in users, and nobody signs in here" + way,
		"bill,coin": "--payments: bill sells to signed-in users, and nobody signs in here" + way,
		"biil":      "--payments: unknown \"biil\", did you mean \"bill\"? (choices: bill, coin)",
	} {
		err := c.Check(Answers{}.Set(KeyAuth, None).Set(KeyPayments, payments))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %v, want %s", payments, err, want)
		}
	}
	for auth, want := range map[string]int{"acme": 2, "": 2, None: 1} {
		for _, q := range c.Questions(Answers{Auth: auth}) {
			if q.Key == KeyPayments && len(q.Choices) != want {
				t.Errorf("auth %q: %d ways to pay are offered, want %d", auth, len(q.Choices), want)
			}
		}
	}
	if _, err := c.Resolve(Answers{Name: "shop", Module: "example.com/shop", Auth: None}, Numbering{}); err == nil || !strings.Contains(err.Error(), "--payments: no answer") {
		t.Errorf("without an answer for payments: %v", err)
	}
}

func TestSpec_unknownLayer(t *testing.T) {
	files := operators()
	files["base/files/wiring.txt.tmpl"] = "{{ if .Has \"payment/_wal\" }}x{{ end }}"
	c, err := Load(small(files))
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Resolve(Answers{Name: "shop", Module: "example.com/shop", Auth: "acme", Payments: []string{}}, Numbering{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Render(s); err == nil || !strings.Contains(err.Error(), `there is no layer "payment/_wal"`) {
		t.Errorf("got %v, want an error that names the layer", err)
	}
}
