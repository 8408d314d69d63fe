package insforgetoml

import (
	"regexp"
	"strings"
)

// The backend's patterns run in JavaScript. Where that means something else
// than Go by the same sign, they are spelled out here: \s knows all of Unicode's
// spaces, and ignoring case stays within ASCII.
const notSpace = `[^\t-\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}]`

var (
	// webURL has a host in its first group. A wildcard may stand anywhere in the
	// host and in the path, but there is no query without a path.
	webURL = regexp.MustCompile(`^[hH][tT][tT][pP][sS]?://(` + hostChar + `+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?(?:/` + notSpace + `*)?$`)
	// appURL has its scheme in the first group.
	appURL    = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9+.-]*):/` + notSpace + `*$`)
	alphanum  = regexp.MustCompile(`[a-zA-Z0-9]`)
	bracketed = regexp.MustCompile(`^\[[0-9A-Fa-f:.]+\]$`)

	envReference = regexp.MustCompile(`^env\(([A-Z_][A-Z0-9_]*)\)$`)
	slug         = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
)

var hostChar = strings.TrimSuffix(notSpace, "]") + "/:?#]"

// redirectURL reports whether the backend takes text as a URL, or a pattern of
// URLs, to send users to after they signed in.
func redirectURL(text string) bool {
	if m := webURL.FindStringSubmatch(text); m != nil {
		// A host of dots and wildcards alone would be everyone's.
		return alphanum.MatchString(m[1]) || bracketed.MatchString(m[1])
	}
	m := appURL.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	switch strings.ToLower(m[1]) {
	case "http", "https", "javascript", "data", "file", "vbscript":
		return false
	}
	return true
}

// secretName reports whether text refers to a secret.
func secretName(text string) bool { return envReference.MatchString(text) }

// subdomain reports whether the backend takes text as a subdomain, or as the
// wish to have none.
func subdomain(text string) bool { return text == "" || slug.MatchString(text) }
