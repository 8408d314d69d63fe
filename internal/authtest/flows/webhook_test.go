package flows_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// webhooks are how providers say that a user was deleted, and how they sign it.
var webhooks = map[string]struct {
	path, setting, secret string
	body                  string // %s is the user
	sign                  func(secret, body string, sent time.Time) http.Header
}{
	"clerk": {
		path: "/webhooks/clerk", setting: "CLERK_WEBHOOK_SECRET", secret: "whsec_" + base64.StdEncoding.EncodeToString([]byte("a key of 24 random bytes")),
		body: `{"type":"user.deleted","object":"event","data":{"id":%q,"object":"user","deleted":true}}`,
		sign: func(secret, body string, sent time.Time) http.Header {
			key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
			at := fmt.Sprint(sent.Unix())
			return http.Header{
				"Svix-Id": {"msg_1"}, "Svix-Timestamp": {at},
				"Svix-Signature": {"v1," + base64.StdEncoding.EncodeToString(hmacOf(key, "msg_1."+at+"."+body))},
			}
		},
	},
	"workos": {
		path: "/webhooks/workos", setting: "WORKOS_WEBHOOK_SECRET", secret: "a-signing-secret-of-the-endpoint",
		body: `{"id":"event_1","event":"user.deleted","data":{"id":%q,"object":"user"}}`,
		sign: func(secret, body string, sent time.Time) http.Header {
			at := fmt.Sprint(sent.UnixMilli())
			return http.Header{"Workos-Signature": {"t=" + at + ", v1=" + hex.EncodeToString(hmacOf([]byte(secret), at+"."+body))}}
		},
	},
}

func hmacOf(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// TestWebhook: what is kept of a user goes when the provider says that they are gone, and not when
// somebody else does.
func TestWebhook(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		hook := webhooks[id]
		s := open(t, id, 1, hook.setting+"="+hook.secret)
		s.secret(hook.secret)
		send := func(u *user, header http.Header) int {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.servers[0].URL+hook.path, strings.NewReader(fmt.Sprintf(hook.body, u.subject)))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = header
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			_, _ = io.Copy(io.Discard, res.Body)
			return res.StatusCode
		}
		enter := func() (*visitor, *user) {
			v, u := s.signedIn()
			v.open(http.MethodPost, "/todos", url.Values{"title": {"Water the plants"}})
			return v, u
		}
		leaving, gone := enter()
		staying, kept := enter()
		body := fmt.Sprintf(hook.body, gone.subject)
		for what, header := range map[string]http.Header{
			"unsigned":                {},
			"with another secret":     hook.sign("whsec_"+base64.StdEncoding.EncodeToString([]byte("another of 24 random byte")), body, time.Now()),
			"signed for somebody":     hook.sign(hook.secret, fmt.Sprintf(hook.body, kept.subject), time.Now()),
			"of ten minutes ago":      hook.sign(hook.secret, body, time.Now().Add(-10*time.Minute)),
			"of ten minutes from now": hook.sign(hook.secret, body, time.Now().Add(10*time.Minute)),
		} {
			if status := send(gone, header); status != http.StatusBadRequest {
				t.Errorf("a message %s: status %d", what, status)
			}
		}
		leaving.in(gone)

		s.databaseDown.Store(true)
		if status := send(gone, hook.sign(hook.secret, body, time.Now())); status != http.StatusServiceUnavailable {
			t.Errorf("with the database down: status %d, so the provider does not try again", status)
		}
		s.databaseDown.Store(false)
		for range 2 { // it may come again
			if status := send(gone, hook.sign(hook.secret, body, time.Now())); status != http.StatusNoContent {
				t.Errorf("status %d", status)
			}
		}
		leaving.out()
		staying.in(kept)
		for u, want := range map[*user]int{gone: 0, kept: 1} {
			var todos, profiles int
			s.query(&todos, "select count(*) from public.todos where user_id = $1", u.subject)
			s.query(&profiles, "select count(*) from public.profiles where user_id = $1", u.subject)
			if todos != want || profiles != want || s.sessions(u) != want {
				t.Errorf("%d todos, %d profiles and %d sessions are left, want %d of each", todos, profiles, s.sessions(u), want)
			}
		}
	}, "clerk", "workos")
}

// TestWebhook_withoutASecret: then anybody could sign, so there is nothing to send to.
func TestWebhook_withoutASecret(t *testing.T) {
	each(t, func(t *testing.T, id string) {
		s := open(t, id, 1, webhooks[id].setting+"=")
		if p := s.visitor().ask(http.MethodPost, webhooks[id].path, nil, nil); p.status != http.StatusNotFound {
			t.Errorf("status %d", p.status)
		}
	}, "clerk", "workos")
}
