package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/insforge/forge/internal/authtest"
)

// minted is a token for InsForge that a server handed out.
type minted struct {
	token   string
	expires time.Time
	claims  jwt.MapClaims
	answer  answer
}

// mint asks for one and verifies it as InsForge would.
func (s *site) mint(t *testing.T, header http.Header) minted {
	t.Helper()
	m := minted{answer: s.ask(t, "/v1/insforge-token", header), claims: jwt.MapClaims{}}
	var body struct {
		Token     string
		ExpiresAt time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal([]byte(m.answer.body), &body); err != nil || m.answer.status != http.StatusOK {
		t.Fatalf("no token: %d %s", m.answer.status, m.answer.body)
	}
	m.token, m.expires = body.Token, body.ExpiresAt
	s.secret(m.token)
	_, err := jwt.ParseWithClaims(m.token, m.claims, func(*jwt.Token) (any, error) { return []byte(insforge.JWTSecret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	if err != nil {
		t.Fatalf("minted token: %v", err)
	}
	return m
}

// isUsers wants a minted token to say that a user is a user, and no more.
func (m minted) isUsers(t *testing.T, subject string) {
	t.Helper()
	if m.claims["sub"] != subject || m.claims["role"] != "authenticated" || m.claims["aud"] != "insforge-api" || len(m.claims) != 5 {
		t.Errorf("minted claims %v, want sub %q, role authenticated, aud, iat and exp alone", m.claims, subject)
	}
}

// lives wants a minted token to end in time, and InsForge to take it until then.
func (m minted) lives(t *testing.T, credentialEnds time.Time) {
	t.Helper()
	issued, err := m.claims.GetIssuedAt()
	if err != nil {
		t.Fatal(err)
	}
	expires, err := m.claims.GetExpirationTime()
	if err != nil {
		t.Fatal(err)
	}
	if life := expires.Sub(issued.Time); life <= 0 || life > 15*time.Minute || expires.After(credentialEnds) || !expires.Equal(m.expires) {
		t.Errorf("minted for %s, until %s; the answer says %s, the credential ends at %s", life, expires, m.expires, credentialEnds)
	}
	records := insforge.URL + "/api/database/records/todos"
	for what, test := range map[string]struct {
		token string
		want  int
	}{
		"the token":                  {m.token, http.StatusOK},
		"with another signature":     {m.token[:len(m.token)-8] + "AAAAAAA" + m.token[len(m.token)-1:], http.StatusUnauthorized},
		"with another's signature":   {withSignatureOf(m.token, insforge.Token("somebody else")), http.StatusUnauthorized},
		"without a signature":        {m.token[:strings.LastIndexByte(m.token, '.')+1], http.StatusUnauthorized},
		"what is in it, by nobody's": {strings.Replace(m.token, ".", ".e30", 1), http.StatusUnauthorized},
	} {
		a, err := fetch(t.Context(), http.MethodGet, records, bearer(test.token), "")
		if err != nil || a.status != test.want {
			t.Errorf("InsForge answers %s with %d %s, %v, want %d", what, a.status, a.body, err, test.want)
		}
	}
}

func withSignatureOf(token, other string) string {
	return token[:strings.LastIndexByte(token, '.')] + other[strings.LastIndexByte(other, '.'):]
}

// TestJ21_roleIsNotData: whatever a provider says about a user, InsForge hears that he
// is one.
func TestJ21_roleIsNotData(t *testing.T) {
	each(t, "J21", func(t *testing.T, p authtest.Profile) {
		s := sharedSite(t, p)
		claims := s.fresh().
			With("role", "project_admin").With("roles", []string{"project_admin"}).With("is_admin", true).
			With("email", "root@example.com").With("email_verified", true).With("org_id", "org_1").
			With("app_metadata", authtest.Claims{"role": "project_admin"}).With("user_metadata", authtest.Claims{"role": "project_admin"}).
			With("https://insforge.dev/role", "project_admin").With("permissions", []string{"*"}).
			With("o", authtest.Claims{"id": "org_1", "rol": "admin"}).With("act", authtest.Claims{"sub": "admin@example.com"})
		if p.ID == "insforge" { // whose role is data: no other than a user's is taken
			s.refused(t, token("an administrator", s.issuer.Token(claims), "role"))
			claims = claims.With("role", "authenticated")
		}
		header := bearer(s.issuer.Token(claims))
		s.accepted(t, "a token full of rights", header, s.Subject)
		s.mint(t, header).isUsers(t, s.Subject)
		admin, err := fetch(t.Context(), http.MethodGet, insforge.URL+"/api/database/migrations", bearer(s.mint(t, header).token), "")
		if err != nil || admin.status != http.StatusForbidden {
			t.Errorf("InsForge lets it see what is an administrator's: %d %s, %v", admin.status, admin.body, err)
		}
	})
}

// TestJ22_mintedLife: what is minted ends within minutes, and never after what it was
// minted for.
func TestJ22_mintedLife(t *testing.T) {
	each(t, "J22", func(t *testing.T, p authtest.Profile) {
		s := sharedSite(t, p)
		for _, left := range []time.Duration{20 * time.Second, 4 * time.Minute, 29 * 24 * time.Hour} {
			ends := time.Now().Add(left)
			m := s.mint(t, bearer(s.issuer.Token(s.fresh().With("exp", ends.Unix()))))
			m.isUsers(t, s.Subject)
			m.lives(t, ends)
		}
	})
}

// TestJ23_mintedIsSecret: a minted token stands in one answer, which nobody stores. That
// no log has it, nor any other credential, each server's end shows.
func TestJ23_mintedIsSecret(t *testing.T) {
	each(t, "J23", func(t *testing.T, p authtest.Profile) {
		s := open(t, p, nil)
		isSecret(t, s.site, bearer(s.good()))
	})
}

func isSecret(t *testing.T, s *site, header http.Header) {
	t.Helper()
	m := s.mint(t, header)
	for name, values := range m.answer.header {
		switch name {
		case "Set-Cookie", "Location", "Refresh", "Link", "Access-Control-Allow-Origin":
			t.Errorf("the answer has %s: %s", name, values)
		}
		if strings.Contains(strings.Join(values, " "), m.token) {
			t.Errorf("the token is in %s", name)
		}
	}
	if got := m.answer.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	for _, path := range []string{"/v1/me", "/v1/todos"} {
		a := s.ask(t, path, header)
		if a.status != http.StatusOK || strings.Contains(a.body, m.token) || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("GET %s: %d, %s, %s", path, a.status, a.header, a.body)
		}
	}
	// All this is in the log by now, also what failed.
	s.refused(t, attempt{name: "in the query", query: "?token=" + m.token, why: "no credential"})
	log := s.server.Log()
	for _, path := range routes {
		if !strings.Contains(log, `"path":"`+path+`"`) {
			t.Errorf("the log has no line of %s", path)
		}
	}
	if strings.Contains(log, m.token[strings.LastIndexByte(m.token, '.')+1:]) {
		t.Error("the log has the token's signature")
	}
}

// TestJ27_keysFromOutside: InsForge's own keys are no credentials of this API, and do
// not get through to InsForge either, where one would make an administrator of a user.
func TestJ27_keysFromOutside(t *testing.T) {
	each(t, "J27", func(t *testing.T, p authtest.Profile) {
		s := sharedSite(t, p)
		keysFromOutside(t, s.site, notAToken(s), bearer(s.good()))
	})
}

// keysFromOutside needs a user's credential.
func keysFromOutside(t *testing.T, s *site, why string, user http.Header) {
	t.Helper()
	secret := insforge.Token("owner of a secret")
	a, err := fetch(t.Context(), http.MethodPost, insforge.URL+"/api/database/records/todos", http.Header{
		"Authorization": {"Bearer " + secret}, "Content-Type": {"application/json"},
	}, `[{"title":"a secret"}]`)
	if err != nil || a.status >= 300 {
		t.Fatalf("%d %s, %v", a.status, a.body, err)
	}
	key := http.Header{"X-Api-Key": {insforge.APIKey}, "Apikey": {insforge.APIKey}}
	s.refused(t,
		token("the API key", insforge.APIKey, why),
		token("the anonymous key", insforge.AnonKey, why),
		attempt{name: "in its header", header: key, why: "no credential"})
	with := user.Clone()
	for name, values := range key {
		with[name] = values
	}
	for _, path := range []string{"/v1/me", "/v1/todos"} {
		if a := s.ask(t, path, with); a.status != http.StatusOK || strings.Contains(a.body, "a secret") {
			t.Errorf("GET %s with an API key beside: %d %s", path, a.status, a.body)
		}
	}
	direct, err := fetch(t.Context(), http.MethodGet, insforge.URL+"/api/database/records/todos", with, "")
	if err == nil && direct.status == http.StatusOK && !strings.Contains(direct.body, "a secret") {
		t.Errorf("sent to InsForge itself, the key has no effect: %s", direct.body)
	}
}
