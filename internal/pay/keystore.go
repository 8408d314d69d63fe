package pay

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/crypto/scrypt"
)

// What opening a keystore may cost: the file says how much memory and how many
// rounds, and a hostile one would take all there is.
const (
	maxScryptMemory = 1 << 30
	maxScryptLanes  = 64
	maxRounds       = 10_000_000
)

var errKeystore = errors.New("it is no Ethereum keystore of version 3 that forge can read")

// hexBytes is bytes as keystores write them.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(strings.TrimPrefix(string(text), "0x"))
	*h = raw
	return err
}

type keystore struct {
	Version int    `json:"version"`
	Address string `json:"address"`
	Crypto  struct {
		Cipher       string `json:"cipher"`
		CipherParams struct {
			IV hexBytes `json:"iv"`
		} `json:"cipherparams"`
		CipherText hexBytes `json:"ciphertext"`
		KDF        string   `json:"kdf"`
		KDFParams  struct {
			N, R, P, C int
			DKLen      int
			PRF        string
			Salt       hexBytes
		} `json:"kdfparams"`
		MAC hexBytes `json:"mac"`
	} `json:"crypto"`
}

// openKeystore decrypts the private key in a Web3 Secret Storage file.
func openKeystore(data, password []byte) ([]byte, error) {
	var k keystore
	if err := json.Unmarshal(data, &k); err != nil || k.Version != 3 || k.Crypto.Cipher != "aes-128-ctr" ||
		len(k.Crypto.CipherParams.IV) != aes.BlockSize || len(k.Crypto.CipherText) == 0 || len(k.Crypto.CipherText) > 32 {
		return nil, errKeystore
	}
	derived, err := k.derive(password)
	if err != nil {
		return nil, err
	}
	defer clear(derived)
	mac := crypto.Keccak256(derived[16:32], k.Crypto.CipherText)
	if subtle.ConstantTimeCompare(mac, k.Crypto.MAC) != 1 {
		return nil, ErrPassword
	}
	block, err := aes.NewCipher(derived[:16])
	if err != nil {
		return nil, errKeystore
	}
	secret := make([]byte, 32)
	// Some programs leave off the zeros that a number may have in front.
	cipher.NewCTR(block, k.Crypto.CipherParams.IV).XORKeyStream(secret[32-len(k.Crypto.CipherText):], k.Crypto.CipherText)
	private, err := crypto.ToECDSA(secret)
	if err != nil {
		clear(secret)
		return nil, errKeystore
	}
	if k.Address != "" && common.HexToAddress(k.Address) != crypto.PubkeyToAddress(private.PublicKey) {
		clear(secret)
		return nil, errors.New("the keystore's key is not that of the address in it")
	}
	return secret, nil
}

// derive makes the encryption key from the password.
func (k *keystore) derive(password []byte) ([]byte, error) {
	p := k.Crypto.KDFParams
	if p.DKLen != 32 {
		return nil, errKeystore
	}
	switch k.Crypto.KDF {
	case "scrypt":
		if p.N < 2 || p.R < 1 || p.P < 1 || p.P > maxScryptLanes || p.N > maxScryptMemory || p.R > maxScryptMemory/128/p.N {
			return nil, errKeystore
		}
		derived, err := scrypt.Key(password, p.Salt, p.N, p.R, p.P, p.DKLen)
		if err != nil {
			return nil, errKeystore
		}
		return derived, nil
	case "pbkdf2":
		if p.PRF != "hmac-sha256" || p.C < 1 || p.C > maxRounds {
			return nil, errKeystore
		}
		derived, err := pbkdf2.Key(sha256.New, string(password), p.Salt, p.C, p.DKLen)
		if err != nil {
			return nil, errKeystore
		}
		return derived, nil
	}
	return nil, errKeystore
}
