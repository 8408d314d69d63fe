// Package invoice numbers invoices.
package invoice

import (
	"strings"

	"github.com/google/uuid"
)

// Number is a new invoice number: the prefix and the first group of a random ID.
func Number(prefix string) string {
	group, _, _ := strings.Cut(uuid.NewString(), "-")
	return prefix + strings.ToUpper(group)
}
