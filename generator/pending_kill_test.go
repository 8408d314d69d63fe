package generator

import (
	"maps"
	"math/rand/v2"
	"testing"
)

// TestPendingAfterKill kills an upgrade that leaves conflicts at a hundred
// random moments. Continue then gives the new tree, or the old one if nothing
// had begun; Recover, and Abort if it had ended, give the old one always.
func TestPendingAfterKill(t *testing.T) {
	t.Parallel()
	watched, dir := startMany(t, true)
	old := snapshot(t, watched)
	whole := runChild(t, dir, -1, conflictsEnv+"=1")
	done := snapshot(t, watched)
	if state, err := ReadState(dir); err != nil || len(state.Conflicts) == 0 {
		t.Fatalf("the child left %+v, %v", state, err)
	}
	counts := map[string]int{}
	for i := range 100 {
		watched, dir := startMany(t, true)
		before := withTimes(t, watched)
		after := rand.IntN(whole)
		runChild(t, dir, after, conflictsEnv+"=1")
		if i%2 == 0 {
			found, err := quick().resume(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			switch now := snapshot(t, watched); {
			case found || maps.Equal(now, done):
				counts["continued to the new"]++
				sameSnapshot(t, now, done)
			default:
				counts["continued to the old"]++
				sameSnapshot(t, now, old)
			}
		} else {
			if _, err := quick().recover(dir); err != nil {
				t.Fatal(err)
			}
			state, err := ReadState(dir)
			if err != nil {
				t.Fatal(err)
			}
			if state.Conflicts == nil {
				counts["recovered"]++
			} else {
				counts["aborted"]++
				sameSnapshot(t, snapshot(t, watched), done)
			}
			if err := quick().abort(t.Context(), dir, false); err != nil {
				t.Fatal(err)
			}
			sameSnapshot(t, withTimes(t, watched), before)
		}
		if t.Failed() {
			t.Fatalf("kill %d, after %d of %d operations", i, after, whole)
		}
		discard(t, watched, ".")
	}
	t.Logf("%d operations in all: %v", whole, counts)
}
