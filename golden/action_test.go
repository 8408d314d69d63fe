package golden

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/trial"
)

// runAction has an Auth0 Action run as Auth0 runs it, for an event, and prints
// the claims it sets.
const runAction = `
const action = require(process.argv[1]);
const claims = {};
const api = { idToken: { setCustomClaim: (name, value) => { claims[name] = value; } } };
action.onExecutePostLogin(JSON.parse(process.argv[2]), api).then(() => console.log(JSON.stringify(claims)));
`

// TestAuth0Action: what the Action puts into an ID token is a token that InsForge
// takes for the user, and for nobody else; in those of other applications it
// puts nothing.
func TestAuth0Action(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Node.js; make test runs it")
	}
	c := load(t)
	answers := trial.Of("auth0").Answers(c)
	if _, target, _ := render(t, c, answers); target.Lookup("auth0/insforge-token.js") != nil {
		t.Error("the Action is there though nobody chose it")
	}
	_, target, rec := render(t, c, answers.Set("auth0_insforge_token", "action"))
	dir := filepath.Join(t.TempDir(), "shop")
	write(t, dir, target, rec)

	// The credential is all that is asked of the project, so nothing is served.
	project := &insforgetest.Project{JWTSecret: "forge-insforge-test-secret-0123456789abcdef"}
	run := func(client, secret string) (map[string]string, error) {
		event, err := json.Marshal(map[string]any{
			"client":  map[string]string{"client_id": client},
			"user":    map[string]any{"user_id": "auth0|64a0c1f2", "app_metadata": map[string]string{"role": "project_admin"}, "role": "project_admin"},
			"secrets": map[string]string{"INSFORGE_JWT_SECRET": secret, "INSFORGE_CLIENT_ID": "front-end"},
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "node", "-e", runAction, filepath.Join(dir, "auth0", "insforge-token.js"), string(event)).Output()
		if err != nil {
			return nil, err
		}
		var claims map[string]string
		if err := json.Unmarshal(out, &claims); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return claims, nil
	}

	claims, err := run("front-end", project.JWTSecret)
	if err != nil {
		t.Fatal(err)
	}
	token := claims["https://insforge.dev/insforge_token"]
	caller, err := project.Caller(token)
	if want := (insforgetest.Caller{Role: "authenticated", Sub: "auth0|64a0c1f2"}); err != nil || caller != want {
		t.Errorf("InsForge takes %q for %+v, %v; want %+v", token, caller, err, want)
	}
	var minted jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &minted); err != nil {
		t.Fatal(err)
	}
	if life := minted.ExpiresAt.Sub(minted.IssuedAt.Time); life > 15*time.Minute || len(minted.Audience) != 1 || minted.Audience[0] != "insforge-api" {
		t.Errorf("the token lives %s for %v", life, minted.Audience)
	}

	if claims, err := run("another-application", project.JWTSecret); err != nil || len(claims) != 0 {
		t.Errorf("another application gets %v, %v", claims, err)
	}
	if claims, err := run("front-end", "short"); err == nil {
		t.Errorf("with a secret that is none: %v", claims)
	}
}
