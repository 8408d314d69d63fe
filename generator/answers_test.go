package generator

import "testing"

// TestCheckOrigin: what is answered is what browsers send, and what the server takes.
func TestCheckOrigin(t *testing.T) {
	for _, origin := range []string{"https://app.example.com", "https://app.example.com:8443", "https://10.0.0.1", "https://[2001:db8::1]"} {
		if err := checkOrigin(origin); err != nil {
			t.Error(err)
		}
	}
	for _, origin := range []string{
		"", "app.example.com", "http://app.example.com", "https://", "https://:8443", "https://app.example.com/", "https://app.example.com/x",
		"https://app.example.com:443", "https://app.example.com:", "https://App.example.com", "HTTPS://app.example.com",
		"https://ada@app.example.com", "https://app.example.com?", "https://app.example.com#",
	} {
		if err := checkOrigin(origin); err == nil {
			t.Errorf("%q is taken for an origin", origin)
		}
	}
}
