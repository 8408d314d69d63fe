package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"example.com/shop/internal/env"
)

// Path is where Clerk sends its messages.
const Path = "/webhooks/clerk"

// LoadSecret reads CLERK_WEBHOOK_SECRET. Without one it is empty, and messages are not taken.
func LoadSecret(r *env.Reader) env.Secret {
	return env.Secret(r.Optional("CLERK_WEBHOOK_SECRET", "", "the endpoint's signing secret, which starts with whsec_",
		func(s string) bool {
			_, err := signingKey(env.Secret(s))
			return err == nil
		}))
}

// signingKey is the key inside a signing secret: whsec_ and base64.
func signingKey(secret env.Secret) ([]byte, error) {
	const minKey = 16 // bytes; Clerk's have 24
	encoded, ok := strings.CutPrefix(string(secret), "whsec_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < minKey {
		return nil, errors.New("CLERK_WEBHOOK_SECRET is no signing secret")
	}
	return key, nil
}

// verify checks the signature of a message, as https://docs.svix.com/receiving/verifying-payloads/how-manual
// describes it: Clerk sends its messages through Svix.
func verify(secret env.Secret, h http.Header, body []byte, now time.Time) error {
	key, err := signingKey(secret)
	if err != nil {
		return err
	}
	id, err := single(h, "Svix-Id")
	if err != nil {
		return err
	}
	sent, err := single(h, "Svix-Timestamp")
	if err != nil {
		return err
	}
	signatures, err := single(h, "Svix-Signature")
	if err != nil {
		return err
	}
	// The parts of what is signed are told apart by dots.
	if strings.Contains(id, ".") {
		return errors.New("the message's ID has a dot in it")
	}
	if err := checkTime(sent, time.Second, now); err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + sent + "."))
	mac.Write(body)
	return hasSignature(signatures, mac.Sum(nil))
}

// hasSignature looks for want in a list such as "v1,K5oZ... v1,9fJe...", which may have signatures of other
// kinds in it.
func hasSignature(list string, want []byte) error {
	found := strings.SplitN(list, " ", maxSignatures+1)
	if len(found) > maxSignatures {
		return errors.New("the message has too many signatures")
	}
	for _, signature := range found {
		encoded, ok := strings.CutPrefix(signature, "v1,")
		if !ok {
			continue
		}
		if got, err := base64.StdEncoding.Strict().DecodeString(encoded); err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return errors.New("no signature is right: forged, or CLERK_WEBHOOK_SECRET is another endpoint's")
}

var isUserID = env.Matches(`user_[A-Za-z0-9]{1,250}`)

// deletedUser returns whom a message says to be deleted; "" when it is about something else.
func deletedUser(body []byte) (subject string, err error) {
	var message struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"` // of another event it has another shape
	}
	if err := json.Unmarshal(body, &message); err != nil {
		return "", fmt.Errorf("the message cannot be read: %w", err)
	}
	if message.Type != "user.deleted" {
		return "", nil
	}
	var user struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(message.Data, &user); err != nil || !isUserID(user.ID) {
		return "", errors.New("the deleted user has no ID of a user")
	}
	return user.ID, nil
}
