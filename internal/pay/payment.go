package pay

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

const (
	// paymentFormat is the version of the file.
	paymentFormat = 1
	// maxPaymentFile is more than any of them has.
	maxPaymentFile = 64 << 20
)

// Payment is a signed payment and the request it is for, as it lies on disk while
// its outcome is open. It is worth money: whoever has it can hand it in. Headers
// of the request are not in it, but for the body's type; Headers are the names of
// those that have to be given again.
type Payment struct {
	Format      int      `json:"format"`
	Method      string   `json:"method"`
	URL         string   `json:"url"`
	ContentType string   `json:"content_type,omitempty"`
	Headers     []string `json:"headers,omitempty"`
	Body        []byte   `json:"body,omitempty"`

	Network     string `json:"network"`
	Asset       string `json:"asset"`
	Amount      string `json:"amount"`
	PayTo       string `json:"pay_to"`
	Payer       string `json:"payer"`
	Nonce       string `json:"nonce"`
	ValidBefore int64  `json:"valid_before"`

	// Signed is the PAYMENT-SIGNATURE header.
	Signed string `json:"signed"`
	// Refused is whether the seller said that it did not take the payment.
	Refused bool `json:"refused,omitempty"`

	// uncertain is a payment that another run may have sent, without learning
	// what became of it.
	uncertain bool
}

// Expires is when nobody can use the payment any more.
func (p *Payment) Expires() time.Time { return time.Unix(p.ValidBefore, 0).UTC() }

// Token is what is paid with, and how much.
func (p *Payment) Token() (Asset, *big.Int) {
	a := Asset{Network: p.Network, Address: common.HexToAddress(p.Asset)}
	if known, ok := knownAsset(a.Network, a.Address); ok {
		a = known
	}
	units, _ := decimal(p.Amount)
	return a, units
}

// PendingError is a payment for the same request whose outcome is open.
type PendingError struct {
	Path string
	// Until is when its authorization expires, if the seller has refused it;
	// otherwise only a person can decide.
	Until time.Time
}

func (e *PendingError) Error() string {
	if !e.Until.IsZero() {
		return fmt.Sprintf("the seller refused an earlier payment for this request, but can use it until %s: "+
			"another one could charge you twice", e.Until.Format(time.RFC3339))
	}
	return "an earlier payment for this request has no known outcome: another one could charge you twice"
}

// PaymentPath is where the payment for a request lies in dir. The same request
// has the same path, so that one payment for it is open at a time.
func PaymentPath(dir string, r Request) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s %s\n", r.Method, r.URL) // a hash takes everything
	_, _ = h.Write(r.Body)
	return filepath.Join(dir, fmt.Sprintf("%x.json", h.Sum(nil)[:16]))
}

// Vacant checks that no other payment lies at path. One that the seller refused,
// and that has expired, is cleared away.
func Vacant(path string, now time.Time) error {
	p, err := LoadPayment(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !p.Refused:
		return &PendingError{Path: path}
	case !now.After(p.Expires()):
		return &PendingError{Path: path, Until: p.Expires()}
	}
	return Forget(path)
}

// Keep writes the payment to path, where there must be nothing, and returns when
// it has reached the disk.
func (p *Payment) Keep(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keeping the payment: %w", err)
	}
	err := p.write(path, os.O_EXCL)
	if errors.Is(err, fs.ErrExist) {
		return &PendingError{Path: path}
	}
	return err
}

// Mark notes in the payment's file whether the seller has refused it. A payment
// that is about to be sent again is not refused any more.
func (p *Payment) Mark(path string, refused bool) error {
	if p.Refused == refused {
		return nil
	}
	p.Refused = refused
	next := path + ".new"
	if err := p.write(next, os.O_TRUNC); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("keeping the payment: %w", err)
	}
	return nil
}

func (p *Payment) write(path string, flag int) (err error) {
	raw, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("keeping the payment: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flag, 0o600)
	if err != nil {
		return fmt.Errorf("keeping the payment: %w", err)
	}
	_, err = f.Write(append(raw, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = os.Remove(path) // it was not sent
		return fmt.Errorf("keeping the payment: %w", err)
	}
	return nil
}

// syncDir makes a new name in dir survive a crash.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // which has no such call
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Forget removes the payment at path: its outcome is known.
func Forget(path string) error {
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("removing the payment: %w", err)
	}
	return nil
}

// LoadPayment reads a payment that Keep wrote.
func LoadPayment(path string) (*Payment, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("payment file: %w", err)
	}
	bad := fmt.Errorf("payment file %s is not one that forge pay wrote, or is incomplete", path)
	if !info.Mode().IsRegular() || info.Size() > maxPaymentFile {
		return nil, bad
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("payment file: %w", err)
	}
	var p Payment
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if d.Decode(&p) != nil || p.Format != paymentFormat || p.Method == "" || p.Signed == "" || len(p.Signed) > maxPayment {
		return nil, bad
	}
	if _, err := decodeBase64(p.Signed); err != nil {
		return nil, bad
	}
	if units, ok := decimal(p.Amount); !ok || units.Sign() == 0 {
		return nil, bad
	}
	u, err := url.Parse(p.URL)
	if err != nil || checkURL(u) != nil {
		return nil, bad
	}
	p.uncertain = !p.Refused
	return &p, nil
}

// Missing are the headers that the request had and header has not.
func (p *Payment) Missing(header http.Header) []string {
	return slices.DeleteFunc(slices.Clone(p.Headers), func(name string) bool {
		return strings.TrimSpace(header.Get(name)) != ""
	})
}
