package insforgetoml

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// metadata is what a backend of InsForge's cloud answers, with parts that tell
// no settings.
const metadata = `{
  "auth": {
    "oAuthProviders": ["google"], "customOAuthProviders": [],
    "smtpConfig": {
      "enabled": true, "host": "smtp.example.com", "port": 587, "username": "shop", "hasPassword": true,
      "senderEmail": "shop@example.com", "senderName": "Shop", "minIntervalSeconds": 60
    },
    "requireEmailVerification": true, "passwordMinLength": 6, "requireNumber": false, "requireLowercase": false,
    "requireUppercase": false, "requireSpecialChar": true, "verifyEmailMethod": "code", "resetPasswordMethod": "link",
    "allowedRedirectUrls": ["https://b.example/*", "https://a.example/*"], "disableSignup": false
  },
  "database": {"tables": [], "totalSizeInGB": 0},
  "storage": {"buckets": [], "totalSizeInGB": 0},
  "functions": [],
  "deployments": {"customSlug": "my-shop"},
  "version": "2.3.1"
}`

const exported = `[auth]
allowed_redirect_urls = ["https://b.example/*", "https://a.example/*"]
require_email_verification = true
verify_email_method = "code"
reset_password_method = "link"
disable_signup = false

[auth.password]
min_length = 6
require_number = false
require_lowercase = false
require_uppercase = false
require_special_char = true

[auth.smtp]
enabled = true
host = "smtp.example.com"
port = 587
username = "shop"
# password is managed via secrets — run ` + "`insforge secrets add SMTP_PASSWORD \"<value>\"`" + `
password = "env(SMTP_PASSWORD)"
sender_email = "shop@example.com"
sender_name = "Shop"
min_interval_seconds = 60

[storage]
max_file_size_mb = 50

[realtime]
retention_days = 0

[schedules]
retention_days = 30

[deployments]
subdomain = "my-shop"
`

func TestFromMetadata(t *testing.T) {
	live := fromMetadata(t, metadata)
	endpoints := map[string]string{
		"/api/storage/config":   `{"maxFileSizeMb": 50}`,
		"/api/realtime/config":  `{"retentionDays": null}`,
		"/api/schedules/config": `{"retentionDays": 30.0}`,
	}
	for _, path := range parsed(t, every).Endpoints() {
		if err := live.AddEndpoint(path, []byte(endpoints[path])); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(exported, string(live.Canonical())); diff != "" {
		t.Errorf("live settings (-want +got):\n%s", diff)
	}
	if changes := Diff(live, parsed(t, exported)); changes != nil {
		t.Errorf("Diff with itself = %v", changes)
	}
}

func TestFromMetadata_tolerates(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                                   "",
		`{"auth": null, "deployments": null}`:  "",
		`{"auth": "x", "deployments": [1]}`:    "",
		`{"auth": {}, "deployments": {}}`:      "",
		`{"auth": {"smtpConfig": null}}`:       "",
		`{"auth": {"requireNumber": "yes"}}`:   "",
		`{"deployments": {"customSlug": 123}}`: "",
		`{"auth": {"allowedRedirectUrls": "https://a", "verifyEmailMethod": "magic"}}`: "[auth]\nallowed_redirect_urls = []\n",
		`{"auth": {"allowedRedirectUrls": ["a", null]}}`:                               "[auth]\nallowed_redirect_urls = []\n",
		`{"auth": {"allowedRedirectUrls": null, "disableSignup": null}}`:               "[auth]\nallowed_redirect_urls = []\ndisable_signup = false\n",
		`{"auth": {"passwordMinLength": null, "requireNumber": true}}`:                 "[auth]\n\n[auth.password]\nmin_length = 8\nrequire_number = true\n",
		`{"auth": {"smtpConfig": {}}}`: "[auth]\n\n[auth.smtp]\nenabled = false\nhost = \"\"\nport = 587\nusername = \"\"\n" +
			"sender_email = \"\"\nsender_name = \"\"\nmin_interval_seconds = 60\n",
	} {
		if diff := cmp.Diff(want, string(fromMetadata(t, text).Canonical())); diff != "" {
			t.Errorf("FromMetadata(%s) (-want +got):\n%s", text, diff)
		}
	}
	for _, text := range []string{"", "null", "[]", "<html>"} {
		if c, err := FromMetadata([]byte(text)); err == nil {
			t.Errorf("FromMetadata(%q) = %v, want an error", text, c)
		}
	}

	c := &Config{}
	for path, text := range map[string]string{
		"/api/storage/config": `{"maxFileSizeMb": "50"}`, "/api/realtime/config": `{"retentionDays": 1.5}`, "/api/schedules/config": `{}`,
	} {
		if err := c.AddEndpoint(path, []byte(text)); err != nil {
			t.Error(err)
		}
	}
	if got := c.Canonical(); len(got) > 0 {
		t.Errorf("wrong shapes became %s", got)
	}
	if c.AddEndpoint("/api/storage/config", []byte("404")) == nil || c.AddEndpoint("/api/metadata", []byte("{}")) == nil {
		t.Error("AddEndpoint took what tells nothing")
	}
}

