package generator

import (
	"strings"
	"testing"
)

// TestNewPlan_settings merges into an insforge.toml of the user's only where the
// InsForge CLI would heed all that it says.
func TestNewPlan_settings(t *testing.T) {
	const (
		base   = "[auth]\nallowed_redirect_urls = [\"http://localhost:8080/cb\"]\n"
		target = base + "disable_signup = true\n"
		typo   = base + "\n[storage]\nmax_file_size = 20\n[auth.smtp]\npassword = \"hunter2\"\n"
		reason = "insforge.toml:5:1: storage.max_file_size: unknown key, which the InsForge CLI drops without a word; did you mean \"storage.max_file_size_mb\"?\n" +
			"insforge.toml:7:12: auth.smtp.password: must be env(NAME)"
	)
	fine := strings.ReplaceAll(strings.ReplaceAll(typo, "max_file_size ", "max_file_size_mb "), "hunter2", "env(MAIL)")
	for name, row := range map[string]struct {
		base, actual, target string
		action               Action
		conflict             ConflictKind
	}{
		"new, beside a typo":                {"", typo, target, Clashes, AlreadyExists},
		"new, beside settings":              {"", fine, target, Merge, ""},
		"new, and all is there":             {"", target + "typo = 1\n", target, NoOp, ""},
		"templates changed, beside a typo":  {base, typo, target, Clashes, BothEdited},
		"templates changed, and settings":   {base, fine, target, Merge, ""},
		"templates the same, beside a typo": {base, typo, base, Keep, ""},
		"user made it already, with a typo": {base, target + "typo = 1\n", target, Keep, ""},
	} {
		t.Run(name, func(t *testing.T) {
			at := func(data string) *Tree { return oneAt(t, "insforge.toml", data) }
			plan := NewPlan(at(row.base), at(row.actual), at(row.target))
			c := plan.Changes[0]
			if c.Action != row.action {
				t.Fatalf("%s: %s, want %s (%v)", c.Path, c.Action, row.action, c.Conflict)
			}
			if row.conflict == "" {
				return
			}
			if c.Conflict.Kind != row.conflict || !strings.HasPrefix(c.Conflict.Reason, reason) || strings.Contains(c.Conflict.Reason, "hunter2") {
				t.Errorf("conflict %s: %s\nwant %s: %s", c.Conflict.Kind, c.Conflict.Reason, row.conflict, reason)
			}
			// Both are still to be had, to correct the file and go on.
			marked := string(c.Marked(labels()))
			if !strings.Contains(marked, "disable_signup = true") || !strings.Contains(marked, "max_file_size = 20") {
				t.Errorf("marked: %s", marked)
			}
		})
	}
}
