package pay

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
)

const secret = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"

// The vectors of the Web3 Secret Storage definition; both hold secret.
const (
	scryptStore = `{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},
"ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt",
"kdfparams":{"dklen":32,"n":262144,"r":1,"p":8,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
"mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},"version":3}`
	pbkdf2Store = `{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
"kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"version":3}`
)

func keyFile(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func openKey(t *testing.T, text, password string) (*Key, error) {
	t.Helper()
	f, err := OpenKeyFile(keyFile(t, text, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return f.Key(t.Context(), func(context.Context) ([]byte, error) { return []byte(password), nil })
}

func TestKeyFiles(t *testing.T) {
	raw, _ := hex.DecodeString(secret)
	private, err := crypto.ToECDSA(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := crypto.PubkeyToAddress(private.PublicKey)
	address := fmt.Sprintf(`"address":"%x",`, want)
	for name, text := range map[string]string{
		"hex": secret, "hex with 0x": "0x" + secret + "\n", "upper case": "0X" + strings.ToUpper(secret) + "\r\n",
		"scrypt": scryptStore, "pbkdf2": strings.Replace(pbkdf2Store, "{", "{"+address, 1),
	} {
		key, err := openKey(t, text, "testpassword")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if key.Address() != want {
			t.Errorf("%s: the key is of %s", name, key.Address())
		}
		for _, printed := range []string{fmt.Sprint(key), fmt.Sprintf("%+v %#v %s", key, key, key)} {
			if !strings.Contains(printed, "[redacted]") || strings.Contains(printed, secret[:16]) {
				t.Errorf("%s prints as %s", name, printed)
			}
		}
		key.Close()
		if _, err := key.private.Bytes(); err == nil {
			t.Errorf("%s: the key is still there", name)
		}
	}
}

func TestBadKeyFiles(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "short": secret[:62], "long": secret + "00", "not hex": strings.Replace(secret, "7", "g", 1),
		"zero": strings.Repeat("0", 64), "above the order": strings.Repeat("f", 64), "words": "correct horse battery staple",
		"JSON": "{}", "version 1": strings.Replace(pbkdf2Store, `"version":3`, `"version":1`, 1),
		"cipher":    strings.Replace(pbkdf2Store, "aes-128-ctr", "aes-256-gcm", 1),
		"IV":        strings.Replace(pbkdf2Store, `"iv":"60`, `"iv":"`, 1),
		"function":  strings.Replace(pbkdf2Store, `"kdf":"pbkdf2"`, `"kdf":"argon2"`, 1),
		"PRF":       strings.Replace(pbkdf2Store, "hmac-sha256", "hmac-md5", 1),
		"rounds":    strings.Replace(pbkdf2Store, "262144", "2621440000", 1),
		"memory":    strings.Replace(scryptStore, `"n":262144,"r":1`, `"n":1048576,"r":4096`, 1),
		"overflow":  strings.Replace(scryptStore, `"r":1`, `"r":4611686018427387904`, 1),
		"lanes":     strings.Replace(scryptStore, `"p":8`, `"p":1000000`, 1),
		"no salt":   strings.Replace(scryptStore, `"n":262144`, `"n":3`, 1),
		"too short": strings.Replace(pbkdf2Store, `"dklen":32`, `"dklen":8`, 1),
		"address":   strings.Replace(pbkdf2Store, "{", `{"address":"00000000000000000000000000000000000000aa",`, 1),
	} {
		key, err := openKey(t, text, "testpassword")
		if err == nil {
			t.Errorf("%s: opened %v", name, key)
			continue
		}
		for _, part := range []string{secret[:16], strings.ToUpper(secret[:16]), "testpassword", "battery"} {
			if strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error quotes the file: %v", name, err)
			}
		}
	}
	if _, err := openKey(t, pbkdf2Store, "wrong"); !errors.Is(err, ErrPassword) {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestKeyFileModes(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o644, 0o610} {
		var open *ModeError
		if _, err := OpenKeyFile(keyFile(t, secret, mode)); !errors.As(err, &open) || strings.Contains(err.Error(), secret) {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none"), keyFile(t, strings.Repeat("0", maxKeyFile+1), 0o600)} {
		if _, err := OpenKeyFile(path); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
}

func TestPaymentFiles(t *testing.T) {
	s := newSeller(t, answers(503))
	b := newBuyer(t)
	b.buy(t, s)
	raw, err := os.ReadFile(b.path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), hex.EncodeToString(crypto.FromECDSA(b.key.private))) {
		t.Error("the key is in the payment's file")
	}
	for name, text := range map[string]string{
		"empty": "", "cut short": string(raw[:len(raw)/2]), "another format": strings.Replace(string(raw), `"format": 1`, `"format": 2`, 1),
		"a field more":      strings.Replace(string(raw), `"format"`, `"more": 1, "format"`, 1),
		"a URL in the open": strings.Replace(string(raw), "http://127.0.0.1", "http://10.0.0.1", 1),
		"no signature":      strings.Replace(string(raw), `"signed"`, `"signe"`, 1),
	} {
		if _, err := LoadPayment(keyFile(t, text, 0o600)); err == nil {
			t.Errorf("%s was loaded", name)
		}
	}
	first := Request{Method: "POST", URL: "https://a.example/", Body: []byte("1")}
	again := Request{Method: "POST", URL: "https://a.example/", Body: []byte("1")}
	second := Request{Method: "POST", URL: "https://a.example/", Body: []byte("2")}
	if PaymentPath("d", first) == PaymentPath("d", second) || PaymentPath("d", first) != PaymentPath("d", again) {
		t.Error("requests and paths of payments do not belong together")
	}
	p := Payment{Headers: []string{"Authorization", "X-Api-Key"}}
	if got := p.Missing(map[string][]string{"Authorization": {"x"}}); len(got) != 1 || got[0] != "X-Api-Key" {
		t.Errorf("missing headers: %v", got)
	}
}
