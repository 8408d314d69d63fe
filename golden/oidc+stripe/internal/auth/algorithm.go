package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Providers sign with one algorithm or another. This server checks those below, which all have a public key:
// what they publish for checking can sign nothing.

const (
	minKeyBits     = 2048
	signingKeys    = "signing key of RSA with 2048 bits or more, of P-256, P-384 or Ed25519"
	algorithmNames = "RS256, PS256, ES256, ES384 or EdDSA"
)

// methodOf returns how to check an algorithm, or nil for one that is refused.
func methodOf(alg any) jwt.SigningMethod {
	switch alg {
	case "RS256":
		return jwt.SigningMethodRS256
	case "PS256":
		return jwt.SigningMethodPS256
	case "ES256":
		return jwt.SigningMethodES256
	case "ES384":
		return jwt.SigningMethodES384
	case "EdDSA":
		return jwt.SigningMethodEdDSA
	default:
		return nil
	}
}

// isSigningKey reports whether key is one of signingKeys.
func isSigningKey(key any) bool {
	switch public := key.(type) {
	case *rsa.PublicKey:
		return public.N.BitLen() >= minKeyBits
	case *ecdsa.PublicKey:
		return public.Curve == elliptic.P256() || public.Curve == elliptic.P384()
	case ed25519.PublicKey:
		return true
	default:
		return false
	}
}

// checkAlgorithm refuses a token by the alg of its header, before its key is looked for.
func checkAlgorithm(alg any) error {
	if methodOf(alg) == nil {
		return fmt.Errorf("alg %.20q, want %s", fmt.Sprint(alg), algorithmNames)
	}
	return nil
}

// checkSignature holds the token's signature against the key that its header names. A key of another kind
// than the algorithm's is an error.
func checkSignature(token decodedToken, key any) error {
	method := methodOf(token.header["alg"])
	if curve, ok := method.(*jwt.SigningMethodECDSA); ok { // which does not look at the key's curve
		if public, ok := key.(*ecdsa.PublicKey); ok && public.Curve.Params().BitSize != curve.CurveBits {
			return errors.New("the key is of another curve")
		}
	}
	return method.Verify(token.signed, token.signature, key)
}
