package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"example.com/shop/internal/env"
)

// Path is where WorkOS sends its messages.
const Path = "/webhooks/workos"

var isSecret = env.Matches(`[!-~]{16,}`)

// LoadSecret reads WORKOS_WEBHOOK_SECRET. Without one it is empty, and messages are not taken.
func LoadSecret(r *env.Reader) env.Secret {
	return env.Secret(r.Optional("WORKOS_WEBHOOK_SECRET", "", "the endpoint's signing secret, at least 16 characters without blanks", isSecret))
}

// verify checks the signature of a message, as https://workos.com/docs/events/data-syncing/webhooks describes it.
func verify(secret env.Secret, h http.Header, body []byte, now time.Time) error {
	header, err := single(h, "Workos-Signature")
	if err != nil {
		return err
	}
	sent, signatures, err := parseSignature(header)
	if err != nil {
		return err
	}
	if err := checkTime(sent, time.Millisecond, now); err != nil {
		return err
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(sent + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	for _, signature := range signatures {
		if hmac.Equal(signature, want) {
			return nil
		}
	}
	return errors.New("no signature is right: forged, or WORKOS_WEBHOOK_SECRET is another endpoint's")
}

// parseSignature reads a header such as "t=1626125972272, v1=80f7ab7e...", which may have fields of other
// names in it.
func parseSignature(header string) (sent string, signatures [][]byte, err error) {
	fields := strings.SplitN(header, ",", maxSignatures+2)
	if len(fields) > maxSignatures+1 {
		return "", nil, errors.New("the message has too many signatures")
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "t":
			if sent != "" {
				return "", nil, errors.New("the message has two times")
			}
			sent = value
		case "v1":
			signature, err := hex.DecodeString(value)
			if err != nil {
				return "", nil, errors.New("a signature is not hex digits")
			}
			signatures = append(signatures, signature)
		}
	}
	return sent, signatures, nil
}

var isUserID = env.Matches(`user_[0-9A-Z]{26}`)

// deletedUser returns whom a message says to be deleted; "" when it is about something else.
func deletedUser(body []byte) (subject string, err error) {
	var message struct {
		Event string          `json:"event"`
		Data  json.RawMessage `json:"data"` // of another event it has another shape
	}
	if err := json.Unmarshal(body, &message); err != nil {
		return "", fmt.Errorf("the message cannot be read: %w", err)
	}
	if message.Event != "user.deleted" {
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
