package spelling_test

import (
	"testing"

	"github.com/insforge/forge/internal/spelling"
)

func TestNearest(t *testing.T) {
	words := []string{"clerk", "kinde", "new", "dry-run"}
	for typed, want := range map[string]string{
		"clark": "clerk", "Clerkk": "clerk", "knide": "kinde", "nwe": "new", "dryrun": "dry-run", "clerk": "clerk",
		"auth": "", "clerical": "", "": "",
	} {
		if got := spelling.Nearest(typed, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abd", 1}, {"abc", "bc", 1}, {"kitten", "sitting", 3}} {
		if got := spelling.Distance(c.a, c.b); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
