package signin

import (
	"context"
	"fmt"
	"time"

	"example.com/shop/internal/account"
	"example.com/shop/internal/insforge"
)

// session is a row of the sessions table.
type session struct {
	Subject   string     `json:"user_id"`
	Sealed    string     `json:"sealed"`
	RenewAt   *time.Time `json:"renew_at"`
	ExpiresAt time.Time  `json:"expires_at"`
}

// store keeps sessions in the database, where every server of this project finds them.
type store struct{ db *insforge.Client }

const sessionsTable = "sign_in_sessions"

// begin stores a session under k, in place of the one under replaces.
func (s store) begin(ctx context.Context, k key, replaces string, g grant) error {
	name, email := account.Fit(g.name, g.email)
	return s.db.Call(ctx, s.db.ServerKey(), "begin_session", map[string]any{
		"p_id":         k.id(),
		"p_replaces":   replaces,
		"p_user_id":    g.subject,
		"p_name":       name,
		"p_email":      email,
		"p_sealed":     k.seal(g.secret),
		"p_renew_at":   g.renewTime(),
		"p_expires_at": g.expires,
	}, nil)
}

// find returns the session under k, and whether there is one. It may have expired.
func (s store) find(ctx context.Context, k key) (session, bool, error) {
	var found []session
	_, err := s.db.Select(ctx, s.db.ServerKey(), sessionsTable, insforge.Query{
		Filters: []insforge.Filter{insforge.Eq("id", k.id())},
		Select:  "user_id,sealed,renew_at,expires_at",
		Limit:   1,
	}, &found)
	if err != nil {
		return session{}, false, fmt.Errorf("find session: %w", err)
	}
	if len(found) == 0 {
		return session{}, false, nil
	}
	return found[0], true, nil
}

// lease reports whether the caller is the one to ask the provider about a session that is due at
// renewAt. Others get false until it has answered, or until too long has passed.
func (s store) lease(ctx context.Context, k key, renewAt time.Time) (mine bool, err error) {
	args := map[string]any{"p_id": k.id(), "p_renew_at": renewAt}
	err = s.db.Call(ctx, s.db.ServerKey(), "lease_session", args, &mine)
	return mine, err
}

// renew stores what the provider said about a session that was leased, and ends the lease.
func (s store) renew(ctx context.Context, k key, g grant) error {
	changes := map[string]any{"sealed": k.seal(g.secret), "renew_at": g.renewTime(), "leased_at": nil}
	return s.db.Update(ctx, s.db.ServerKey(), sessionsTable, byID(k), changes, nil)
}

// release ends the lease of a session about which the provider said nothing. A secret that it handed out all
// the same takes the place of the former one.
func (s store) release(ctx context.Context, k key, secret string) error {
	changes := map[string]any{"leased_at": nil}
	if secret != "" {
		changes["sealed"] = k.seal(secret)
	}
	return s.db.Update(ctx, s.db.ServerKey(), sessionsTable, byID(k), changes, nil)
}

// end removes the session under k. To end one that is not there is no error.
func (s store) end(ctx context.Context, k key) error {
	if err := s.db.Delete(ctx, s.db.ServerKey(), sessionsTable, byID(k), nil); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

func byID(k key) insforge.Query {
	return insforge.Query{Filters: []insforge.Filter{insforge.Eq("id", k.id())}}
}
