package cli

import (
	"bytes"
	"fmt"
	"maps"
	"testing"
	"time"
)

// TestUpgrade_killed kills an upgrade at moments spread over its whole run.
// Afterwards the project is the old or the new one, file for file, whether the
// run is continued or taken back.
func TestUpgrade_killed(t *testing.T) {
	const kills = 16
	upgrade := []string{"upgrade", "--defaults", "--conflict=take"}
	before := project(t)
	after := copied(t, before)
	began := time.Now()
	must(t, after, "forge2", upgrade...)
	took := time.Since(began)
	was, is := files(t, before), files(t, after)
	finished := 0
	for i := range kills {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dir := copied(t, before)
			cmd := command(t, dir, "forge2", upgrade...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(took*time.Duration(i)/kills, func() { _ = cmd.Process.Kill() })
			_ = cmd.Wait() // killed, or faster
			timer.Stop()
			end := []string{"--continue", "--abort"}[i%2]
			out, code := output(t, command(t, dir, "forge2", "upgrade", end))
			got := files(t, dir)
			switch {
			case maps.Equal(got, was):
			case maps.Equal(got, is):
				finished++
			default:
				t.Errorf("neither the old project nor the new one after %s:\n%s\nnot the old one:\n%s\nnot the new one:\n%s", end, out, difference(got, was), difference(got, is))
			}
			if code != exitDone && !bytes.Contains(out, []byte("there is no unfinished run")) {
				t.Errorf("%s: exit code %d\n%s", end, code, out)
			}
		})
	}
	t.Logf("%d of %d runs were finished, of %v each", finished, kills, took)
}
