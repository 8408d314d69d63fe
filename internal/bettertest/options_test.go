package bettertest

import (
	"encoding/json"
	"maps"
	"os/exec"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/servertest"
)

// TestSettings: the Better Auth server starts with nothing that is public, guessable
// or at odds with the Go server, says all that is wrong, and repeats no secret.
func TestSettings(t *testing.T) {
	servertest.Need(t)
	t.Parallel()
	for _, tt := range []struct {
		name    string
		changes map[string]string
		want    []string
	}{
		{"nothing is set", map[string]string{"BETTER_AUTH_SECRET": "", "BETTER_AUTH_URL": "", "BETTER_AUTH_DATABASE_URL": ""}, []string{
			"BETTER_AUTH_SECRET is missing", "BETTER_AUTH_URL is missing", "BETTER_AUTH_DATABASE_URL is missing",
		}},
		{"nothing is right", map[string]string{
			"APP_ENV": "production", "BETTER_AUTH_SECRET": strings.Repeat("abcd", 10), "BETTER_AUTH_SECRETS": "2:hidden,1:old",
			"BETTER_AUTH_DATABASE_URL": "mysql://hidden", "BETTER_AUTH_LISTEN": "3000",
		}, []string{
			"BETTER_AUTH_SECRET is not valid; want at least 32 characters", "BETTER_AUTH_SECRETS must begin with BETTER_AUTH_SECRET",
			"BETTER_AUTH_URL must be https in production", "BETTER_AUTH_DATABASE_URL is not valid", "BETTER_AUTH_LISTEN is not valid",
		}},
		{"public secret", map[string]string{"BETTER_AUTH_SECRET": "better-auth-secret-12345678901234567890"}, []string{"BETTER_AUTH_SECRET is not valid"}},
		{"shared secret", map[string]string{"BETTER_AUTH_SECRET": settings["INSFORGE_JWT_SECRET"]}, []string{"BETTER_AUTH_SECRET is the same as INSFORGE_JWT_SECRET"}},
		{"path in the URL", map[string]string{"BETTER_AUTH_URL": "https://app.example.com/"}, []string{"BETTER_AUTH_URL is not valid"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := maps.Clone(settings)
			maps.Copy(env, tt.changes)
			out, err := node(t.Context(), "server.js", env)
			if err == nil || !strings.HasPrefix(out, "auth-server: configuration:\n") {
				t.Fatalf("it ended with %v: %s", err, out)
			}
			if got := strings.Count(strings.TrimSpace(out), "\n"); got != len(tt.want) {
				t.Errorf("it reports %d problems, want %d:\n%s", got, len(tt.want), out)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			for _, name := range []string{"BETTER_AUTH_SECRET", "INSFORGE_JWT_SECRET"} {
				if env[name] != "" && strings.Contains(out, env[name]) || strings.Contains(out, "hidden") {
					t.Errorf("it prints a value:\n%s", out)
				}
			}
		})
	}
}

// TestOptions: what a user may set, and what the Go server cannot live with.
func TestOptions(t *testing.T) {
	servertest.Need(t)
	t.Parallel()
	cases := []struct {
		URL     string
		Options string
		Refused string `json:"-"`
	}{
		{Options: `{}`},
		{Options: `{"basePath":"/api/auth","session":{"modelName":"session","expiresIn":3600,"cookieCache":{"enabled":false}},"advanced":{"cookiePrefix":"better-auth"}}`},
		{Options: `{"secondaryStorage":{},"session":{"storeSessionInDatabase":true}}`},
		{URL: "https://app.example.com", Options: `{"advanced":{"useSecureCookies":true}}`},
		{Options: `{"database":null}`, Refused: "database"},
		{Options: `{"basePath":"/auth"}`, Refused: "basePath"},
		{Options: `{"secondaryStorage":{}}`, Refused: "secondaryStorage"},
		{Options: `{"secondaryStorage":{},"session":{"storeSessionInDatabase":true,"preserveSessionInDatabase":true}}`, Refused: "session.preserveSessionInDatabase"},
		{Options: `{"session":{"cookieCache":{"enabled":true}}}`, Refused: "session.cookieCache"},
		{Options: `{"advanced":{"cookiePrefix":"shop"}}`, Refused: "advanced.cookiePrefix"},
		{Options: `{"advanced":{"cookies":{"session_token":{"name":"sid"}}}}`, Refused: "advanced.cookies.session_token.name"},
		{Options: `{"advanced":{"useSecureCookies":true}}`, Refused: "advanced.useSecureCookies"},
		{URL: "https://app.example.com", Options: `{"advanced":{"useSecureCookies":false}}`, Refused: "advanced.useSecureCookies"},
		{Options: `{"advanced":{"database":{"generateId":"serial"}}}`, Refused: "advanced.database.generateId"},
		{Options: `{"session":{"modelName":"sessions"}}`, Refused: "session.modelName"},
		{Options: `{"user":{"modelName":"users"}}`, Refused: "user.modelName"},
		{Options: `{"session":{"fields":{"userId":"user_id"}}}`, Refused: "session.fields"},
		{Options: `{"user":{"fields":{"email":"mail"}}}`, Refused: "user.fields"},
	}
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	const script = `import { checkOptions } from "./dist/check.js";
		const results = JSON.parse(process.argv[1]).map(({ URL, Options }) => {
			try { checkOptions({ database: {}, ...JSON.parse(Options) }, URL || "http://localhost:8080"); return ""; }
			catch (error) { return error.message; }
		});
		console.log(JSON.stringify(results));`
	cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e", script, string(input))
	cmd.Dir = authServer
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var results []string
	if err := json.Unmarshal(out, &results); err != nil || len(results) != len(cases) {
		t.Fatalf("%v: %s", err, out)
	}
	for i, got := range results {
		want := cases[i].Refused
		if want == "" && got != "" || want != "" && (!strings.Contains(got, "\n"+want+": ") || strings.Count(got, "\n") != 1) {
			t.Errorf("%s %s: %q, want %q refused", cases[i].URL, cases[i].Options, got, want)
		}
	}
}
