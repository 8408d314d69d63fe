package payment

import (
	"slices"

	"example.com/shop/internal/env"
)

// Operators may read the ledger: the subjects of their credentials.
type Operators []string

func loadOperators(r *env.Reader) Operators {
	return r.List("OPERATOR_SUBJECTS", "user IDs separated by commas", env.Matches(`[!-~]{1,255}`))
}

// Operator says whether the signed-in user runs this service.
func (s *Service) Operator(subject string) bool {
	return slices.Contains(s.operators, subject)
}
