package signin

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// post sends a form as a browser does.
func post(mux *http.ServeMux, path string, fields url.Values) reply {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "null")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Cookie", "a=b")
	return send(mux, r)
}

func TestSubmit(t *testing.T) {
	mux, fake, calls := newTestServer(t)
	fake.cookies = []string{"__Secure-better-auth.session_token=x.y; Path=/; Secure", "__Secure-better-auth.dont_remember=z"}
	for _, tt := range []struct {
		path, asked, sent, user string
		fields                  url.Values
		email                   any
	}{
		{
			path: "/login", asked: "/api/auth/sign-in/email",
			fields: url.Values{"email": {" ada@example.com "}, "password": {" p w "}},
			sent:   `{"email":"ada@example.com","password":" p w ","rememberMe":false}`,
			user:   `{"user":{"id":"u1","name":"Ada","email":"ada@example.com","emailVerified":true}}`,
			email:  "ada@example.com",
		},
		{
			path: "/signup", asked: "/api/auth/sign-up/email",
			fields: url.Values{"name": {"Ada "}, "email": {"ada@example.com"}, "password": {"password"}, "remember": {"yes"}},
			sent:   `{"email":"ada@example.com","name":"Ada","password":"password","rememberMe":true}`,
			user:   `{"user":{"id":"u1","name":"Ada","email":"ada@example.com","emailVerified":false}}`,
			email:  nil, // nobody has verified it
		},
	} {
		t.Run(tt.path, func(t *testing.T) {
			fake.body, *calls = tt.user, nil
			tt.fields.Set("return_to", "/todos?offset=50")
			res := post(mux, tt.path, tt.fields)
			if res.status != http.StatusSeeOther || res.header.Get("Location") != "/todos?offset=50" || res.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d to %q", res.status, res.header.Get("Location"))
			}
			if got := res.header.Values("Set-Cookie"); !slices.Equal(got, fake.cookies) {
				t.Errorf("the browser gets %q, want %q", got, fake.cookies)
			}
			if fake.request.URL.Path != tt.asked || fake.sent != tt.sent {
				t.Errorf("Better Auth was asked %s %s, want %s %s", fake.request.URL, fake.sent, tt.asked, tt.sent)
			}
			h := fake.request.Header
			if h.Get("Origin") != "https://app.example.com" || h.Get("Cookie") != "a=b" || h.Get("X-Forwarded-For") != "192.0.2.1" || h.Get("Sec-Fetch-Mode") != "" {
				t.Errorf("Better Auth was sent %v", h)
			}
			if len(*calls) != 1 || (*calls)[0]["p_user_id"] != "u1" || (*calls)[0]["p_name"] != "Ada" || (*calls)[0]["p_email"] != tt.email {
				t.Errorf("the profile becomes %v", *calls)
			}
		})
	}
}

func TestSubmit_explains(t *testing.T) {
	mux, fake, calls := newTestServer(t)
	fake.cookies = []string{"better-auth.session_token=x"}
	for _, tt := range []struct {
		status int
		body   string
		want   int
		says   string
	}{
		{401, `{"code":"INVALID_EMAIL_OR_PASSWORD"}`, 422, "The e-mail address or the password is wrong."},
		{400, `{"code":"INVALID_EMAIL"}`, 422, notAnEmail},
		{403, `{"code":"EMAIL_NOT_VERIFIED"}`, 403, "Please confirm your e-mail address first"},
		{403, `{"code":"BANNED_USER"}`, 403, "This account may not sign in."},
		{429, `{"message":"Too many requests."}`, 429, "Please wait 7 seconds"},
		{403, `{"code":"INVALID_ORIGIN"}`, 502, "for a reason on our side"},
		{500, `boom`, 502, "for a reason on our side"},
		{200, `{"twoFactorRedirect":true}`, 200, "One more step is needed."},
	} {
		fake.status, fake.body = tt.status, tt.body
		res := post(mux, "/login", url.Values{"email": {`"><b>@example.com`}, "password": {"hunter2hunter2"}, "remember": {"yes"}, "return_to": {"//evil.example"}})
		if res.status != tt.want || !strings.Contains(res.body, tt.says) {
			t.Errorf("%d %s: %d %s\nwant %d %q", tt.status, tt.body, res.status, res.body, tt.want, tt.says)
		}
		if !strings.Contains(res.body, `value="&#34;&gt;&lt;b&gt;@example.com"`) || !strings.Contains(res.body, " checked>") || !strings.Contains(res.body, `name="return_to" value="/todos"`) {
			t.Errorf("%d %s: the form does not keep what was filled in: %s", tt.status, tt.body, res.body)
		}
		if strings.Contains(res.body, "hunter2") || len(res.header.Values("Set-Cookie")) > 0 {
			t.Errorf("%d %s: the answer has the password or a cookie", tt.status, tt.body)
		}
	}
	if len(*calls) > 0 {
		t.Errorf("somebody who is not signed in got a profile: %v", *calls)
	}
}

