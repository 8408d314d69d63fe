package invoice_test

import (
	"regexp"
	"testing"

	"example.com/shop/internal/invoice"
)

func TestNumber(t *testing.T) {
	number := invoice.Number("INV-")
	if !regexp.MustCompile(`^INV-[0-9A-F]{8}$`).MatchString(number) {
		t.Errorf("number %q", number)
	}
	if again := invoice.Number("INV-"); again == number {
		t.Errorf("%q twice", number)
	}
}
