package pay

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// maxKeyFile is more than any key file has.
const maxKeyFile = 64 << 10

// KeyFile is a file with a private key, read but not opened: a keystore is still
// locked. None of its errors quotes what the file holds.
type KeyFile struct {
	path string
	data []byte
}

// Key is a private key. It never prints.
type Key struct{ private *ecdsa.PrivateKey }

// ModeError is a key file that others on this machine may read.
type ModeError struct {
	Path string
	Mode os.FileMode
}

func (e *ModeError) Error() string {
	return fmt.Sprintf("key file %s: others on this machine may use it, its mode is %04o", e.Path, e.Mode.Perm())
}

// ErrPassword is that a keystore was not opened by the password.
var ErrPassword = errors.New("the password does not open the keystore")

// OpenKeyFile reads a file that its owner alone can.
func OpenKeyFile(path string) (*KeyFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("key file: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("key file %s is no ordinary file", path)
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows": // where the mode says nothing
		return nil, &ModeError{path, info.Mode()}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	k := &KeyFile{path, data}
	if len(data) > maxKeyFile {
		k.Close()
		return nil, fmt.Errorf("key file %s is longer than any key", path)
	}
	return k, nil
}

// Locked reports whether a password is needed.
func (k *KeyFile) Locked() bool { return bytes.HasPrefix(bytes.TrimSpace(k.data), []byte("{")) }

// Key opens the key; password is asked for a keystore only.
func (k *KeyFile) Key(ctx context.Context, password func(context.Context) ([]byte, error)) (*Key, error) {
	var secret []byte
	if k.Locked() {
		word, err := password(ctx)
		if err != nil {
			return nil, err
		}
		defer clear(word)
		if secret, err = openKeystore(k.data, word); err != nil {
			return nil, fmt.Errorf("key file %s: %w", k.path, err)
		}
	} else {
		digits := bytes.TrimSpace(k.data)
		digits = bytes.TrimPrefix(bytes.TrimPrefix(digits, []byte("0x")), []byte("0X"))
		secret = make([]byte, hex.DecodedLen(len(digits)))
		if _, err := hex.Decode(secret, digits); err != nil || len(secret) != 32 {
			clear(secret)
			return nil, fmt.Errorf("key file %s holds neither a private key, 64 hex digits, nor a keystore in JSON", k.path)
		}
	}
	defer clear(secret)
	private, err := crypto.ToECDSA(secret)
	if err != nil {
		return nil, fmt.Errorf("key file %s: what it holds is no private key", k.path) // without the cause, as ever
	}
	return &Key{private}, nil
}

// Close forgets what was read.
func (k *KeyFile) Close() { clear(k.data) }

// Address is the wallet the key is for.
func (k *Key) Address() common.Address { return crypto.PubkeyToAddress(k.private.PublicKey) }

// String keeps a key out of whatever prints it.
func (k *Key) String() string { return "[redacted]" }

// GoString does the same for %#v.
func (k *Key) GoString() string { return k.String() }

// Close overwrites the key, as far as Go lets one.
func (k *Key) Close() {
	clear(k.private.D.Bits()) //nolint:staticcheck // a key that is overwritten need not stay valid
	k.private.D.SetInt64(0)   //nolint:staticcheck // the same
}
