package page

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	rec := httptest.NewRecorder()
	WriteMessage(rec, http.StatusTeapot, "A <b>title</b>", "<script>alert(1)</script>", Link{"On", "javascript:alert(1)"})
	body := rec.Body.String()
	if rec.Code != http.StatusTeapot || !strings.Contains(body, "<title>A &lt;b&gt;title") {
		t.Errorf("status %d: %s", rec.Code, body)
	}
	if strings.Contains(body, "<script>") || strings.Contains(body, `href="javascript`) {
		t.Errorf("what was given is not escaped: %s", body)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"Referrer-Policy": "same-origin",
	} {
		if got := rec.Header().Get(name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	// The style in the page is the one that the policy names.
	_, after, _ := strings.Cut(body, "<style>")
	inPage, _, ok := strings.Cut(after, "</style>")
	want := "default-src 'none'; style-src " + Hash(inPage) + "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if got := rec.Header().Get("Content-Security-Policy"); !ok || got != want {
		t.Errorf("policy %q, want %q", got, want)
	}
}

// TestNew_allows: what a page allows takes the place of the directive of that name, which must not be there
// twice.
func TestNew_allows(t *testing.T) {
	rec := httptest.NewRecorder()
	New(`{{ define "title" }}t{{ end }}{{ define "main" }}m{{ end }}`, "style-src 'unsafe-inline'").Write(rec, http.StatusOK, nil)
	want := "style-src 'unsafe-inline'; default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if policy := rec.Header().Get("Content-Security-Policy"); policy != want {
		t.Errorf("policy %q, want %q", policy, want)
	}
}
