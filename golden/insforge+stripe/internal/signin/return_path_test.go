package signin

import (
	"net/url"
	"strings"
	"testing"
)

func TestReturnPath(t *testing.T) {
	for _, s := range []string{"/", "/todos", "/payments?offset=50&limit=10", "/a/b.c-d_e~f", "/a%20b", "/a?to=//evil.example"} {
		if got := returnPath(s); got != s {
			t.Errorf("returnPath(%q) = %q, want it unchanged", s, got)
		}
	}
	for _, s := range []string{
		"", "todos", "https://evil.example/", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, `/a\..\b`,
		"/\t/evil.example", "\t//evil.example", "/\n/evil.example", " /todos", "/todos ", "/%2F/evil.example/../", "/%2fevil.example", "/%5Cevil.example",
		"javascript:alert(1)", "/todos#fragment", "/\x00", "/ü", "http:/evil.example", "/%zz", "/login", "/login?return_to=/login", "/logout",
		"/auth/callback?code=x", "/" + strings.Repeat("a", maxReturnPath),
	} {
		if got := returnPath(s); got != home {
			t.Errorf("returnPath(%q) = %q, want %q", s, got, home)
		}
	}
}

// FuzzReturnPath: wherever a browser ends up, it is this server.
func FuzzReturnPath(f *testing.F) {
	for _, s := range []string{"/todos", "//evil.example", `/\evil.example`, "/\t/evil.example", "/%2f/evil.example", "https:evil.example", "/a?b#c"} {
		f.Add(s)
	}
	base, err := url.Parse("https://app.example.com/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := returnPath(s)
		if got != s && got != home {
			t.Fatalf("returnPath(%q) = %q, neither it nor %q", s, got, home)
		}
		// What browsers do before they resolve an address (WHATWG URL Standard, basic URL parser).
		browser := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimFunc(got, func(c rune) bool { return c <= ' ' }))
		if strings.HasPrefix(browser, "//") || !strings.HasPrefix(browser, "/") {
			t.Fatalf("a browser leaves for %q", browser)
		}
		u, err := base.Parse(browser)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme {
			t.Fatalf("returnPath(%q) leads to %v, %v", s, u, err)
		}
	})
}

func TestLoginPath(t *testing.T) {
	for s, want := range map[string]string{"/todos": "/login", "/payments?offset=5": "/login?return_to=%2Fpayments%3Foffset%3D5", "//evil.example": "/login"} {
		if got := LoginPath(s); got != want {
			t.Errorf("LoginPath(%q) = %q, want %q", s, got, want)
		}
	}
}
