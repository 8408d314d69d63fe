package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/shop/internal/env"
)

const (
	testUser     = "user_2xPnG8KxVQr"
	deletedEvent = `{"data":{"deleted":true,"id":"` + testUser + `","object":"user"},"object":"event","type":"user.deleted"}`
	otherEvent   = `{"data":{"id":"` + testUser + `","object":"user"},"object":"event","type":"user.created"}`
)

// The secret, message and signature that Svix's own documentation gives as an example.
const (
	testSecret      = env.Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorSeconds   = 1614265330
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

// signed is a message as Clerk sends it.
func signed(body string, at time.Time) *http.Request {
	const id = "msg_2xPnG8KxVQr"
	key, err := signingKey(testSecret)
	if err != nil {
		panic(err)
	}
	sent := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + sent + "." + body))
	r := httptest.NewRequest(http.MethodPost, Path, strings.NewReader(body))
	r.Header.Set("Svix-Id", id)
	r.Header.Set("Svix-Timestamp", sent)
	r.Header.Set("Svix-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return r
}

func vectorHeader(signatures string) http.Header {
	return http.Header{"Svix-Id": {vectorID}, "Svix-Timestamp": {strconv.Itoa(vectorSeconds)}, "Svix-Signature": {signatures}}
}

func TestVerify(t *testing.T) {
	now := time.Unix(vectorSeconds, 0)
	const wrong = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	raw := strings.TrimPrefix(vectorSignature, "v1,")
	for name, test := range map[string]struct {
		signatures string
		ok         bool
	}{
		"Svix's own":              {vectorSignature, true},
		"the second of two":       {wrong + " " + vectorSignature, true},
		"the first of two":        {vectorSignature + " " + wrong, true},
		"beside another kind":     {"v1a,AAAA " + vectorSignature, true},
		"as another kind":         {"v1a," + raw, false},
		"as another version":      {"v2," + raw, false},
		"wrong":                   {wrong, false},
		"without a version":       {raw, false},
		"separated by commas":     {wrong + "," + vectorSignature, false},
		"cut off":                 {vectorSignature[:len(vectorSignature)-4], false},
		"without its padding":     {strings.TrimRight(vectorSignature, "="), false},
		"with bits after its end": {strings.Replace(vectorSignature, "E=", "F=", 1), false},
		"in the alphabet of URLs": {strings.Replace(vectorSignature, "+", "-", 1), false},
		"with more behind it":     {vectorSignature + "x", false},
		"empty":                   {"v1,", false},
		"16":                      {strings.Repeat(wrong+" ", 15) + vectorSignature, true},
		"17":                      {strings.Repeat(wrong+" ", 16) + vectorSignature, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := verify(testSecret, vectorHeader(test.signatures), []byte(vectorBody), now); (err == nil) != test.ok {
				t.Errorf("%v, want ok = %v", err, test.ok)
			}
		})
	}
	if err := verify("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", vectorHeader(vectorSignature), []byte(vectorBody), now); err == nil {
		t.Error("another secret's signature is taken")
	}
	h := vectorHeader(vectorSignature)
	h.Set("Svix-Id", vectorID+".1")
	if err := verify(testSecret, h, []byte(vectorBody), now); err == nil || !strings.Contains(err.Error(), "dot") {
		t.Errorf("an ID with a dot: %v", err)
	}
}

// TestVerify_nothingSigned: neither a missing ID nor a missing key is one that a signature can be of.
func TestVerify_nothingSigned(t *testing.T) {
	now := time.Now()
	sign := func(key []byte, id string) http.Header {
		sent := strconv.FormatInt(now.Unix(), 10)
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + sent + "." + vectorBody))
		return http.Header{"Svix-Id": {id}, "Svix-Timestamp": {sent}, "Svix-Signature": {"v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))}}
	}
	key, err := signingKey(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(testSecret, sign(key, vectorID), []byte(vectorBody), now); err != nil {
		t.Fatal(err)
	}
	for name, ids := range map[string][]string{"an empty ID": {""}, "no ID": nil, "two IDs": {"", ""}} {
		h := sign(key, "")
		if h["Svix-Id"] = ids; verify(testSecret, h, []byte(vectorBody), now) == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if verify("whsec_", sign(nil, vectorID), []byte(vectorBody), now) == nil {
		t.Error("a signature by no key is taken")
	}
}

func TestLoadSecret(t *testing.T) {
	for value, ok := range map[string]bool{
		"": true, string(testSecret): true,
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": false, "whsec_": false, "whsec_c2hvcnQ=": false, "whsec_no base64": false, string(testSecret) + "!": false,
		`"` + string(testSecret) + `"`: false,
	} {
		r := env.NewReader(func(name string) string { return map[string]string{"CLERK_WEBHOOK_SECRET": value}[name] })
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
		`{"type":"email.created","data":["not","a","user"]}`: "",
		`{}`: "",
	} {
		if got, err := deletedUser([]byte(body)); err != nil || got != want {
			t.Errorf("deletedUser(%s) = %q, %v, want %q", body, got, err, want)
		}
	}
	for _, body := range []string{`{"type":"user.deleted","data":[]}`, `{"type":"user.deleted","data":{"id":7}}`, `{"type":"user.deleted","data":{"id":"` + testUser + `","id":7}}`, `{"type":"user.deleted"}`, `[]`, ``} {
		if got, err := deletedUser([]byte(body)); err == nil {
			t.Errorf("deletedUser(%s) = %q, want an error", body, got)
		}
	}
}

// FuzzVerify: whatever the headers are, a message is taken only with its signature among them.
func FuzzVerify(f *testing.F) {
	f.Add(vectorID, "1614265330", vectorSignature)
	f.Add(vectorID, "1614265330", "v1,AAAA "+vectorSignature+" v1a,x")
	f.Add("", "-1", "v1,")
	f.Add("a.b", "1e3", ",v1 ,,")
	f.Fuzz(func(t *testing.T, id, sent, signatures string) {
		h := http.Header{"Svix-Id": {id}, "Svix-Timestamp": {sent}, "Svix-Signature": {signatures}}
		if verify(testSecret, h, []byte(vectorBody), time.Unix(vectorSeconds, 0)) != nil {
			return
		}
		key, err := signingKey(testSecret)
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + sent + "." + vectorBody))
		if !strings.Contains(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))) {
			t.Errorf("verify takes %q of %q at %q", signatures, id, sent)
		}
	})
}
