//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lockedKey is a keystore in JSON, of the Web3 Secret Storage definition; its
// password is testpassword.
const lockedKey = `{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
"kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"version":3}`

// TestPayOnTerminal has the user asked for consent and for the password, and
// shows neither the password nor anything the seller hides in its texts.
func TestPayOnTerminal(t *testing.T) {
	seller := newSeller()
	defer seller.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(lockedKey), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, command(t, dir, "forge", "pay", seller.URL+"/report", "--key-file", "key", "--data", "hello", "--header", "X-Key: hunter2"))
	s.answer("Pay 0.01 USDG?", "y\r")
	s.answer("Password of key:", "testpasswox\x7frd\r")
	s.sees("Paid 0.01 USDG")
	if code := s.wait(); code != 0 {
		t.Errorf("exit code %d\n%s", code, s.text())
	}
	if got := s.stdout.String(); got != "POST hello\x1b[0m\n" {
		t.Errorf("printed %q", got)
	}
	screen := s.text()
	for _, want := range []string{
		"pay to   0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "X Layer (eip155:196)", "0x" + strings.Repeat("ab", 32),
		"--max 0.01 --yes --method POST", "'X-Key: …'",
	} {
		if !strings.Contains(strings.ReplaceAll(screen, "\n", ""), want) {
			t.Errorf("no %q on the screen:\n%s", want, screen)
		}
	}
	for _, secret := range []string{"testpass", "7a28b5ba", "hunter2"} {
		if strings.Contains(screen, secret) {
			t.Errorf("%q is on the screen:\n%s", secret, screen)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".cache", "forge", "payments", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestPayDeclinedOnTerminal(t *testing.T) {
	seller := newSeller()
	defer seller.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(strings.Repeat("7", 64)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, keys := range []string{"\r", "n\r", "\x03"} {
		s := start(t, command(t, dir, "forge", "pay", seller.URL+"/report", "--key-file", "key", "--max", "1"))
		s.answer("Pay 0.01 USDG?", keys)
		s.sees("interrupted; nothing was paid")
		if code := s.wait(); code != 130 {
			t.Errorf("exit code %d\n%s", code, s.text())
		}
	}
	if got := must(t, dir, "forge", "pay", seller.URL+"/signatures", "--key-file", "key"); !strings.Contains(got, "0 signatures") {
		t.Errorf("the seller has %s", got)
	}
}
