package payment

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"example.com/shop/internal/env"
)

func TestOperator(t *testing.T) {
	const token = "0123456789abcdef0123456789abcdef"
	s := New(Config{Operators: Operators{token}}, nil, slog.New(slog.DiscardHandler))
	for shown, want := range map[string]bool{
		token: true, "": false, token + "0": false, token[1:]: false, strings.ToUpper(token): false,
	} {
		if got := s.Operator(shown); got != want {
			t.Errorf("Operator(%q) = %v, want %v", shown, got, want)
		}
	}
	if New(Config{}, nil, slog.New(slog.DiscardHandler)).Operator("") {
		t.Error("without a token, showing none lets everybody through")
	}
}

func TestLoadOperators(t *testing.T) {
	for value, ok := range map[string]bool{
		"":                        false,
		strings.Repeat("a", 31):   false,
		strings.Repeat("a", 32):   true,
		strings.Repeat("ab ", 20): false,
		strings.Repeat("ä", 20):   false,
		strings.Repeat("a:", 40):  true,
	} {
		r := env.NewReader(func(name string) string {
			if name == "OPERATOR_TOKEN" {
				return value
			}
			return ""
		})
		operators := loadOperators(r)
		err := r.Err()
		if (err == nil) != ok {
			t.Errorf("OPERATOR_TOKEN=%q: %v", value, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "OPERATOR_TOKEN") || value != "" && strings.Contains(err.Error(), value)) {
			t.Errorf("OPERATOR_TOKEN=%q: the error does not name it, or repeats its value: %v", value, err)
		}
		if printed := fmt.Sprintf("%v %+v %#v", operators, operators, operators); value != "" && strings.Contains(printed, value) {
			t.Errorf("it prints as %s", printed)
		}
	}
}
