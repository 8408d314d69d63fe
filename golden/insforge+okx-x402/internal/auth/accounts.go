package auth

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// accountTime is how long InsForge's word on a token stands. Whoever is deleted there is out here that much
	// later.
	accountTime = 30 * time.Second
	// accountTimeout bounds one question.
	accountTimeout = 5 * time.Second
	// maxAccounts bounds what is kept. Only tokens with a good signature get that far.
	maxAccounts      = 10_000
	maxAccountAnswer = 1 << 20
)

// accounts asks InsForge whether the user of a token is still there. It is safe for concurrent use.
type accounts struct {
	url  string
	http *http.Client
	now  func() time.Time

	mu    sync.Mutex
	known map[[sha256.Size]byte]time.Time // by a token's hash: until when it is good
}

func newAccounts(origin string) *accounts {
	return &accounts{
		url: origin + "/api/auth/sessions/current",
		http: &http.Client{
			Timeout: accountTimeout,
			// The token is for the project that issued it.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		now:   time.Now,
		known: map[[sha256.Size]byte]time.Time{},
	}
}

// stands returns nil if the user of a token, which has been verified, has an account. The error wraps
// ErrInvalid or, where InsForge does not say, ErrUnavailable.
func (a *accounts) stands(ctx context.Context, raw string, id Identity) error {
	key := sha256.Sum256([]byte(raw))
	a.mu.Lock()
	until := a.known[key]
	a.mu.Unlock()
	if a.now().Before(until) {
		return nil
	}
	asked := a.now()
	if err := a.ask(ctx, raw, id.Subject); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.known) >= maxAccounts {
		clear(a.known)
	}
	a.known[key] = asked.Add(accountTime)
	return nil
}

func (a *accounts) ask(ctx context.Context, raw, subject string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url, http.NoBody)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	req.Header.Set("Authorization", "Bearer "+raw)
	res, err := a.http.Do(req)
	if err != nil {
		return fmt.Errorf("%w: ask InsForge about the account: %w", ErrUnavailable, err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAccountAnswer))
	if err != nil {
		return fmt.Errorf("%w: ask InsForge about the account: %w", ErrUnavailable, err)
	}
	var answer struct {
		Error string `json:"error"`
		User  struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	err = json.Unmarshal(data, &answer)
	switch {
	case err == nil && res.StatusCode == http.StatusOK && answer.User.ID == subject:
		return nil
	case err == nil && res.StatusCode == http.StatusOK && answer.User.ID != "":
		return fmt.Errorf("%w: InsForge says that the token is somebody else's", ErrInvalid)
	case err == nil && res.StatusCode == http.StatusUnauthorized && answer.Error != "":
		return fmt.Errorf("%w: InsForge says %.60q", ErrInvalid, answer.Error)
	default: // down, or something else in its place
		return fmt.Errorf("%w: InsForge answers %d about the account", ErrUnavailable, res.StatusCode)
	}
}
