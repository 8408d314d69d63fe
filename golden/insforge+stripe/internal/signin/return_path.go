package signin

import (
	"net/url"
	"strings"
)

// home is where signing in leads unless it began somewhere else.
const home = "/todos"

// maxReturnPath is longer than any address of this server.
const maxReturnPath = 1024

// returnPath is where the browser goes after signing in: s if that is a path on this server, and home
// otherwise. A link to the sign-in page can be made by anybody, and must not lead to their site.
func returnPath(s string) string {
	// A browser reads // and /\ as the start of another host, and drops tabs and line ends before it reads.
	if len(s) > maxReturnPath || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") ||
		strings.ContainsFunc(s, func(c rune) bool { return c == '\\' || c <= ' ' || c == 0x7f || c > 0x7e }) {
		return home
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Fragment != "" {
		return home
	}
	// The decoded path counts as well: something on the way may decode it.
	if strings.HasPrefix(u.Path, "//") || strings.ContainsRune(u.Path, '\\') {
		return home
	}
	switch u.Path {
	case "/login", "/logout", "/auth/callback", "/auth/session", "/authenticate":
		return home // these would go round in a circle
	}
	return s
}

// LoginPath is the sign-in page that leads back to the path s.
func LoginPath(s string) string {
	if s = returnPath(s); s == home {
		return "/login"
	}
	return "/login?" + url.Values{"return_to": {s}}.Encode()
}
