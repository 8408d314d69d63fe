package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/golang-jwt/jwt/v5"

	"github.com/insforge/forge/internal/authtest"
)

// accounts is what an InsForge project says of its own users' sessions. It knows whoever
// it has signed a token for, until they are out.
type accounts struct {
	issuer *authtest.Issuer

	mu      sync.Mutex
	asked   int
	out     bool             // all of them
	says    string           // the user it names in place of the right one; "" for none
	instead http.HandlerFunc // answers in its place; nil for none
	wrong   error            // what no server should have asked
}

// set changes what is said from now on.
func (a *accounts) set(change func(*accounts)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(a)
}

// questions is how often it was asked.
func (a *accounts) questions() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

// mistakes are those of the server: questions about tokens that it should have refused by
// itself, or with more than the token.
func (a *accounts) mistakes() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.wrong
}

// uuid is what a column of users' IDs takes.
var uuid = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// ServeHTTP answers as GET /api/auth/sessions/current does: to tokens by the project's own
// key and to those under its secret alike, without leeway and whatever their role, and with
// 500 for users whose ID its column does not take.
func (a *accounts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	raw, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer || r.Header.Get("X-Api-Key") != "" || r.Header.Get("Apikey") != "" || r.Header.Get("Cookie") != "" || r.URL.RawQuery != "" {
		a.wrong = errors.Join(a.wrong, errors.New("InsForge was asked about an account with other than one bearer token"))
	}
	token, err := jwt.Parse(raw, func(t *jwt.Token) (any, error) {
		if t.Method == jwt.SigningMethodHS256 {
			return []byte(insforge.JWTSecret), nil
		}
		kid, _ := t.Header["kid"].(string)
		if key := a.issuer.PublicKey(kid); key != nil {
			return key, nil
		}
		return nil, errors.New("no such key")
	}, jwt.WithValidMethods([]string{"HS256", "RS256"}))
	if token == nil || token.Method != jwt.SigningMethodRS256 || err != nil && !errors.Is(err, jwt.ErrTokenExpired) {
		a.wrong = errors.Join(a.wrong, fmt.Errorf("InsForge was asked about the token %.20s…: %w", raw, err))
	}
	if a.instead != nil {
		a.instead(w, r)
		return
	}
	reply := func(status int, body authtest.Claims) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	refuse := func(message string) {
		reply(http.StatusUnauthorized, authtest.Claims{"error": "AUTH_INVALID_CREDENTIALS", "message": message, "statusCode": http.StatusUnauthorized})
	}
	if err != nil {
		refuse("Invalid token")
		return
	}
	subject, err := token.Claims.GetSubject()
	switch {
	case err != nil || !uuid.MatchString(subject):
		reply(http.StatusInternalServerError, authtest.Claims{"error": "INTERNAL_ERROR", "message": "", "statusCode": http.StatusInternalServerError})
	case a.out:
		refuse("User not found")
	default:
		if a.says != "" {
			subject = a.says
		}
		reply(http.StatusOK, authtest.Claims{"user": authtest.Claims{"id": subject, "email": "ada@example.com"}})
	}
}

// backend is the host of an InsForge project with accounts: beside them its keys, and all
// else of the InsForge that is behind all servers.
func (s *tokenSite) backend() (http.Handler, error) {
	keys, err := url.Parse(s.KeysURL)
	if err != nil {
		return nil, err
	}
	asked, err := url.Parse(s.Accounts)
	if err != nil {
		return nil, err
	}
	data, err := url.Parse(insforge.URL)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+keys.Path, s.issuer)
	mux.Handle("GET "+asked.Path, s.accounts)
	mux.Handle("/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(data) }})
	return mux, nil
}
