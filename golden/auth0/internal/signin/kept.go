package signin

// keep makes a session's secret of the tokens that came with a sign-in: the refresh token, by which the provider is
// asked again. Signing out there takes no token.
func keep(refreshToken, _ string) string { return refreshToken }

// kept is what keep has put into a secret.
func kept(secret string) (refreshToken, idToken string) { return secret, "" }
