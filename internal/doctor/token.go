package doctor

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"
)

// tokenLife is how long a token of the doctor's is good for.
const tokenLife = time.Minute

// sign makes the token of a user, in the shape in which the project's server
// makes them.
func sign(secret, subject string, now time.Time) string {
	encode := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"sub":%q,"role":"authenticated","aud":"insforge-api","iat":%d,"exp":%d}`,
		subject, now.Unix(), now.Add(tokenLife).Unix())
	text := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(claims))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// nobody is the subject of no user.
func nobody() string { return "forge-doctor-" + rand.Text() }
