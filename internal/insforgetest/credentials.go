package insforgetest

import (
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Caller tells who a credential stands for: an anon key, an API key or a token,
// told apart by how they begin and never tried as another kind. A token is HS256
// with the project's secret and needs a sub. exp and nbf are obeyed and may be
// missing, aud and iss are not looked at. Without a role it is a user's
// (middlewares/auth.ts, security/token.manager.ts).
//
// An API key and an admin's token are project_admin without a sub, anon has
// neither: only users have an identity in the database.
func (p *Project) Caller(credential string) (Caller, error) {
	switch {
	case strings.HasPrefix(credential, "ik_"):
		return p.byKey(credential)
	case strings.HasPrefix(credential, "anon_"):
		if credential != p.AnonKey {
			return Caller{}, refuse(http.StatusUnauthorized, codeInvalidCredentials, "the anon key is not this project's")
		}
		return Caller{Role: anon}, nil
	case credential == "":
		return Caller{}, refuse(http.StatusUnauthorized, codeInvalidCredentials, "no credential in the request")
	}
	c, err := p.verify(credential)
	if err != nil {
		return Caller{}, err
	}
	switch c.Role {
	case authenticated:
		return c, nil
	case projectAdmin, anon:
		return Caller{Role: c.Role}, nil
	}
	return Caller{}, refuse(http.StatusForbidden, codeUnauthorized, "tokens of this role are not accepted: "+c.Role)
}

// verify returns sub, email and role as they are in the token.
func (p *Project) verify(token string) (Caller, error) {
	var claims struct {
		jwt.RegisteredClaims

		Email string `json:"email"`
		Role  string `json:"role"`
	}
	_, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return []byte(p.JWTSecret), nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Name}))
	if err != nil {
		return Caller{}, refuse(http.StatusUnauthorized, codeUnauthorized, "the token is not valid: "+err.Error())
	}
	if claims.Subject == "" {
		return Caller{}, refuse(http.StatusUnauthorized, codeUnauthorized, "the token names no subject")
	}
	if claims.Role == "" {
		claims.Role = authenticated
	}
	return Caller{Role: claims.Role, Sub: claims.Subject, Email: claims.Email}, nil
}

// byKey is who an API key stands for.
func (p *Project) byKey(key string) (Caller, error) {
	if key != p.APIKey {
		return Caller{}, refuse(http.StatusUnauthorized, codeInvalidAPIKey, "the API key is not this project's")
	}
	return Caller{Role: projectAdmin}, nil
}

// caller is who sends r. An API key may come as x-api-key, and then wins over a
// token or anon key in Authorization.
func (p *Project) caller(r *http.Request) (Caller, error) {
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		bearer = ""
	}
	if key := r.Header.Get("X-Api-Key"); key != "" && !strings.HasPrefix(bearer, "ik_") {
		return p.byKey(key)
	}
	return p.Caller(bearer)
}

// admin guards a route. An anon key counts as a bad token there, and a user's
// token is refused with 403.
func (p *Project) admin(handler func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := p.caller(r)
		switch {
		case err == nil && c.Role == projectAdmin:
			err = handler(w, r)
		case err == nil && c.Role == anon:
			err = refuse(http.StatusUnauthorized, codeUnauthorized, "this needs an administrator's credential")
		case err == nil:
			err = refuse(http.StatusForbidden, codeUnauthorized, "this is for administrators")
		}
		if err != nil {
			fail(w, err)
		}
	}
}

// internalToken is what PostgREST gets to see instead of the credential: role
// alone for anon and administrators; sub, email and role for five minutes for
// users. No other claim of theirs reaches SQL (database/postgrest-proxy.service.ts).
func (p *Project) internalToken(c Caller) string {
	claims := jwt.MapClaims{"role": c.Role}
	if c.Role == authenticated {
		claims["sub"] = c.Sub
		if c.Email != "" {
			claims["email"] = c.Email
		}
		claims["iat"] = time.Now().Unix()
		claims["exp"] = time.Now().Add(5 * time.Minute).Unix()
	}
	return p.Sign(claims)
}
