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
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/insforge/forge/internal/authtest"
	"github.com/insforge/forge/internal/servertest"
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

// openInsForge starts a server whose InsForge the test may change.
func openInsForge(t *testing.T) *tokenSite {
	t.Helper()
	servertest.Need(t)
	t.Parallel()
	return open(t, profile("insforge"), nil)
}

// unasked wants the attempts to be refused without a question to InsForge, which would say
// yes to many of them.
func (s *tokenSite) unasked(t *testing.T, attempts ...attempt) {
	t.Helper()
	s.refused(t, attempts...)
	if n := s.accounts.questions(); n != 0 {
		t.Errorf("InsForge was asked %d times about what it need not decide", n)
	}
	s.accepted(t, "a user's", bearer(s.good()), s.Subject)
}

func TestInsForge_TokenUnderTheSecret(t *testing.T) {
	s := openInsForge(t)
	claims := s.fresh().With("aud", "insforge-api")
	own := insforge.Sign(jwt.MapClaims(claims)) // as this server mints them for the same user
	if a, err := fetch(t.Context(), http.MethodGet, insforge.URL+"/api/database/records/todos", bearer(own), ""); err != nil || a.status != http.StatusOK {
		t.Fatalf("InsForge answers it with %d %s, %v", a.status, a.body, err)
	}
	kid := s.issuer.Header()
	s.unasked(t,
		token("minted", own, `alg "HS256", want RS256`),
		token("with the claims of an access token", insforge.Sign(jwt.MapClaims(s.fresh())), `alg "HS256", want RS256`),
		token("with the ID of the project's key", signWith(t, jwt.SigningMethodHS256, []byte(insforge.JWTSecret), kid, s.fresh()), `alg "HS256", want RS256`),
		token("which says that it is RS256", authtest.Compact(kid.JSON(), s.fresh().JSON(), func(signed []byte) []byte { return sum(insforge.JWTSecret, string(signed)) }), "signature: "))
}

func TestInsForge_Administrator(t *testing.T) {
	s := openInsForge(t)
	s.unasked(t,
		token("with the ID of a user", s.issuer.Token(s.fresh().With("role", "project_admin")), `role "project_admin", want authenticated`),
		token("of the dashboard", s.issuer.Token(s.fresh().With("role", "project_admin").With("sub", "local")), `role "project_admin", want authenticated`),
		token("in capitals", s.issuer.Token(s.fresh().With("role", "AUTHENTICATED")), "role"))
}

func TestInsForge_AnonKey(t *testing.T) {
	s := openInsForge(t)
	s.unasked(t,
		token("the anon key", insforge.AnonKey, "a signed JWT has 3"),
		token("of an old project", insforge.Sign(jwt.MapClaims{"sub": s.Subject, "role": "anon"}), `alg "HS256", want RS256`),
		token("a token of the role", s.issuer.Token(s.fresh().With("role", "anon")), `role "anon", want authenticated`))
}

func TestInsForge_AdminKey(t *testing.T) {
	s := openInsForge(t)
	s.unasked(t,
		token("as a bearer token", insforge.APIKey, "a signed JWT has 3"),
		attempt{name: "in its own header", header: http.Header{"X-Api-Key": {insforge.APIKey}}, why: "no credential"},
		attempt{name: "beside an administrator's token", header: http.Header{
			"X-Api-Key": {insforge.APIKey}, "Authorization": {"Bearer " + s.issuer.Token(s.fresh().With("role", "project_admin"))},
		}, why: "role"})
}

// InsForge answers 500 for such an ID, which would be a 503 here.
func TestInsForge_UserOfAnotherProvider(t *testing.T) {
	s := openInsForge(t)
	var all []attempt
	for name, sub := range map[string]string{
		"Clerk's": "user_2xPnG8KxVQrLb3Fq0uWcYtR1aZe", "a number": "7", "a UUID in capitals": strings.ToUpper(s.Subject),
		"in braces": "{" + s.Subject + "}", "without dashes": strings.ReplaceAll(s.Subject, "-", ""), "longer": s.Subject + "0",
	} {
		all = append(all, token(name, s.issuer.Token(s.fresh().With("sub", sub)), "not the ID of an InsForge user"))
	}
	s.unasked(t, all...)
}

