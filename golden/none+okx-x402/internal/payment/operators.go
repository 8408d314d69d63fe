package payment

import (
	"crypto/sha256"
	"crypto/subtle"

	"example.com/shop/internal/env"
)

// Operators may read the ledger: whoever shows the token.
type Operators struct{ Token env.Secret }

func loadOperators(r *env.Reader) Operators {
	return Operators{r.Secret("OPERATOR_TOKEN", "at least 32 characters of ASCII without spaces, such as openssl rand -hex 32 prints", env.Matches(`[!-~]{32,}`))}
}

// Operator says whether the token is that of whoever runs this service. How long it
// takes tells nothing about the right one.
func (s *Service) Operator(token string) bool {
	// Of texts of different lengths the comparison would tell at once that they are.
	shown, right := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.operators.Token))
	return subtle.ConstantTimeCompare(shown[:], right[:]) == 1 && s.operators.Token != ""
}
