package auth

import (
	"crypto/rsa"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// The provider signs with RS256. What a token says of itself chooses between no others.

const (
	minKeyBits  = 2048
	signingKeys = "RSA signing key of 2048 bits or more"
)

// isSigningKey reports whether key is one of signingKeys.
func isSigningKey(key any) bool {
	public, ok := key.(*rsa.PublicKey)
	return ok && public.N.BitLen() >= minKeyBits
}

// checkAlgorithm refuses a token by the alg of its header, before its key is looked for.
func checkAlgorithm(alg any) error {
	if alg != jwt.SigningMethodRS256.Alg() {
		return fmt.Errorf("alg %.20q, want RS256", fmt.Sprint(alg))
	}
	return nil
}

// checkSignature holds the token's signature against the key that its header names.
func checkSignature(token decodedToken, key any) error {
	return jwt.SigningMethodRS256.Verify(token.signed, token.signature, key)
}
