package insforgetoml

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// every holds each key there is, as the CLI exports it.
const every = `project_id = "proj_1"

[auth]
allowed_redirect_urls = ["http://localhost:8080/cb", "https://*.example.com/cb"]
require_email_verification = true
verify_email_method = "code"
reset_password_method = "link"
disable_signup = true

[auth.password]
min_length = 12
require_number = true
require_lowercase = false
require_uppercase = true
require_special_char = false

[auth.smtp]
enabled = true
host = "smtp.example.com"
port = 587
username = "shop"
# password is managed via secrets — run ` + "`insforge secrets add MAIL_PASSWORD \"<value>\"`" + `
password = "env(MAIL_PASSWORD)"
sender_email = "shop@example.com"
sender_name = "The \"Shop\" <é>"
min_interval_seconds = 60

[storage]
max_file_size_mb = 20

[realtime]
retention_days = 7

[schedules]
retention_days = 0

[deployments]
subdomain = "my-shop"
`

// TestParse_valid reads files and writes them back. An empty canonical text
// stands for the input.
func TestParse_valid(t *testing.T) {
	for name, c := range map[string]struct{ text, canonical string }{
		"every key":      {text: every},
		"empty":          {},
		"comments alone": {"# nothing\n\n", "-"},
		"no URLs":        {text: "[auth]\nallowed_redirect_urls = []\n"},
		"no newline":     {"[auth]", "[auth]\n"},
		"a byte order mark and CRLF": {
			"\ufeff[auth]\r\ndisable_signup = true\r\n", "[auth]\ndisable_signup = true\n",
		},
		"another order": {
			"[storage]\nmax_file_size_mb=1\n[auth.smtp]\nport = 25\n[auth.password]\n[auth]\ndisable_signup = false\nallowed_redirect_urls = [ 'a://b/', # why\n\"https://a/#frag\",]\n",
			"[auth]\nallowed_redirect_urls = [\"a://b/\", \"https://a/#frag\"]\ndisable_signup = false\n\n[auth.password]\n\n[auth.smtp]\nport = 25\n\n[storage]\nmax_file_size_mb = 1\n",
		},
		"dots and inline tables": {
			"auth.smtp.port = 25\nauth.\"disable_signup\" = true\nstorage = { max_file_size_mb = 2 }\n",
			"[auth]\ndisable_signup = true\n\n[auth.smtp]\nport = 25\n\n[storage]\nmax_file_size_mb = 2\n",
		},
		"whole numbers": {
			"[auth]\npassword.min_length = 0x10\n[auth.smtp]\nport = 587.0\nmin_interval_seconds = 6e1\n[storage]\nmax_file_size_mb = 1_0\n[realtime]\nretention_days = -0\n[schedules]\nretention_days = 9007199254740991\n",
			"[auth]\n\n[auth.password]\nmin_length = 16\n\n[auth.smtp]\nport = 587\nmin_interval_seconds = 60\n\n[storage]\nmax_file_size_mb = 10\n\n[realtime]\nretention_days = 0\n\n[schedules]\nretention_days = 9007199254740991\n",
		},
		"strings": {
			"project_id = \"\"\"\na\\tb\n\\u0001\\u007f\\u2028<&>\\\\\"\"\"\n",
			"project_id = \"a\\tb\\n\\u0001\\u007f\u2028<&>\\\\\"\n",
		},
		"a subdomain taken away": {"[deployments]\nsubdomain = \"\"\n[realtime]\n", "[realtime]\n"},
		"no subdomain":           {"[deployments]\n", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := Parse("insforge.toml", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			want := c.canonical
			switch want {
			case "":
				want = c.text
			case "-":
				want = ""
			}
			got := config.Canonical()
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("Canonical (-want +got):\n%s", diff)
			}
			again, err := Parse("insforge.toml", got)
			if err != nil {
				t.Fatalf("the canonical text: %v", err)
			}
			if diff := cmp.Diff(want, string(again.Canonical())); diff != "" {
				t.Errorf("Canonical of the canonical text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParse_invalid(t *testing.T) {
	const (
		unknown  = ": unknown key, which the InsForge CLI drops without a word; "
		secret   = "auth.smtp.password: must be env(NAME), where NAME is a secret in capitals, digits and underscores, and never the password itself; store that with: insforge secrets add SMTP_PASSWORD \"<value>\""
		slugRule = `deployments.subdomain: must be 3 to 63 lower-case letters, digits and inner hyphens, or "" for none`
		noURL    = "; write http:// or https:// and a host, or a scheme of your own; * may stand for parts of the host and the path"
	)
	for _, c := range []struct {
		text string
		want []string // with the file's name left out
	}{
		{"[auth.providers.clerk]\nid = 1\n[auth.providers.auth0]\n", []string{"1:7: auth.providers" + unknown + "remove it"}},
		{"[functions]\n", []string{"1:2: functions" + unknown + "remove it"}},
		{"[auth]\n  disable_signups = true\n", []string{"2:3: auth.disable_signups" + unknown + `did you mean "auth.disable_signup"?`}},
		{"[auth]\ndisableSignup = true\n", []string{"2:1: auth.disableSignup" + unknown + `did you mean "auth.disable_signup"?`}},
		{"[auth]\nmin_length = 8\n", []string{"2:1: auth.min_length" + unknown + `did you mean "auth.password.min_length"?`}},
		{"[smtp]\nport = 1\n", []string{"1:2: smtp" + unknown + `did you mean "auth.smtp"?`}},
		{"[storag]\n", []string{"1:2: storag" + unknown + `did you mean "storage"?`}},
		{"\"auth.smtp\".port = 1\n", []string{`1:1: "auth.smtp"` + unknown + `remove it`}},
		{"# ä\nauth = { \"é\" = 1, x = 2 }\n", []string{`2:10: auth."é"` + unknown + "remove it", "2:19: auth.x" + unknown + "remove it"}},

		{"[deployments]\nsubdomain = \"Bad Slug!\"\n", []string{"2:13: " + slugRule}},
		{"[deployments]\nsubdomain = \"ab\"\n", []string{"2:13: " + slugRule}},
		{"[deployments]\nsubdomain = \"abc-\"\n", []string{"2:13: " + slugRule}},
		{"[deployments]\nsubdomain = \"" + strings.Repeat("a", 64) + "\"\n", []string{"2:13: " + slugRule}},
		{"[auth.smtp]\npassword = \"hunter2\"\n", []string{"2:12: " + secret}},
		{"[auth.smtp]\npassword = \"env(smtp_pw)\"\n", []string{"2:12: " + secret}},
		{"[auth.smtp]\npassword = \"env(A)\\n\"\n", []string{"2:12: " + secret}},
		{"[auth.smtp]\npassword = 12345678\n", []string{"2:12: " + secret}},
		{"[auth.smtp]\npassword.hunter2 = 1\n", []string{"2:1: " + secret}},
		{"[auth.smtp.password]\nhunter2 = 1\n", []string{"1:12: " + secret}},
		{"[auth.smtp]\npassword = hunter2\n", []string{"2:12: is not TOML; a string needs quotes"}},

		{"[storage]\nmax_file_size_mb = 500\n", []string{"2:20: storage.max_file_size_mb: must be a whole number from 1 to 200"}},
		{"[storage]\nmax_file_size_mb = 0\n", []string{"2:20: storage.max_file_size_mb: must be a whole number from 1 to 200"}},
		{"[auth]\npassword = { min_length = 3 }\n", []string{"2:27: auth.password.min_length: must be a whole number from 4 to 128"}},
		{"[auth.smtp]\nport = 65536\n", []string{"2:8: auth.smtp.port: must be a whole number from 1 to 65535"}},
		{"[realtime]\nretention_days = -1\n", []string{"2:18: realtime.retention_days: must be a whole number from 0 to 9007199254740991"}},
		{"[schedules]\nretention_days = 1.5\n", []string{"2:18: schedules.retention_days: must be a whole number from 0 to 9007199254740991"}},
		{"[schedules]\nretention_days = 9007199254740992\n", []string{"2:18: schedules.retention_days: must be a whole number from 0 to 9007199254740991"}},
		{"[schedules]\nretention_days = 99999999999999999999\n", []string{"2:18: schedules.retention_days: must be a whole number from 0 to 9007199254740991"}},
		{"[schedules]\nretention_days = inf\n", []string{"2:18: schedules.retention_days: must be a whole number from 0 to 9007199254740991"}},
		{"[schedules]\nretention_days = nan\n", []string{"2:18: schedules.retention_days: must be a whole number from 0 to 9007199254740991"}},
		{"[schedules]\nretention_days = \"7\"\n", []string{"2:18: schedules.retention_days: must be a whole number from 0 to 9007199254740991"}},

		{"[auth]\nallowed_redirect_urls = \"http://x\"\n", []string{"2:25: auth.allowed_redirect_urls: must be an array of strings"}},
		{"[auth]\nallowed_redirect_urls = [\"http://x\", 1]\n", []string{"2:25: auth.allowed_redirect_urls: must be an array of strings"}},
		{"[auth]\nallowed_redirect_urls = [\n  \"http://x\",\n  \"*\", \"env(X)\",\n]\n", []string{
			`4:3: auth.allowed_redirect_urls: the backend takes no "*"` + noURL,
			`4:8: auth.allowed_redirect_urls: the backend takes no "env(X)"` + noURL,
		}},
		{"[auth]\nverify_email_method = \"magic\"\n", []string{`2:23: auth.verify_email_method: must be "code" or "link"`}},
		{"[auth]\nreset_password_method = true\n", []string{`2:25: auth.reset_password_method: must be "code" or "link"`}},
		{"[auth]\ndisable_signup = \"true\"\n", []string{"2:18: auth.disable_signup: must be true or false"}},
		{"project_id = 1\n", []string{"1:14: project_id: must be a string"}},
		{"[project_id]\na = 1\n", []string{"1:2: project_id: must be a string"}},
		{"[[project_id]]\n", []string{"1:3: project_id: must be a string"}},
		{"auth = \"x\"\n", []string{"1:8: auth: must be a table"}},
		{"auth = [{}]\n", []string{"1:8: auth: must be a table"}},
		{"auth = 1979-05-27\n", []string{"1:8: auth: must be a table"}},
		{"[[auth]]\n[[auth]]\ndisable_signup = 1\n", []string{"1:3: auth: must be a table, in single brackets", "3:18: auth.disable_signup: must be true or false"}},

		{"[auth]\n[auth]\n", []string{"2:2: table auth already exists"}},
		{"[auth]\ndisable_signup = true\n\"disable_signup\" = true\n", []string{"3:1: auth.disable_signup: is set twice"}},
		{"auth = { disable_signup = true, disable_signup = true }\n", []string{"1:33: auth.disable_signup: is set twice"}},
		{"a = 1\rb = 2\n", []string{"1:6: expected newline but got U+000D"}},
		{"[\"a\\nb\"]\n[\"a\\nb\"]\n", []string{"1:2: \"a\\nb\"" + unknown + "remove it", "2:2: table a\ufffdb already exists"}},
		{"[auth]\ndisable_signup = \n", []string{"2:18: unexpected character U+000A at start of value"}},
		{"[auth", []string{"1:5: expected ']' to close table name"}},

		{
			"colour = 1\n[auth]\nverify_email_method = \"x\"\n[storage]\nmax_file_size_mb = 0\n[x\n",
			[]string{
				"1:1: colour" + unknown + "remove it",
				`3:23: auth.verify_email_method: must be "code" or "link"`,
				"5:20: storage.max_file_size_mb: must be a whole number from 1 to 200",
				"6:3: expected ']' to close table name",
			},
		},
	} {
		config, err := Parse("insforge.toml", []byte(c.text))
		if err == nil || config != nil {
			t.Errorf("Parse(%q) = %v, no error, want %q", c.text, config, c.want)
			continue
		}
		want := "insforge.toml:" + strings.Join(c.want, "\ninsforge.toml:")
		if diff := cmp.Diff(want, err.Error()); diff != "" {
			t.Errorf("Parse(%q) error (-want +got):\n%s", c.text, diff)
		}
	}
}

// TestParse_neverEchoesPasswords writes a password in every way there is to get
// it wrong.
func TestParse_neverEchoesPasswords(t *testing.T) {
	const password = "73819264509182736455"
	for _, line := range []string{
		"password = %", "password = \"%\"", "password = '%", "password = \"\"\"%", "password = [%]", "password = [\"%\"]",
		"password = -%", "password = %.5", "password = 0x%", "password = { x = \"%\" }", "password = \"env(%)\"",
		"passwort = \"%\"", "pass = %", "secret = \"%\"", "host = %", "port = %", "enabled = \"%\"", "sender_email = %%",
		"password = \"env(X)\"\npassword = \"%\"", "password = \"\\%\"", "password = z%",
	} {
		for _, header := range []string{"[auth.smtp]\n", "[auth]\nsmtp.", "[[auth.smtp]]\n", ""} {
			text := header + strings.ReplaceAll(line, "%", password)
			_, err := Parse("insforge.toml", []byte(text))
			if err == nil || strings.Contains(err.Error(), password[:4]) || strings.Contains(err.Error(), "'7'") || strings.Contains(err.Error(), "'z'") {
				t.Errorf("Parse(%q) error = %v", text, err)
			}
		}
	}
}

// TestCanonical_golden checks that the CLI would read and write back the file of
// every golden project without a change.
func TestCanonical_golden(t *testing.T) {
	paths, err := filepath.Glob("../../golden/*/insforge.toml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden projects: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		config, err := Parse(path, data)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(string(data), string(config.Canonical())); diff != "" {
			t.Errorf("%s: Canonical (-file +got):\n%s", path, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(every)
	f.Add("\ufeff[auth]\r\nallowed_redirect_urls = [\n'http://x', # y\n]\r\n")
	f.Add("auth.smtp = { port = 587.0, password = \"env(A)\", host = \"\\u007f\" }\n")
	f.Add("[deployments]\nsubdomain = ''\n[realtime]\nretention_days = 9007199254740993.0\n")
	f.Add("[[auth]]\npasword = 1\n[auth]\n[auth\n")
	f.Fuzz(func(t *testing.T, text string) {
		config, err := Parse("insforge.toml", []byte(text))
		if (err == nil) == (config == nil) {
			t.Fatalf("Parse = %v, %v", config, err)
		}
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "insforge.toml:") {
					t.Fatalf("a line without a place: %q", line)
				}
			}
			return
		}
		printed := config.Canonical()
		again, err := Parse("insforge.toml", printed)
		if err != nil {
			t.Fatalf("%v\n%s", err, printed)
		}
		if diff := cmp.Diff(string(printed), string(again.Canonical())); diff != "" {
			t.Fatalf("printed again (-want +got):\n%s", diff)
		}
		for _, c := range Diff(config, again) {
			if c.Key != "deployments.subdomain" {
				t.Fatalf("%s was lost", c.Key)
			}
		}
	})
}
