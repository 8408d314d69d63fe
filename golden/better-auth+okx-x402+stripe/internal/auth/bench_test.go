package auth

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/shop/internal/env"
)

// verifyLimit is what a request's whole check may take, in multiples of the query that finds the
// session and its user by their indexes.
const verifyLimit = 1.3

// BenchmarkVerify measures a signed-in request against the Postgres at TEST_DATABASE_URL, which has
// Better Auth's tables. It leaves nothing there.
func BenchmarkVerify(b *testing.B) {
	database := os.Getenv("TEST_DATABASE_URL")
	if database == "" {
		b.Skip("TEST_DATABASE_URL names no database with Better Auth's tables")
	}
	v, err := NewVerifier(Config{Secret: testSecret, BaseURL: "http://localhost:3000", DatabaseURL: env.Secret(database)})
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	pool := v.db.(*pgxpool.Pool)

	user, token := rand.Text(), rand.Text()
	_, err = pool.Exec(b.Context(), `insert into better_auth."user" (id, name, email, "emailVerified") values ($1, 'Ada', $2, true)`,
		user, user+"@example.com")
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if _, err := pool.Exec(b.Context(), `delete from better_auth."user" where id = $1`, user); err != nil {
			b.Error(err)
		}
	}()
	_, err = pool.Exec(b.Context(), `insert into better_auth.session (id, "expiresAt", token, "userId", "updatedAt") values ($1, now() + interval '1 hour', $1, $2, now())`,
		token, user)
	if err != nil {
		b.Fatal(err)
	}

	r := httptest.NewRequest(http.MethodGet, "/v1/me", http.NoBody)
	r.Header.Set("Cookie", v.cookie+"="+url.QueryEscape(token+"."+signature(token)))
	compare(b, verifyLimit, func() {
		if id, err := v.Verify(r); err != nil || id.Subject != user {
			b.Fatal(id, err)
		}
	}, func() {
		var subject string
		var expires time.Time
		if err := pool.QueryRow(b.Context(), sessionQuery, token).Scan(&subject, &expires); err != nil {
			b.Fatal(err)
		}
	})
}