// A token is good for a quarter of an hour, whatever happens to its user. This server takes
// it for half a minute at most.
func TestInsForge_SessionThatWasEnded(t *testing.T) {
	s := openInsForge(t)
	known := bearer(s.good())
	s.accepted(t, "signed in", known, s.Subject)
	asked := time.Now() // or a little earlier
	s.accepted(t, "signed in", known, s.Subject)
	if n := s.accounts.questions(); n != 1 {
		t.Errorf("InsForge was asked %d times within a moment", n)
	}
	s.accounts.set(func(a *accounts) { a.out = true })
	s.refused(t, token("another token", s.issuer.Token(s.fresh().With("email", "ada@example.org")), `InsForge says "AUTH_INVALID_CREDENTIALS"`))
	time.Sleep(time.Until(asked.Add(30*time.Second + 500*time.Millisecond)))
	s.refused(t, attempt{name: "half a minute later", header: known, why: `InsForge says "AUTH_INVALID_CREDENTIALS"`})
	s.accounts.set(func(a *accounts) { a.out = false })
	s.accepted(t, "with the account back", known, s.Subject)
}

func TestInsForge_AnotherUserInTheAnswer(t *testing.T) {
	s := openInsForge(t)
	for _, user := range []string{"00000000-0000-4000-8000-000000000000", strings.ToUpper(s.Subject), s.Subject + " "} {
		s.accounts.set(func(a *accounts) { a.says = user })
		s.refused(t, token(user, s.good(), "somebody else's"))
	}
	s.accounts.set(func(a *accounts) { a.says = "" })
	s.accepted(t, "the right one", bearer(s.good()), s.Subject)
}

// undecided wants 503 for a good token that InsForge says nothing of, and 401 for what needs
// no word of InsForge's.
func (s *tokenSite) undecided(t *testing.T, what string) {
	t.Helper()
	for _, path := range routes {
		a := s.ask(t, path, bearer(s.issuer.Token(s.fresh().With("email", "undecided@example.com"))))
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || a.header.Get("Www-Authenticate") != "" || !strings.Contains(a.body, `"code":"unavailable"`) {
			t.Errorf("%s: GET %s: %d %v %s", what, path, a.status, a.header, a.body)
		}
		if why := s.reason(t, a); !strings.Contains(why, "about the account") || strings.Contains(a.body, "InsForge") {
			t.Errorf("%s: GET %s: the log says %q, the answer %s", what, path, why, a.body)
		}
	}
	s.refused(t, token(what+": forged", authtest.NewIssuer("attacker").Sign(s.issuer.Header().JSON(), s.fresh().JSON()), "signature: "))
}

// What InsForge does not answer is not the user's fault: nobody is signed out by it, and
// whoever it vouched for a moment ago stays.
func TestInsForge_APIThatIsDown(t *testing.T) {
	servertest.Need(t)
	t.Parallel()
	for _, fault := range []authtest.Fault{
		authtest.Broken, authtest.HTML, authtest.Silent, authtest.Slow, authtest.Huge, authtest.Refuse,
	} {
		t.Run(string(fault), func(t *testing.T) {
			s := openInsForge(t)
			known := bearer(s.good())
			s.accepted(t, "before", known, s.Subject)
			where := strings.TrimPrefix(s.Accounts, "https://")
			if fault == authtest.Refuse {
				where = s.Host() // all of InsForge
			}
			s.net.Fail(where, fault)
			s.accepted(t, "known a moment ago", known, s.Subject)
			s.undecided(t, string(fault))
			s.net.Fail(where, authtest.None)
			s.accepted(t, "after its recovery", bearer(s.issuer.Token(s.fresh().With("email", "undecided@example.com"))), s.Subject)
		})
	}
}

// An answer that is not InsForge's is no verdict, and leads nowhere.
func TestInsForge_SomethingElseInItsPlace(t *testing.T) {
	s := openInsForge(t)
	for what, answer := range map[string]http.HandlerFunc{
		"a page for 401": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte("<!doctype html><title>Sign in to the network</title>"))
		},
		"401 of another make": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"detail":"no"}`))
		},
		"nobody": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"user":null}`)) },
		"its limit": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"error":"RATE_LIMITED","message":"","statusCode":429}`))
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+attacker+"/api/auth/sessions/current", http.StatusTemporaryRedirect)
		},
	} {
		s.accounts.set(func(a *accounts) { a.instead = answer })
		s.undecided(t, what)
	}
	s.accounts.set(func(a *accounts) { a.instead = nil })
	s.accepted(t, "InsForge again", bearer(s.good()), s.Subject)
}
