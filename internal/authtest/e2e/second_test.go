package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/clerk/clerk-sdk-go/v2"
	clerkjwt "github.com/clerk/clerk-sdk-go/v2/jwt"

	"github.com/insforge/forge/internal/authtest"
)

// TestClerk_secondOpinion asks Clerk's own SDK about the tokens that it judges rightly.
// It takes others that the server refuses: those of another issuer, without an end,
// without a subject, or of a pending session.
func TestClerk_secondOpinion(t *testing.T) {
	s := mistake(t, "clerk")
	key := &clerk.JSONWebKey{Key: &s.issuer.Key().PublicKey, KeyID: s.issuer.KeyID(), Algorithm: "RS256", Use: "sig"}
	for name, test := range map[string]struct {
		token string
		ok    bool
	}{
		"good":                 {s.good(), true},
		"of version 1":         {s.issuer.Token(s.fresh().With("v", nil).With("org_id", "org_1")), true},
		"expired":              {s.issuer.Token(s.Claims(time.Now().Add(-80 * time.Second))), false},
		"not valid yet":        {s.issuer.Token(s.Claims(time.Now().Add(80 * time.Second))), false},
		"by another key":       {authtest.NewIssuer("attacker").Sign(s.issuer.Header().JSON(), s.fresh().JSON()), false},
		"by none":              {withSignatureOf(s.good(), "."), false},
		"of other claims":      {withSignatureOf(s.good(), s.issuer.Token(s.fresh().With("sub", "user_other"))), false},
		"made on another page": {s.issuer.Token(s.fresh().With("azp", "http://localhost:3000")), false},
		"made on no page":      {s.issuer.Token(s.fresh().With("azp", nil)), false},
		"alg none":             {s.issuer.Sign(s.issuer.Header().With("alg", "none").JSON(), s.fresh().JSON()), false},
		"alg RS512":            {s.issuer.Sign(s.issuer.Header().With("alg", "RS512").JSON(), s.fresh().JSON()), false},
	} {
		claims, err := clerkjwt.Verify(t.Context(), &clerkjwt.VerifyParams{
			Token: test.token, JWK: key, Leeway: leeway,
			AuthorizedPartyHandler: func(azp string) bool { return azp == "http://localhost:8080" },
		})
		if (err == nil) != test.ok {
			t.Errorf("%s: Clerk's SDK says %v, want ok = %v", name, err, test.ok)
			continue
		}
		if !test.ok {
			if a := s.me(t, bearer(test.token)); a.status != http.StatusUnauthorized {
				t.Errorf("%s: Clerk's SDK refuses it with %v, the server answers %d %s", name, err, a.status, a.body)
			}
			continue
		}
		s.accepted(t, name, bearer(test.token), claims.Subject)
	}
}
