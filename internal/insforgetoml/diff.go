package insforgetoml

import "slices"

// Change is a setting that config apply would change in a live project.
type Change struct {
	Key        string // such as auth.disable_signup
	Live, Want string // in TOML
	// Hidden says that the backend does not show the setting. Live is then the
	// value that the CLI takes it to have, and apply skips the key.
	Hidden bool
}

// Diff returns what applying want would change in a project whose settings are
// live, in the order of the file. Keys that want lacks are left alone, except
// under auth.smtp, which the CLI writes as a whole. Redirect URLs are compared
// as sets. What a password is, nobody tells: it is a change only if the project
// has none, though the CLI sends it every time.
func Diff(live, want *Config) []Change {
	var changes []Change
	has, wants := live.sections(), want.sections()
	for _, s := range settings() {
		section, _ := s.section()
		if s.key == "project_id" {
			continue // says which project is meant, and is not a setting of it
		}
		from, to := s.compared(has), s.compared(wants)
		if to == "" && section == "auth.smtp" && want.has(section) && s.key != smtpPassword {
			to = s.unset
		}
		hidden := from == ""
		if section == "auth.smtp" {
			hidden = !live.has(section)
		}
		if from == "" {
			from = s.unset
		}
		if s.key == smtpPassword && from != s.unset {
			continue
		}
		if to != "" && from != to {
			changes = append(changes, Change{Key: s.key, Live: from, Want: to, Hidden: hidden})
		}
	}
	return changes
}

// compared returns the setting's value in a form in which equal ones are the
// same text.
func (s setting) compared(in sections) string {
	if list, ok := s.field(in).(*[]string); ok && *list != nil {
		set := slices.Sorted(slices.Values(*list))
		return array(slices.Compact(set))
	}
	return s.value(in)
}