func TestDiff(t *testing.T) {
	const smtp = "[auth.smtp]\nenabled = true\nhost = \"smtp.example.com\"\nusername = \"shop\"\nsender_email = \"shop@example.com\"\nsender_name = \"Shop\"\n"
	for name, c := range map[string]struct {
		live, want string
		changes    []Change
	}{
		"nothing wanted":      {metadata, "project_id = \"x\"\n[auth]\n[storage]\n", nil},
		"URLs in any order":   {metadata, "auth.allowed_redirect_urls = ['https://a.example/*', 'https://b.example/*', 'https://a.example/*']", nil},
		"a reference to keep": {metadata, smtp + "password = \"env(OTHER)\"", nil},
		"a whole number":      {metadata, "[auth.password]\nmin_length = 6.0", nil},
		"URLs": {metadata, "auth.allowed_redirect_urls = ['https://c.example/*', 'https://a.example/*']", []Change{
			{Key: "auth.allowed_redirect_urls", Live: `["https://a.example/*", "https://b.example/*"]`, Want: `["https://a.example/*", "https://c.example/*"]`},
		}},
		"no URLs": {metadata, "auth.allowed_redirect_urls = []", []Change{
			{Key: "auth.allowed_redirect_urls", Live: `["https://a.example/*", "https://b.example/*"]`, Want: `[]`},
		}},
		"several": {metadata, "deployments.subdomain = ''\n[auth]\ndisable_signup = true\nreset_password_method = 'code'\npassword.require_number = true", []Change{
			{Key: "auth.reset_password_method", Live: `"link"`, Want: `"code"`},
			{Key: "auth.disable_signup", Live: "false", Want: "true"},
			{Key: "auth.password.require_number", Live: "false", Want: "true"},
			{Key: "deployments.subdomain", Live: `"my-shop"`, Want: `""`},
		}},
		"what a mail server leaves out": {metadata, "[auth.smtp]\nenabled = true\nhost = \"smtp.example.com\"\n", []Change{
			{Key: "auth.smtp.username", Live: `"shop"`, Want: `""`},
			{Key: "auth.smtp.sender_email", Live: `"shop@example.com"`, Want: `""`},
			{Key: "auth.smtp.sender_name", Live: `"Shop"`, Want: `""`},
		}},
		"a password for the first time": {`{"auth": {"smtpConfig": {}}}`, "[auth.smtp]\npassword = \"env(A)\"", []Change{
			{Key: "auth.smtp.password", Live: `""`, Want: `"env(A)"`},
		}},
		"what the backend does not show": {"{}", "[auth]\ndisable_signup = true\nverify_email_method = 'code'\n[auth.smtp]\nport = 25\n[storage]\nmax_file_size_mb = 50\n[realtime]\nretention_days = 7\n[deployments]\nsubdomain = 'abc'", []Change{
			{Key: "auth.disable_signup", Live: "false", Want: "true", Hidden: true},
			{Key: "auth.smtp.port", Live: "587", Want: "25", Hidden: true},
			{Key: "realtime.retention_days", Live: "0", Want: "7", Hidden: true},
			{Key: "deployments.subdomain", Live: `""`, Want: `"abc"`, Hidden: true},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.changes, Diff(fromMetadata(t, c.live), parsed(t, c.want))); diff != "" {
				t.Errorf("Diff (-want +got):\n%s", diff)
			}
		})
	}
}

func parsed(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("insforge.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func fromMetadata(t *testing.T, text string) *Config {
	t.Helper()
	c, err := FromMetadata([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
