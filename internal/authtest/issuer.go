package authtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"sync"
)

// Claims are a token's. They are not changed in place: With makes others of them.
type Claims map[string]any

// With is a copy in which name has the value. A nil value takes it away.
func (c Claims) With(name string, value any) Claims {
	changed := maps.Clone(c)
	if changed == nil {
		changed = Claims{}
	}
	if value == nil {
		delete(changed, name)
	} else {
		changed[name] = value
	}
	return changed
}

// JSON is their text. It panics on what JSON does not have: the caller's mistake.
func (c Claims) JSON() string {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// Issuer is a provider's signing authority. Its methods are safe for concurrent use.
// It serves its public keys as an http.Handler.
type Issuer struct {
	name string

	mu     sync.Mutex
	made   int
	keys   []signingKey // published, oldest first
	signer signingKey   // signs, published or not
	extra  []Claims     // published beside its own
}

type signingKey struct {
	id  string
	key *rsa.PrivateKey
}

// NewIssuer makes one with one key. Issuers of one name have the same keys.
func NewIssuer(name string) *Issuer {
	i := &Issuer{name: name}
	i.Rotate()
	return i
}

// Rotate signs with a new key from now on, and publishes it beside the older ones. It
// returns the new key's ID.
func (i *Issuer) Rotate() (kid string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.made++
	id := fmt.Sprintf("%s-%d", i.name, i.made)
	i.signer = signingKey{id, rsaKey(id)}
	i.keys = append(i.keys, i.signer)
	return id
}

// Remove takes a key off the published ones. If it is the one that signs, it still does.
func (i *Issuer) Remove(kid string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = slices.DeleteFunc(i.keys, func(k signingKey) bool { return k.id == kid })
}

// Publish puts JWKs beside the issuer's own, in the place of those published so before.
func (i *Issuer) Publish(extra ...Claims) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.extra = extra
}

// KeyID is the ID of the key that signs.
func (i *Issuer) KeyID() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.signer.id
}

// Key is the key that signs.
func (i *Issuer) Key() *rsa.PrivateKey {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.signer.key
}

// PublicKey is the published key of an ID, nil when there is none. Those that Publish put
// there are not the issuer's.
func (i *Issuer) PublicKey(kid string) *rsa.PublicKey {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, k := range i.keys {
		if k.id == kid {
			return &k.key.PublicKey
		}
	}
	return nil
}

// ServeHTTP answers with the published keys.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	keys := slices.Clone(i.extra)
	for _, k := range i.keys {
		keys = append(keys, JWK(k.id, &k.key.PublicKey))
	}
	i.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprint(w, Claims{"keys": keys}.JSON())
}

// Header is that of the issuer's tokens.
func (i *Issuer) Header() Claims {
	return Claims{"alg": "RS256", "kid": i.KeyID(), "typ": "JWT"}
}

// Token is one as the provider would issue it.
func (i *Issuer) Token(claims Claims) string {
	return i.Sign(i.Header().JSON(), claims.JSON())
}

// Sign signs the texts of a header and of claims as they stand, JSON or not, with
// RS256 whatever they say.
func (i *Issuer) Sign(header, claims string) string {
	key := i.Key()
	return Compact(header, claims, func(signed []byte) []byte {
		digest := sha256.Sum256(signed)
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
		if err != nil {
			panic(err) // the key is too short for the digest
		}
		return signature
	})
}

// Compact puts a token together and has it signed by sign.
func Compact(header, claims string, sign func(signed []byte) []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode([]byte(claims))
	return signed + "." + encode(sign([]byte(signed)))
}

// JWK describes a public key as providers do.
func JWK(kid string, key *rsa.PublicKey) Claims {
	encode := base64.RawURLEncoding.EncodeToString
	return Claims{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
		"n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
	}
}

var (
	rsaMu   sync.Mutex
	rsaKeys = map[string]*rsa.PrivateKey{}
)

// rsaKey makes the key of an ID once for the process: that takes a tenth of a second.
func rsaKey(id string) *rsa.PrivateKey {
	rsaMu.Lock()
	defer rsaMu.Unlock()
	if rsaKeys[id] == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err) // there is no randomness
		}
		rsaKeys[id] = key
	}
	return rsaKeys[id]
}
