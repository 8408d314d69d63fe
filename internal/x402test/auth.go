package x402test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"
)

const (
	// clockWindow is how far a caller's clock may be off.
	clockWindow = 30 * time.Second

	// timestamps have exactly milliseconds and Z (OKX's documentation and SDKs).
	timestampFormat = "2006-01-02T15:04:05.000Z"
)

// authenticate checks the four headers of OKX's API: the signature is
// base64(HMAC-SHA256(secret, timestamp + METHOD + path with query + body)).
func (f *Facilitator) authenticate(r *http.Request, body []byte) error {
	var (
		key        = r.Header.Get("OK-ACCESS-KEY")
		passphrase = r.Header.Get("OK-ACCESS-PASSPHRASE")
		signature  = r.Header.Get("OK-ACCESS-SIGN")
		timestamp  = r.Header.Get("OK-ACCESS-TIMESTAMP")
	)
	refuse := func(code, text string) error { return refusal{http.StatusUnauthorized, code, text} }
	switch {
	case key == "":
		return refuse("50103", `Request header "OK-ACCESS-KEY" cannot be empty`)
	case passphrase == "":
		return refuse("50104", `Request header "OK-ACCESS-PASSPHRASE" cannot be empty`)
	case signature == "":
		return refuse("50106", `Request header "OK-ACCESS-SIGN" cannot be empty`)
	case timestamp == "":
		return refuse("50107", `Request header "OK-ACCESS-TIMESTAMP" cannot be empty`)
	case key != f.Credentials.Key:
		return refuse("50111", "Invalid OK-ACCESS-KEY")
	case passphrase != f.Credentials.Passphrase:
		return refuse("50105", `Request header "OK-ACCESS-PASSPHRASE" incorrect`)
	}
	at, err := time.Parse(timestampFormat, timestamp)
	if err != nil || len(timestamp) != len(timestampFormat) || f.now().Sub(at).Abs() > clockWindow {
		return refuse("50112", "Invalid OK-ACCESS-TIMESTAMP")
	}
	mac := hmac.New(sha256.New, []byte(f.Credentials.Secret))
	mac.Write([]byte(timestamp + r.Method + r.RequestURI))
	mac.Write(body)
	if signature != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		return refuse("50113", "Invalid signature")
	}
	return nil
}
