package insforgetoml

import "testing"

func TestRedirectURL(t *testing.T) {
	for text, want := range map[string]bool{
		"http://localhost:8080/cb": true, "https://app.example.com/*": true, "https://*.example.com/cb": true,
		"myapp://cb": true, "https://a/#frag": true, "https://example.com/**": true, "https://*foo.example.com": true,
		"https://example.com/?session=*": true, "https://example.com/[a-z]*": true, "https://example.com:3000/*": true,
		"https://[::1]/cb": true, "https://[::1]:8080": true, "HTTPS://EXAMPLE.COM": true, "https://bücher.example": true,
		"com.example.app:/cb": true, "myapp:///cb": true, "https://user@host/": true, "https://a[b]c": true, "http://[:]": true,

		"": false, "*": false, "not a url": false, "env(X)": false, "https://": false, "http://": false, "https://:8080": false,
		"https:///path": false, "https://*": false, "https://*.": false, "https://*.:8080": false, "https://.": false,
		"*.example.com": false, "javascript:alert(1)": false, "data:text/html,xss": false, "file:///etc/passwd": false,
		"JavaScript:/x": false, "vbscript:/x": false, "myapp:cb": false, "1app:/cb": false, "localhost:8080/cb": false,
		"https://a b": false, "https://a/b c": false, "https://a/\u00a0": false, "https://a/\u2028": false, "https://a/\n": false,
		"https://a?b=c": false, "https://a#b": false, "https://a:port/": false, "https://a:/": false, "https://::1": false,
		"http\u017f://a": false, " https://a": false, "https://a\\b": true, "ftp://a": true, "http:/a": false, "https://é": false,
	} {
		if got := redirectURL(text); got != want {
			t.Errorf("redirectURL(%q) = %t, want %t", text, got, want)
		}
	}
}

func TestSubdomain(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "abc": true, "a-1": true, "0a0": true, "a--b": true,
		"ab": false, "-ab": false, "ab-": false, "Abc": false, "a.b": false, " abc": false, "abc\n": false,
	} {
		if got := subdomain(text); got != want {
			t.Errorf("subdomain(%q) = %t, want %t", text, got, want)
		}
	}
}
