// Package account keeps what belongs to each user of this server, from the day it first sees them to
// the day they leave.
package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/insforge"
)

// maxRemembered bounds what a server keeps in memory of the users it has seen.
const maxRemembered = 10_000

// Profile is what this server knows about a user.
type Profile struct {
	Subject   string    `json:"user_id"`
	Name      string    `json:"name"`  // "" until the provider says it
	Email     string    `json:"email"` // likewise, and only when the provider has verified it
	CreatedAt time.Time `json:"created_at"`
}

// Fit returns what a provider says of a user as a profile takes it. What a profile cannot take is left out: nobody is
// kept out for a name.
func Fit(name, email string) (fittingName, fittingEmail string) {
	const nothing = "\x00" // which Postgres keeps in no text
	if n := utf8.RuneCountInString(email); n < 3 || n > 320 || strings.Contains(email, nothing) {
		email = ""
	}
	return strings.ReplaceAll(name, nothing, ""), email
}

// Accounts are the users' profiles and the rest of what is theirs in the database.
type Accounts struct {
	db  *insforge.Client
	log *slog.Logger

	mu   sync.Mutex
	seen map[string]bool
}

// New returns the accounts in db.
func New(db *insforge.Client, log *slog.Logger) *Accounts {
	return &Accounts{db: db, log: log, seen: map[string]bool{}}
}

// Greet gives every caller a profile the first time this server sees them. It stands behind
// auth.Require. When the database does not answer, the request goes on and the next one tries again:
// a profile is no condition for anything.
func (a *Accounts) Greet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subject := auth.Subject(r.Context()); subject != "" && !a.known(subject) {
			args := map[string]any{"p_user_id": subject, "p_name": nil, "p_email": nil}
			if err := a.db.Call(r.Context(), a.db.ServerKey(), "see_user", args, nil); err != nil {
				a.log.WarnContext(r.Context(), "no profile yet", "error", err)
			} else {
				a.remember(subject)
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (a *Accounts) known(subject string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen[subject]
}

func (a *Accounts) remember(subject string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.seen) >= maxRemembered {
		clear(a.seen) // seeing somebody anew costs one call
	}
	a.seen[subject] = true
}

// ErrNoProfile means that a user has none: never seen, or deleted.
var ErrNoProfile = errors.New("no profile")

// Profile returns the profile of the user for whom as was minted. Without one the error is ErrNoProfile.
func (a *Accounts) Profile(ctx context.Context, as insforge.Credential) (Profile, error) {
	var found []Profile
	query := insforge.Query{Select: "user_id,name,email,created_at", Limit: 1}
	if _, err := a.db.Select(ctx, as, "profiles", query, &found); err != nil {
		return Profile{}, fmt.Errorf("read profile: %w", err)
	}
	if len(found) == 0 {
		return Profile{}, ErrNoProfile
	}
	return found[0], nil
}

// Delete removes everything that is the user's in the database, sessions included. To delete somebody
// who is not there is no error. The account at the sign-in provider stays.
func (a *Accounts) Delete(ctx context.Context, subject string) error {
	if err := a.db.Call(ctx, a.db.ServerKey(), "delete_user", map[string]any{"p_user_id": subject}, nil); err != nil {
		return fmt.Errorf("delete user: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.seen, subject)
	return nil
}
