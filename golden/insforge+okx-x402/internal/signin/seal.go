package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
)

// key is the random number in a session's cookie. All else follows from it: the database knows only its
// hash, so what is stored there opens nothing.
type key [32]byte

func newKey() key {
	var k key
	_, _ = rand.Read(k[:]) // never fails
	return k
}

// parseKey reads what String wrote.
func parseKey(s string) (key, bool) {
	var k key
	data, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(data) != len(k) {
		return key{}, false
	}
	copy(k[:], data)
	return k, k.String() == s // the decoder takes more than one text for the same bytes
}

// String is the key as the cookie holds it.
func (k key) String() string { return base64.RawURLEncoding.EncodeToString(k[:]) }

// id is the name of the key's session in the database.
func (k key) id() string {
	sum := sha256.Sum256(k[:])
	return hex.EncodeToString(sum[:])
}

// derive makes another secret of the key, one for each purpose.
func (k key) derive(purpose string) [32]byte {
	return sha256.Sum256(append([]byte(purpose+"\x00"), k[:]...))
}

// seal encrypts a secret of the session, such as the provider's token, for the database.
func (k key) seal(secret string) string {
	if secret == "" {
		return ""
	}
	aead := k.aead()
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return base64.RawStdEncoding.EncodeToString(aead.Seal(nonce, nonce, []byte(secret), nil))
}

// unseal returns what was sealed with the same key.
func (k key) unseal(sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	data, err := base64.RawStdEncoding.DecodeString(sealed)
	aead := k.aead()
	if err != nil || len(data) < aead.NonceSize() {
		return "", errors.New("the sealed secret is damaged")
	}
	secret, err := aead.Open(nil, data[:aead.NonceSize()], data[aead.NonceSize():], nil)
	if err != nil {
		return "", errors.New("the sealed secret is another session's, or damaged")
	}
	return string(secret), nil
}

func (k key) aead() cipher.AEAD {
	derived := k.derive("seal")
	block, err := aes.NewCipher(derived[:])
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES is made for it
	}
	return aead
}
