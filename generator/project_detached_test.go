package generator

import "testing"

// extra is the small catalog with a file extra.txt, or without one if text is "".
func extra(version, text string) map[string]string {
	if text == "" {
		text = "-"
	}
	return map[string]string{"base/files/extra.txt.tmpl": text, "base/files/version.txt.tmpl": version + "\n"}
}

// TestProject_Plan_detached has forge write a file, stop writing it, and write
// another version of it again. What the user does comes before each of the two
// upgrades.
func TestProject_Plan_detached(t *testing.T) {
	edit := func(text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { put(t, dir, "extra.txt", text, 0o644) }
	}
	remove := func(t *testing.T, dir string) { discard(t, dir, "extra.txt") }
	none := func(*testing.T, string) {}
	const version2, version3 = `version.txt update "0.2.0\n"`, `version.txt update "0.3.0\n"`
	for _, c := range []struct {
		name         string
		before       func(*testing.T, string)
		dropped      string
		detached     bool
		between      func(*testing.T, string)
		written, end string
	}{
		{"pristine", none, `extra.txt delete, ` + version2, false, none, `extra.txt create "one\ntwo\nTHREE\n", ` + version3, third},
		{"edited", edit(first), version2, true, none, `extra.txt merge "ONE\ntwo\nTHREE\n", ` + version3, both},
		{"edited later", edit(first), version2, true, edit(three), `extra.txt update "one\ntwo\nTHREE\n", ` + version3, third},
		{"edited alike", edit(first), version2, true, edit(third), version3, third},
		{"deleted", remove, version2, false, none, `extra.txt create "one\ntwo\nTHREE\n", ` + version3, third},
		{"edited, then deleted", edit(first), version2, true, remove, version3, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := newProject(t, generation("0.1.0", extra("0.1.0", three)))
			c.before(t, dir)
			upgradeIn(t, dir, generation("0.2.0", extra("0.2.0", "")), acmeCoin, c.dropped)
			if found, detached := recordOf(t, dir, "extra.txt"); found != c.detached || detached != c.detached {
				t.Errorf("recorded %v, detached %v, want %v", found, detached, c.detached)
			}
			if kept := bytesIn(t, dir, BaseDir+"/extra.txt") == three; kept != c.detached {
				t.Errorf("pristine bytes kept: %v, want %v", kept, c.detached)
			}
			c.between(t, dir)
			upgradeIn(t, dir, generation("0.3.0", extra("0.3.0", third)), acmeCoin, c.written)
			if got := bytesIn(t, dir, "extra.txt"); got != c.end {
				t.Errorf("extra.txt is %q, want %q", got, c.end)
			}
			if found, detached := recordOf(t, dir, "extra.txt"); !found || detached {
				t.Errorf("at the end: recorded %v, detached %v", found, detached)
			}
		})
	}
}

// recordOf reports whether the manifest in dir has path, and as detached.
func recordOf(t *testing.T, dir, path string) (found, detached bool) {
	t.Helper()
	for _, r := range opened(t, dir).Manifest.Files {
		if r.Path == path {
			return true, r.Detached
		}
	}
	return false, false
}

func TestProject_Plan_detachedConflict(t *testing.T) {
	dir := newProject(t, generation("0.1.0", extra("0.1.0", three)))
	put(t, dir, "extra.txt", first, 0o644)
	upgradeIn(t, dir, generation("0.2.0", extra("0.2.0", "")), acmeCoin, `version.txt update "0.2.0\n"`)
	// Upgrades in between leave it alone, even if it is again as forge wrote it.
	put(t, dir, "extra.txt", three, 0o644)
	upgradeIn(t, dir, generation("0.3.0", extra("0.3.0", "")), acmeCoin, `version.txt update "0.3.0\n"`)
	put(t, dir, "extra.txt", first, 0o644)
	u, err := planIn(t, dir, generation("0.4.0", extra("0.4.0", first2)), acmeCoin, false)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := writesOf(u.Plan), `extra.txt conflict (both-edited), version.txt update "0.4.0\n"`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestProject_Plan_detachedForgotten: once the user has deleted a file that
// forge no longer writes, nothing of it stays.
func TestProject_Plan_detachedForgotten(t *testing.T) {
	dir := newProject(t, generation("0.1.0", extra("0.1.0", three)))
	put(t, dir, "extra.txt", first, 0o644)
	upgradeIn(t, dir, generation("0.2.0", extra("0.2.0", "")), acmeCoin, `version.txt update "0.2.0\n"`)
	discard(t, dir, "extra.txt")
	upgradeIn(t, dir, generation("0.3.0", extra("0.3.0", "")), acmeCoin, `version.txt update "0.3.0\n"`)
	if found, _ := recordOf(t, dir, "extra.txt"); found || bytesIn(t, dir, BaseDir+"/extra.txt") != "" {
		t.Error("extra.txt is still on record")
	}
	upgradeIn(t, dir, generation("0.4.0", extra("0.4.0", third)), acmeCoin, `extra.txt create "one\ntwo\nTHREE\n", version.txt update "0.4.0\n"`)
}

// TestProject_Plan_detachedLostBase: forge has no use for the pristine bytes
// unless it writes the file again, and then the user's is one of their own.
func TestProject_Plan_detachedLostBase(t *testing.T) {
	dir := newProject(t, generation("0.1.0", extra("0.1.0", three)))
	put(t, dir, "extra.txt", first, 0o644)
	upgradeIn(t, dir, generation("0.2.0", extra("0.2.0", "")), acmeCoin, `version.txt update "0.2.0\n"`)
	discard(t, dir, BaseDir+"/extra.txt")
	u, err := planIn(t, dir, generation("0.3.0", extra("0.3.0", third)), acmeCoin, false)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := writesOf(u.Plan), `extra.txt conflict (already-exists), version.txt update "0.3.0\n"`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	upgradeIn(t, dir, generation("0.3.0", extra("0.3.0", "")), acmeCoin, `version.txt update "0.3.0\n"`)
	if found, _ := recordOf(t, dir, "extra.txt"); found || bytesIn(t, dir, "extra.txt") != first {
		t.Error("extra.txt is not the user's alone")
	}
}
