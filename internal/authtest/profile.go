package authtest

import (
	"net/url"
	"time"
)

// Profile is what a provider's tokens look like to the server of a project with the
// sample settings of its .env.example.
type Profile struct {
	ID      string   // as in the catalog
	Env     []string // the settings the rest belongs to, NAME=value
	KeysURL string   // where the provider publishes its keys
	// Issuer has an OpenID configuration that says so; "" when the server knows by itself.
	Issuer string
	// Accounts is where the server asks about the account of each token; "" when tokens say it all.
	Accounts string
	Subject  string // a user
	// Claims are those of a token that was issued to the user at the time.
	Claims func(issued time.Time) Claims
	// Lifetime is how long the token holds.
	Lifetime time.Duration
}

// Host is the name of the host the keys are read from.
func (p Profile) Host() string {
	u, err := url.Parse(p.KeysURL)
	if err != nil {
		panic(err) // it stands below
	}
	return u.Host
}

// IssuerHost is the name of the host that Issuer is read from.
func (p Profile) IssuerHost() string {
	u, err := url.Parse(p.Issuer)
	if err != nil {
		panic(err) // it stands below
	}
	return u.Host
}

// The sample settings of the templates.
const (
	clerkHost    = "clever-cat-12.clerk.accounts.dev"
	clerkPage    = "http://localhost:8080"
	auth0Host    = "tenant.us.auth0.com"
	auth0API     = "https://api.example.com"
	workosClient = "client_01HBEQKA6K4QJAS93VPE39W1JT"
	kindeIssuer  = "https://yourbusiness.kinde.com"
	kindeClient  = "0123456789abcdef0123456789abcdef"
	stytchID     = "project-test-00000000-0000-4000-8000-000000000000"
	oidcIssuer   = "https://id.example.com/realms/shop"
	oidcClient   = "shop-web"
	oidcAPI      = "https://api.example.com"
	insforgeURL  = "https://abc12345.us-east.insforge.app"
)

// Profiles are those of the providers whose credential is a JWT, in the order of their
// names.
func Profiles() []Profile {
	return []Profile{auth0(), clerk(), insforge(), kinde(), oidc(), stytch(), workos()}
}

func clerk() Profile {
	p := Profile{
		ID: "clerk",
		Env: []string{
			"CLERK_PUBLISHABLE_KEY=pk_test_Y2xldmVyLWNhdC0xMi5jbGVyay5hY2NvdW50cy5kZXYk",
			"CLERK_AUTHORIZED_PARTIES=" + clerkPage,
		},
		KeysURL:  "https://" + clerkHost + "/.well-known/jwks.json",
		Subject:  "user_2xPnG8KxVQrLb3Fq0uWcYtR1aZe",
		Lifetime: time.Minute,
	}
	p.Claims = func(issued time.Time) Claims {
		return p.timed(issued).
			With("nbf", issued.Add(-10*time.Second).Unix()).
			With("iss", "https://"+clerkHost).
			With("azp", clerkPage).
			With("sid", "sess_2xPnG8KxVQrLb3Fq0uWcYtR1aZe").
			With("jti", "9d1c3b7f5e2a").
			With("sts", "active").
			With("v", 2).
			With("fva", []int{0, -1})
	}
	return p
}

func auth0() Profile {
	p := Profile{
		ID:       "auth0",
		Env:      []string{"AUTH0_DOMAIN=" + auth0Host, "AUTH0_AUDIENCE=" + auth0API},
		KeysURL:  "https://" + auth0Host + "/.well-known/jwks.json",
		Subject:  "auth0|64a1b2c3d4e5f60718293a4b",
		Lifetime: 24 * time.Hour,
	}
	p.Claims = func(issued time.Time) Claims {
		issuer := "https://" + auth0Host + "/"
		return p.timed(issued).
			With("iss", issuer).
			With("aud", []string{auth0API, issuer + "userinfo"}).
			With("azp", "kq1Xo0Zb2mJ5t8Rw4Yc7Vd9Ne3Ha6Uf1").
			With("scope", "openid profile email")
	}
	return p
}

func insforge() Profile {
	p := Profile{
		ID:       "insforge",
		Env:      []string{"INSFORGE_URL=" + insforgeURL},
		KeysURL:  insforgeURL + "/.well-known/jwks.json",
		Accounts: insforgeURL + "/api/auth/sessions/current",
		Subject:  "7c9e6679-7425-40de-944b-e07fc1f90ae7",
		Lifetime: 15 * time.Minute,
	}
	p.Claims = func(issued time.Time) Claims {
		return p.timed(issued).With("email", "ada@example.com").With("role", "authenticated")
	}
	return p
}

