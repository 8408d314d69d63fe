package insforgetoml

import (
	"fmt"
	"strings"

	"github.com/insforge/forge/internal/spelling"
)

// advice says what to do about an unknown name in a section: the known key that
// was meant, if one is near in spelling there, or of that name elsewhere.
func advice(section, name string) string {
	var found string
	best := min(3, len(name))
	for _, key := range allKeys() {
		in, last := setting{key: key}.section()
		d := spelling.Distance(plain(name), plain(last))
		if in == section && d < best || d == 0 && best > 0 {
			found, best = key, d
		}
	}
	if found == "" {
		return "remove it"
	}
	return fmt.Sprintf("did you mean %q?", found)
}

// allKeys returns the keys of all sections and settings.
func allKeys() []string {
	keys := sectionNames()[1:]
	for _, s := range settings() {
		keys = append(keys, s.key)
	}
	return keys
}

// plain makes disableSignup, disable-signup and disable_signup one name.
func plain(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}
