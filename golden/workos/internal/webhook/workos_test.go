package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/shop/internal/env"
)

const (
	testUser     = "user_01HBEQKA6K4QJAS93VPE39W1JT"
	deletedEvent = `{"id":"event_01HBEQKA6K4QJAS93VPE39W1JT","event":"user.deleted","data":{"object":"user","id":"` + testUser + `"},"created_at":"2026-01-01T00:00:00.000Z"}`
	otherEvent   = `{"id":"event_01HBEQKA6K4QJAS93VPE39W1JT","event":"user.created","data":{"object":"user","id":"` + testUser + `"},"created_at":"2026-01-01T00:00:00.000Z"}`
)

// What openssl dgst -sha256 -hmac makes of deletedEvent at that time.
const (
	testSecret      = env.Secret("workos-webhook-secret-0123456789")
	vectorTime      = "1767225600000"
	vectorSignature = "68c2460b236461a244e25707c1c047364668bea25d6803a80723a4a915c6f90e"
)

// signed is a message as WorkOS sends it.
func signed(body string, at time.Time) *http.Request {
	sent := strconv.FormatInt(at.UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(sent + "." + body))
	r := httptest.NewRequest(http.MethodPost, Path, strings.NewReader(body))
	r.Header.Set("WorkOS-Signature", "t="+sent+", v1="+hex.EncodeToString(mac.Sum(nil)))
	return r
}

func TestVerify(t *testing.T) {
	now := time.UnixMilli(1767225600000)
	wrong := strings.Repeat("00", 32)
	for name, test := range map[string]struct {
		header string
		ok     bool
	}{
		"openssl's":            {"t=" + vectorTime + ", v1=" + vectorSignature, true},
		"without a blank":      {"t=" + vectorTime + ",v1=" + vectorSignature, true},
		"the other way round":  {"v1=" + vectorSignature + ", t=" + vectorTime, true},
		"in capitals":          {"t=" + vectorTime + ", v1=" + strings.ToUpper(vectorSignature), true},
		"the second of two":    {"t=" + vectorTime + ", v1=" + wrong + ", v1=" + vectorSignature, true},
		"beside another field": {"t=" + vectorTime + ", v2=x, v1=" + vectorSignature, true},
		"as another version":   {"t=" + vectorTime + ", v2=" + vectorSignature, false},
		"wrong":                {"t=" + vectorTime + ", v1=" + wrong, false},
		"of another time":      {"t=1767225600001, v1=" + vectorSignature, false},
		"with two times":       {"t=" + vectorTime + ", t=" + vectorTime + ", v1=" + vectorSignature, false},
		"without a time":       {"v1=" + vectorSignature, false},
		"with an empty time":   {"t=, v1=" + vectorSignature, false},
		"without a signature":  {"t=" + vectorTime, false},
		"with an empty one":    {"t=" + vectorTime + ", v1=", false},
		"cut off":              {"t=" + vectorTime + ", v1=" + vectorSignature[:62], false},
		"with more behind it":  {"t=" + vectorTime + ", v1=" + vectorSignature + "x", false},
		"in base64":            {"t=" + vectorTime + ", v1=aMJGCyNkYaJE4lcHwcBHNkZovqJdaAOoByOkqRXG+Q4=", false},
		"with words":           {"nothing", false},
		"16":                   {"t=" + vectorTime + strings.Repeat(", v1="+wrong, 15) + ", v1=" + vectorSignature, true},
		"17":                   {"t=" + vectorTime + strings.Repeat(", v1="+wrong, 16) + ", v1=" + vectorSignature, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Workos-Signature": {test.header}}
			if err := verify(testSecret, h, []byte(deletedEvent), now); (err == nil) != test.ok {
				t.Errorf("%v, want ok = %v", err, test.ok)
			}
		})
	}
	h := http.Header{"Workos-Signature": {"t=" + vectorTime + ", v1=" + vectorSignature}}
	if err := verify("another-webhook-secret-0123456789", h, []byte(deletedEvent), now); err == nil {
		t.Error("another secret's signature is taken")
	}
}

func TestLoadSecret(t *testing.T) {
	for value, ok := range map[string]bool{
		"": true, string(testSecret): true, "short": false, "two words of a secret": false, string(testSecret) + "\n": false,
	} {
		r := env.NewReader(func(name string) string { return map[string]string{"WORKOS_WEBHOOK_SECRET": value}[name] })
		secret := LoadSecret(r)
		if err := r.Err(); (err == nil) != ok || ok && string(secret) != value {
			t.Errorf("%q: %v, want ok = %v", value, err, ok)
		}
	}
}

func TestDeletedUser(t *testing.T) {
	for body, want := range map[string]string{
		deletedEvent: testUser,
		otherEvent:   "",
		`{"event":"connection.activated","data":["not","a","user"]}`: "",
		`{}`: "",
	} {
		if got, err := deletedUser([]byte(body)); err != nil || got != want {
			t.Errorf("deletedUser(%s) = %q, %v, want %q", body, got, err, want)
		}
	}
	for _, body := range []string{`{"event":"user.deleted","data":[]}`, `{"event":"user.deleted","data":{"id":7}}`, `{"event":"user.deleted","data":{"id":"` + testUser + `","id":7}}`, `{"event":"user.deleted"}`, `[]`, ``} {
		if got, err := deletedUser([]byte(body)); err == nil {
			t.Errorf("deletedUser(%s) = %q, want an error", body, got)
		}
	}
}

// FuzzVerify: whatever the header is, a message is taken only with its signature in it.
func FuzzVerify(f *testing.F) {
	f.Add("t=" + vectorTime + ", v1=" + vectorSignature)
	f.Add("v1=" + vectorSignature + ",v2=x,,t=" + vectorTime)
	f.Add("t=-1,v1=")
	f.Add(",=,t=,v1==")
	f.Fuzz(func(t *testing.T, header string) {
		h := http.Header{"Workos-Signature": {header}}
		if verify(testSecret, h, []byte(deletedEvent), time.UnixMilli(1767225600000)) != nil {
			return
		}
		sent, _, err := parseSignature(header)
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, []byte(testSecret))
		mac.Write([]byte(sent + "." + deletedEvent))
		if !strings.Contains(strings.ToLower(header), "v1="+hex.EncodeToString(mac.Sum(nil))) {
			t.Errorf("verify takes %q", header)
		}
	})
}
