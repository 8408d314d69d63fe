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