func workos() Profile {
	p := Profile{
		ID:       "workos",
		Env:      []string{"WORKOS_CLIENT_ID=" + workosClient},
		KeysURL:  "https://api.workos.com/sso/jwks/" + workosClient,
		Subject:  "user_01HBEQKA6K4QJAS93VPE39W1JT",
		Lifetime: 5 * time.Minute,
	}
	p.Claims = func(issued time.Time) Claims {
		return p.timed(issued).
			With("iss", "https://api.workos.com/user_management/"+workosClient).
			With("sid", "session_01HQSXZGF8FHF7A9ZZFCW4387R").
			With("jti", "01HQSXZXPPFPKMDD32RKTFY6PV").
			With("org_id", "org_01HRDMC6CM357W30QMHMQ96Q0S").
			With("role", "member").
			With("roles", []string{"member"}).
			With("permissions", []string{"posts:read"}).
			With("entitlements", []string{"audit-logs"})
	}
	return p
}

func kinde() Profile {
	p := Profile{
		ID:       "kinde",
		Env:      []string{"KINDE_ISSUER_URL=" + kindeIssuer, "KINDE_CLIENT_ID=" + kindeClient},
		KeysURL:  kindeIssuer + "/.well-known/jwks",
		Subject:  "kp_cfcb1ae5b9254ad99521214014c54f43",
		Lifetime: 24 * time.Hour,
	}
	p.Claims = func(issued time.Time) Claims {
		return p.timed(issued).
			With("iss", kindeIssuer).
			With("aud", []string{}).
			With("azp", kindeClient).
			With("scp", []string{"openid", "profile", "email"}).
			With("org_code", "org_1234").
			With("permissions", []string{}).
			With("jti", "d3f0a1b2-5c6d-4e7f-8091-a2b3c4d5e6f7")
	}
	return p
}

func oidc() Profile {
	p := Profile{
		ID:       "oidc",
		Env:      []string{"OIDC_ISSUER_URL=" + oidcIssuer, "OIDC_CLIENT_ID=" + oidcClient, "OIDC_AUDIENCE=" + oidcAPI},
		KeysURL:  "https://keys.example.com/realms/shop/certs", // at a host of its own, as Google's are
		Issuer:   oidcIssuer,
		Subject:  "f3b8a7d2-8f43-4f3a-9d20-1c5a6f0e7b11",
		Lifetime: 5 * time.Minute,
	}
	p.Claims = func(issued time.Time) Claims {
		return p.timed(issued).
			With("iss", oidcIssuer).
			With("aud", []string{oidcAPI, "account"}).
			With("client_id", oidcClient).
			With("scope", "openid profile").
			With("jti", "27daa125-2fb2-4e14-9270-742cd56e764b")
	}
	return p
}

// Configuration is what the provider publishes at Issuer.
func (p Profile) Configuration() Claims {
	return Claims{
		"issuer": p.Issuer, "jwks_uri": p.KeysURL, "authorization_endpoint": p.Issuer + "/auth", "token_endpoint": p.Issuer + "/token",
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256"},
	}
}

func stytch() Profile {
	p := Profile{
		ID:       "stytch",
		Env:      []string{"STYTCH_PROJECT_ID=" + stytchID},
		KeysURL:  "https://test.stytch.com/v1/sessions/jwks/" + stytchID,
		Subject:  "user-test-16d9ba61-97a1-4ba4-9720-b03761dc50c6",
		Lifetime: 5 * time.Minute,
	}
	p.Claims = func(issued time.Time) Claims {
		at := issued.UTC().Format(time.RFC3339)
		return p.timed(issued).
			With("nbf", issued.Unix()).
			With("iss", "stytch.com/"+stytchID).
			With("aud", []string{stytchID}).
			With("https://stytch.com/session", Claims{
				"id": "session-test-fe6c042b-6286-479f-8a4f-b046a6c46509", "started_at": at, "last_accessed_at": at,
				"expires_at": issued.Add(time.Hour).UTC().Format(time.RFC3339),
				"attributes": Claims{"user_agent": "", "ip_address": ""}, "authentication_factors": []any{}, "roles": []string{"stytch_user"},
			})
	}
	return p
}

// timed is what all tokens have.
func (p *Profile) timed(issued time.Time) Claims {
	return Claims{"sub": p.Subject, "iat": issued.Unix(), "exp": issued.Add(p.Lifetime).Unix()}
}
