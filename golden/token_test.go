package golden

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/trial"
	"github.com/insforge/forge/internal/usertoken"
)

// TestToken holds a token of forge's against the minter of a generated project:
// its header and claims are those that Mint gives the same user at the same
// second, and the project's own InsForge takes it, unless one bit is another.
func TestToken(t *testing.T) {
	const subject = "auth0|64a0c1f2"
	const secret = "forge-insforge-test-secret-0123456789abcdef"
	now := time.Now()
	token := usertoken.Sign(secret, subject, now, 5*time.Minute)

	probe := filepath.Join(t.TempDir(), "probe_test.go")
	if err := os.WriteFile(probe, []byte(mintProbe), 0o644); err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs("clerk")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(dir, "internal/auth/forge_probe_test.go"): probe},
	})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(filepath.Dir(probe), "overlay.json")
	if err := os.WriteFile(list, overlay, 0o644); err != nil {
		t.Fatal(err)
	}
	done := filepath.Join(filepath.Dir(probe), "done")
	t.Setenv("PROBE_DONE", done)
	t.Setenv("PROBE_TOKEN", token)
	t.Setenv("PROBE_SUBJECT", subject)
	t.Setenv("PROBE_SECRET", secret)
	t.Setenv("PROBE_SECOND", strconv.FormatInt(now.Unix(), 10))
	check(t, trial.Succeed(t.Context(), dir, "go", "test", "-vet=off", "-overlay", list, "-run", "^TestForgeProbe$", "./internal/auth"))
	if _, err := os.Stat(done); err != nil {
		t.Errorf("the project's minter was not asked: %v", err)
	}

	project := insforgetest.Project{JWTSecret: secret}
	if caller, err := project.Caller(token); err != nil || caller.Sub != subject || caller.Role != usertoken.Role {
		t.Errorf("InsForge makes %+v, %v of it", caller, err)
	}
	for i := range len(token) - 1 { // the last character has bits that no byte is made of
		changed := []byte(token)
		changed[i] ^= 1
		if caller, err := project.Caller(string(changed)); err == nil {
			t.Fatalf("InsForge makes %+v of a token whose character %d is another", caller, i)
		}
	}
	if _, err := project.Caller(usertoken.Sign("another-"+secret, subject, now, time.Minute)); err == nil {
		t.Error("InsForge takes a token that is signed with another secret")
	}
}

// mintProbe is a test of a generated project's package auth.
const mintProbe = `package auth

import (
	"maps"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/shop/internal/env"
)

func TestForgeProbe(t *testing.T) {
	second, err := strconv.ParseInt(os.Getenv("PROBE_SECOND"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	r := env.NewReader(func(name string) string {
		return map[string]string{"INSFORGE_JWT_SECRET": os.Getenv("PROBE_SECRET")}[name]
	})
	minter := NewMinter(LoadMinterConfig(r))
	minter.now = func() time.Time { return time.Unix(second, 999) }
	own, _, err := minter.Mint(Identity{Subject: os.Getenv("PROBE_SUBJECT"), ExpiresAt: time.Unix(second, 0).Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	read := func(token string) (map[string]any, jwt.MapClaims) {
		claims := jwt.MapClaims{}
		parsed, err := jwt.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return []byte(os.Getenv("PROBE_SECRET")), nil },
			jwt.WithValidMethods([]string{"HS256"}))
		if err != nil {
			t.Fatal(err)
		}
		return parsed.Header, claims
	}
	header, claims := read(own)
	forgeHeader, forgeClaims := read(os.Getenv("PROBE_TOKEN"))
	if !maps.Equal(header, forgeHeader) || !maps.Equal(claims, forgeClaims) {
		t.Errorf("forge signs %v %v, the server %v %v", forgeHeader, forgeClaims, header, claims)
	}
	if err := os.WriteFile(os.Getenv("PROBE_DONE"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
`
