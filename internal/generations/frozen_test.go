package generations_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/generator"
)

const sumsFile = "1.sums"

// Whoever needs this has found a mistake in generation 1 itself: that it is not
// what forge 0.1.0 shipped.
var refreeze = flag.Bool("refreeze", false, "record what generation 1 renders now. "+
	"You should not: projects out there have what is recorded, and a test that upgrades from anything else proves nothing about them")

// TestGeneration1_isFrozen holds generation 1 to what forge 0.1.0 wrote.
func TestGeneration1_isFrozen(t *testing.T) {
	c := load(t, 1)
	var b strings.Builder
	for _, combo := range combinations(c) {
		fmt.Fprintf(&b, "%s  %s\n", sum(render(t, c, combo)), combo.name)
	}
	if *refreeze {
		if err := os.WriteFile(sumsFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	recorded, err := os.ReadFile(sumsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(recorded), b.String()); diff != "" {
		t.Errorf("generation 1 no longer renders what forge 0.1.0 wrote. Take back the change to internal/generations/1, "+
			"or make the generator render old templates as before (-recorded +rendered):\n%s", diff)
	}
}

// sum is the hash of a tree: of one line for each file, with its path, mode
// and hash.
func sum(tree *generator.Tree) string {
	h := sha256.New()
	for f := range tree.All() {
		fmt.Fprintf(h, "%s %04o %s\n", f.Path, f.Mode.Perm(), f.SHA256())
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
