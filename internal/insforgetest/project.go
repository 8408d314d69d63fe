package insforgetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Project is a database with InsForge's API in front.
type Project struct {
	*Database

	// URL is the project's; its API is below /api.
	URL string
	// DatabaseURL is the Database's URL.
	DatabaseURL string
	// PostgRESTURL is behind the gateway: a request there skips what the gateway does.
	PostgRESTURL string
	// JWTSecret signs tokens of users and PostgREST's own, HS256.
	JWTSecret string
	// AnonKey and APIKey are what a project's clients and its servers carry.
	AnonKey, APIKey string

	// Stripe is the account that the project sells with.
	Stripe *Stripe

	gateway  *http.Server
	settings settings
}

// Serve puts PostgREST and the gateway in front of the database. It takes about
// half a second. Call it once; close the Project instead of the Database.
func (d *Database) Serve(ctx context.Context) (*Project, error) {
	p := &Project{
		Database:    d,
		DatabaseURL: d.URL,
		JWTSecret:   rand.Text() + rand.Text(), // PostgREST asks for 32 characters
		AnonKey:     "anon_" + rand.Text(),
		APIKey:      "ik_" + rand.Text(),
		settings:    newSettings(),
	}
	p.Stripe = &Stripe{project: p}
	rest, err := startPostgREST(ctx, d.URL, p.JWTSecret)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		rest.stop()
		return nil, err
	}
	p.PostgRESTURL = rest.url
	p.URL = fmt.Sprintf("http://%s", listener.Addr())
	d.rest.Store(rest)
	p.gateway = &http.Server{Handler: p.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = p.gateway.Serve(listener) }() // Close ends it
	return p, nil
}

// Close ends the gateway and PostgREST and drops the database.
func (p *Project) Close() error {
	err := p.gateway.Close()
	p.rest.Load().stop()
	return errors.Join(err, p.Database.Close())
}

// Token is what a sign-in bridge would hand out: an hour as the user sub.
func (p *Project) Token(sub string) string {
	return p.Sign(jwt.MapClaims{
		"sub": sub, "role": authenticated, "aud": "insforge-api",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
}

// Sign signs any claims with the project's secret, HS256.
func (p *Project) Sign(claims jwt.MapClaims) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(p.JWTSecret))
	if err != nil {
		panic(err) // claims that are no JSON: the caller's mistake
	}
	return token
}
