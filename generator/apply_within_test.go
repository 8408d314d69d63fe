package generator

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestApplyWithin: what a folder is reached by does not matter, where it is does.
func TestApplyWithin(t *testing.T) {
	outer, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(parts ...string) string { return filepath.Join(append([]string{outer}, parts...)...) }
	for _, dir := range []string{"root", "root/in", "beside"} {
		if err := os.Mkdir(at(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// What an interrupted run left beside the root and beside a link is not swept up
	// by a run that may not write there.
	for _, stage := range []string{".root.forge-stage", "beside/.new.forge-stage"} {
		put(t, at(stage), stageLock, "", 0o644)
	}
	for link, to := range map[string]string{"root/out": "../beside", "root/inner": "in", "into": "root/in"} {
		if err := os.Symlink(to, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(at("root"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	before := snapshot(t, outer)
	apply := func(dir string) error {
		plan := planFor(t, dir, map[string]Action{"a.txt": Create}, map[string]string{"a.txt": "a"})
		return ApplyWithin(t.Context(), root, dir, plan, &Tree{}, nil)
	}
	for _, dir := range []string{
		at("beside"), at("beside", "new"), at("root", "out"), at("root", "out", "new"), at("root", "in", "..", "..", "beside"),
		outer, at("new"), at("into", "..", "..", "..", "new"),
	} {
		var outside *OutsideError
		if err := apply(dir); !errors.As(err, &outside) {
			t.Errorf("%s: %v, want an OutsideError", dir, err)
		}
		sameSnapshot(t, snapshot(t, outer), before)
	}
	for _, dir := range []string{at("root"), at("root", "in"), at("root", "inner", "new"), at("root", "x", "y")} {
		if err := apply(dir); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		if data, err := os.ReadFile(filepath.Join(dir, "a.txt")); err != nil || string(data) != "a" {
			t.Errorf("%s: %q, %v", dir, data, err)
		}
	}
}
