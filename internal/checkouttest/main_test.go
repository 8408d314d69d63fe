// Package checkouttest_test buys from a generated server as its users do: the binary,
// in front of a whole InsForge, whose migrations turn what happens at Stripe into what
// users may use.
package checkouttest_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/servertest"
)

// What all tests share: one server binary, the project it was built from, one
// Postgres, and what signs users in.
var (
	binary   string
	project  string
	settings map[string]string // required ones with sample values
	insforge *insforgetest.Server
	signing  *rsa.PrivateKey
	keys     *httptest.Server
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	flag.Parse()
	if servertest.Missing() != "" {
		return m.Run(), nil // open skips each test
	}
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "checkout")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	project, binary = filepath.Join(folder, "shop"), filepath.Join(folder, "server")
	settings, err = servertest.Generate(ctx, project, generator.Answers{
		Name: "shop", Module: "example.com/shop", Auth: "clerk", Payments: []string{"stripe"},
	})
	if err != nil {
		return 1, err
	}
	if err := servertest.Build(ctx, project, binary); err != nil {
		return 1, err
	}
	if signing, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return 1, err
	}
	keys = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",
			"n": base64.RawURLEncoding.EncodeToString(signing.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(signing.E)).Bytes()),
		}}})
	}))
	defer keys.Close()
	if insforge, err = insforgetest.Start(ctx); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, insforge.Stop()) }()
	return m.Run(), nil
}

// shop is a running server with an InsForge of its own.
type shop struct {
	*testing.T
	insforge *insforgetest.Project
	db       *pgxpool.Pool // as the superuser
	server   *servertest.Process
	events   int
}

// prices are what is sold: packs of reports, once, and a subscription.
var prices = map[string]string{"pack": "price_pack", "pro": "price_pro"}

func catalog(environment string) insforgetest.StripeCatalog {
	pack, pro, month, one := int64(1200), int64(900), "month", 1
	return insforgetest.StripeCatalog{
		Products: []insforgetest.StripeProduct{
			{Environment: environment, ID: "prod_pack", Name: "Ten reports", Active: true},
			{Environment: environment, ID: "prod_pro", Name: "Pro", Active: true},
		},
		Prices: []insforgetest.StripePrice{
			{Environment: environment, ID: prices["pack"], Product: "prod_pack", Active: true, Currency: "usd", Amount: &pack, Type: "one_time"},
			{Environment: environment, ID: prices["pro"], Product: "prod_pro", Active: true, Currency: "usd", Amount: &pro, Type: "recurring", Interval: &month, IntervalCount: &one},
		},
	}
}

func open(t *testing.T) *shop {
	t.Helper()
	servertest.Need(t)
	d, err := insforge.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.MigrateAll(t.Context(), os.DirFS(filepath.Join(project, "migrations"))); err != nil {
		t.Fatal(err)
	}
	s := &shop{T: t}
	if s.insforge, err = d.Serve(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.insforge.Close(); err != nil {
			t.Error(err)
		}
	})
	s.insforge.Stripe.Catalog = map[string]insforgetest.StripeCatalog{"test": catalog("test"), "live": catalog("live")}
	if s.db, err = pgxpool.New(t.Context(), s.insforge.DatabaseURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.db.Close)
	s.start()
	return s
}

// start starts the server, after the one that is running has stopped.
func (s *shop) start() {
	s.Helper()
	if s.server != nil {
		if err := s.server.Stop(); err != nil {
			s.Fatalf("%v\n%s", err, s.server.Log())
		}
	} else {
		s.Cleanup(func() {
			if err := s.server.Stop(); err != nil {
				s.Errorf("%v\n%s", err, s.server.Log())
			}
		})
	}
	env := map[string]string{
		"ADDR": "127.0.0.1:0", "AUTH_JWKS_URL": keys.URL, "INSFORGE_URL": s.insforge.URL, "INSFORGE_ANON_KEY": s.insforge.AnonKey,
		"INSFORGE_API_KEY": s.insforge.APIKey, "INSFORGE_JWT_SECRET": s.insforge.JWTSecret,
		"STRIPE_ENVIRONMENT": "test", "STRIPE_PRICES": "pack=" + prices["pack"] + ",pro=" + prices["pro"],
	}
	var lines []string
	for name, value := range settings {
		if _, ours := env[name]; !ours {
			lines = append(lines, name+"="+value)
		}
	}
	for name, value := range env {
		lines = append(lines, name+"="+value)
	}
	var err error
	if s.server, err = servertest.Start(binary, lines); err != nil {
		s.Fatal(err)
	}
}

// credential is what the provider gives a user.
func (s *shop) credential(user string) string {
	s.Helper()
	_, encoded, _ := strings.Cut(strings.TrimPrefix(settings["CLERK_PUBLISHABLE_KEY"], "pk_"), "_")
	host, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		s.Fatal(err)
	}
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": "https://" + strings.TrimSuffix(string(host), "$"), "azp": settings["CLERK_AUTHORIZED_PARTIES"], "sub": user,
		"sid": "sess_1", "sts": "active", "v": 2, "iat": now.Unix(), "nbf": now.Unix() - 10, "exp": now.Unix() + 60,
	})
	token.Header["kid"] = "1"
	signed, err := token.SignedString(signing)
	if err != nil {
		s.Fatal(err)
	}
	return "Bearer " + signed
}
