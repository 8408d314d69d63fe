package signin

import "strings"

// keep makes a session's secret of the tokens that came with a sign-in: the refresh token, by which the provider is
// asked again, and the ID token, which tells it at sign-out whose session ends. Neither can have a line end in it.
func keep(refreshToken, idToken string) string { return refreshToken + "\n" + idToken }

// kept is what keep has put into a secret.
func kept(secret string) (refreshToken, idToken string) {
	refreshToken, idToken, _ = strings.Cut(secret, "\n")
	return refreshToken, idToken
}
