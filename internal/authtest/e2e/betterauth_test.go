package e2e_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// lookups is the database role of the server: the README says how to make it.
const lookups = "shop_sessions"

// makeBetterAuth makes the tables as Better Auth 1.7 does, and the role. The column
// role is the one of its admin plugin.
func makeBetterAuth(ctx context.Context, database string) error {
	db, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close(ctx) }()
	_, err = db.Exec(ctx, `
		create table better_auth."user" (
			id text primary key, name text not null, email text not null unique, "emailVerified" boolean not null,
			image text, "createdAt" timestamptz not null default now(), "updatedAt" timestamptz not null default now(), role text);
		create table better_auth.session (
			id text primary key, "expiresAt" timestamptz not null, token text not null unique,
			"createdAt" timestamptz not null default now(), "updatedAt" timestamptz not null default now(),
			"ipAddress" text, "userAgent" text, "userId" text not null references better_auth."user" (id) on delete cascade);
		create index on better_auth.session ("userId");
		create role `+lookups+` login;
		grant usage on schema better_auth to `+lookups+`;
		grant select (token, "userId", "expiresAt") on better_auth.session to `+lookups+`;
		grant select (id) on better_auth."user" to `+lookups+`;`)
	return err
}

// cookieSite is the server of Better Auth's project, and the sessions it finds.
type cookieSite struct {
	*site
	db     *pgxpool.Pool
	secret string
	name   string // of the cookie
}

// lookupURL is InsForge's database with the role that looks up sessions.
func lookupURL(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(insforge.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(lookups)
	return u.String()
}

func openCookieSite(t *testing.T, lines ...string) *cookieSite {
	t.Helper()
	db, err := pgxpool.New(t.Context(), insforge.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	s := &cookieSite{db: db, secret: projects[betterAuth].settings["BETTER_AUTH_SECRET"], name: "better-auth.session_token"}
	if s.site, err = start(betterAuth, append([]string{"DATABASE_URL=" + lookupURL(t)}, lines...)...); err != nil {
		t.Fatal(err)
	}
	s.sent = append(s.sent, s.secret)
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the end of the server's log:\n%s", tail(s.server.Log(), 4000))
		}
	})
	return s
}

// session signs a new user in for a while, and returns his ID and the session's token.
func (s *cookieSite) session(t *testing.T, life time.Duration) (user, token string) {
	t.Helper()
	user, token = rand.Text(), rand.Text()
	s.sessionOf(t, user, token, "now() + "+fmt.Sprintf("interval '%f seconds'", life.Seconds()))
	return user, token
}

// sessionOf makes a user and his session with an expiry in SQL.
func (s *cookieSite) sessionOf(t *testing.T, user, token, expires string) {
	t.Helper()
	s.site.secret(token)
	_, err := s.db.Exec(t.Context(), `insert into better_auth."user" (id, name, email, "emailVerified", role) values ($1, 'Ada', $2, true, 'project_admin')`,
		user, rand.Text()+"@example.com")
	if err == nil {
		_, err = s.db.Exec(t.Context(), `insert into better_auth.session (id, "expiresAt", token, "userId") values ($1, `+expires+`, $2, $3)`, rand.Text(), token, user)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// signed is a token as Better Auth signs it, before it is escaped.
func signed(secret, token string) string {
	return token + "." + base64.StdEncoding.EncodeToString(sum(secret, token))
}

// escaped is encodeURIComponent, for what stands in these cookies.
func escaped(s string) string {
	return strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(s)
}

// value is the cookie of a session.
func (s *cookieSite) value(token string) string { return escaped(signed(s.secret, token)) }

// cookies is a header with the pairs as they stand.
func cookies(pairs ...string) http.Header { return http.Header{"Cookie": {strings.Join(pairs, "; ")}} }

// with is the header of a session cookie with a value as it stands.
func (s *cookieSite) with(value string) http.Header { return cookies(s.name + "=" + value) }

// cookie is an attempt with a value for the session cookie.
func (s *cookieSite) cookie(name, value, why string) attempt {
	return attempt{name: name, header: s.with(value), why: why}
}

// good is the header of a new session, and whose it is.
func (s *cookieSite) good(t *testing.T) (header http.Header, user string) {
	t.Helper()
	user, token := s.session(t, time.Hour)
	return s.with(s.value(token)), user
}

// unavailable wants 503, with a time to come again.
func (s *cookieSite) unavailable(t *testing.T, header http.Header) {
	t.Helper()
	a := s.me(t, header)
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || a.header.Get("Www-Authenticate") != "" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	if why := s.reason(t, a); !strings.Contains(why, "look up session") {
		t.Errorf("the log says %q", why)
	}
}

// databaseGone: a server that has known the session all the while does not vouch for it
// on its own, since it may have been ended meanwhile.
func databaseGone(t *testing.T) {
	var mu sync.Mutex
	var open []net.Conn
	var dead bool
	config, err := pgx.ParseConfig(lookupURL(t))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			behind, err := net.Dial("tcp", net.JoinHostPort(config.Host, fmt.Sprint(config.Port)))
			mu.Lock()
			if dead || err != nil {
				_ = conn.Close()
				mu.Unlock()
				continue
			}
			open = append(open, conn, behind)
			mu.Unlock()
			go pipe(conn, behind)
			go pipe(behind, conn)
		}
	}()
	s := openCookieSite(t, fmt.Sprintf("DATABASE_URL=postgres://%s@%s/%s?sslmode=disable", lookups, listener.Addr(), config.Database))
	header, user := s.good(t)
	s.accepted(t, "while it is there", header, user)
	mu.Lock()
	dead = true
	for _, conn := range open {
		_ = conn.Close()
	}
	mu.Unlock()
	s.unavailable(t, header)
	mu.Lock()
	dead = false
	mu.Unlock()
	// On a slow machine a connection may take longer than the server waits for it.
	for patience := time.Now().Add(20 * time.Second); s.me(t, header).status == http.StatusServiceUnavailable && time.Now().Before(patience); {
		time.Sleep(50 * time.Millisecond)
	}
	s.accepted(t, "when it is back", header, user)
}

func pipe(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	_ = to.Close()
	_ = from.Close()
}

// cookieFlood: a thousand forged cookies do not cost the database anything. The one of
// this server is not there at all, and a query would tell by its 503.
func cookieFlood(t *testing.T) {
	s := openCookieSite(t, "DATABASE_URL=postgres://"+lookups+"@127.0.0.1:1/insforge")
	for range 1000 {
		forged := rand.Text() + "." + strings.Repeat("A", 43) + "%3D"
		if a, err := s.get(t.Context(), "/v1/me", s.with(forged)); err != nil || a.status != http.StatusUnauthorized || a.body != unauthorized {
			t.Fatalf("%d %s, %v", a.status, a.body, err)
		}
	}
}