func TestSubmit_asksNothingItCanAnswer(t *testing.T) {
	mux, fake, _ := newTestServer(t)
	for _, fields := range []url.Values{
		{"email": {""}, "password": {"x"}},
		{"email": {"a@example.com"}, "password": {""}},
		{"email": {strings.Repeat("a", 320) + "@example.com"}, "password": {"x"}},
	} {
		if res := post(mux, "/login", fields); res.status != http.StatusUnprocessableEntity || fake.request != nil {
			t.Errorf("%v: %d %s", fields, res.status, res.body)
		}
	}
	if res := post(mux, "/login", url.Values{"email": {strings.Repeat("a", maxForm)}}); res.status != http.StatusBadRequest || fake.request != nil {
		t.Errorf("a form that is too long: %d %s", res.status, res.body)
	}
}

func TestForm_leadsToTheOther(t *testing.T) {
	mux, _, _ := newTestServer(t)
	for path, want := range map[string]string{
		"/login":                                 `href="/signup"`,
		"/signup":                                `href="/login"`,
		"/login?return_to=%2Fv1%2Fme%3Fa%3Db":    `href="/signup?return_to=%2Fv1%2Fme%3Fa%3Db"`,
		"/signup?return_to=https://evil.example": `href="/login"`,
	} {
		res := send(mux, httptest.NewRequest(http.MethodGet, path, nil))
		if res.status != http.StatusOK || !strings.Contains(res.body, want) {
			t.Errorf("GET %s: %d %s\nwant %s in it", path, res.status, res.body, want)
		}
	}
}

func TestLogout(t *testing.T) {
	mux, fake, _ := newTestServer(t)
	fake.cookies = []string{"__Secure-better-auth.session_token=; Max-Age=0"}
	res := post(mux, "/logout", nil)
	if res.status != http.StatusSeeOther || res.header.Get("Location") != "/" || !slices.Equal(res.header.Values("Set-Cookie"), fake.cookies) {
		t.Errorf("%d %v", res.status, res.header)
	}
	if fake.request.URL.Path != "/api/auth/sign-out" || fake.request.Header.Get("Cookie") != "a=b" {
		t.Errorf("Better Auth was asked %s %v", fake.request.URL, fake.request.Header)
	}
	fake.status = http.StatusInternalServerError
	res = post(mux, "/logout", nil)
	if res.status != http.StatusServiceUnavailable || !strings.Contains(res.body, "You are still signed in") || len(res.header.Values("Set-Cookie")) > 0 {
		t.Errorf("a sign-out that failed: %d %s", res.status, res.body)
	}
}

// TestForget: also when the Better Auth server is not there, the browser keeps nothing of the session.
func TestForget(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	s := &Service{upstream: newUpstream(Config{BaseURL: "https://app.example.com", Upstream: "http://127.0.0.1:1"}, log), log: log}
	r := httptest.NewRequest(http.MethodPost, "/account/delete", nil)
	r.Header.Set("Cookie", "__Secure-better-auth.session_token=x; better-auth.dont_remember=y; other=z")
	w := httptest.NewRecorder()
	s.Forget(w, r)
	want := []string{
		"__Secure-better-auth.session_token=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		"better-auth.dont_remember=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
	}
	if got := w.Header().Values("Set-Cookie"); !slices.Equal(got, want) {
		t.Errorf("the browser gets %q, want %q", got, want)
	}
}
