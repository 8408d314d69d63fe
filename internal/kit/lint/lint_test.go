package lint

import (
	"os"
	"testing"
)

// TestRun_shipped: the templates that forge ships meet every rule.
func TestRun_shipped(t *testing.T) {
	found, err := Run(os.DirFS("../../../templates"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}
