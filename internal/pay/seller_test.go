package pay

import (
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"
)

const (
	usdg     = "0x4ae46a509f6b1d9056937ba4500cb143933d2dc8"
	wallet   = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
	settling = "0x00000000000000000000000000000000000000000000000000000000000000aa"
)

type object = map[string]any

// accepts is an offer that can be paid, changed by pairs of key and value.
func accepts(change ...any) object {
	o := object{
		"scheme": "exact", "network": "eip155:196", "amount": "10000", "asset": usdg, "payTo": wallet,
		"maxTimeoutSeconds": 300, "extra": object{"name": "Global Dollar", "version": "1"}, "alias": "<kept> & sent back",
	}
	for i := 0; i < len(change); i += 2 {
		o[change[i].(string)] = change[i+1]
	}
	return o
}

func header(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// seller sells /report to whoever signs for what it asked. It is stricter than
// any real one, and remembers every signature it has seen.
type seller struct {
	*httptest.Server
	t         *testing.T
	mu        sync.Mutex
	challenge object
	// answers are given to paid requests in turn, the last one again and again.
	answers []func(w http.ResponseWriter, payer string)
	paid    int
	seen    map[string]bool
	bodies  map[string]bool
}

func newSeller(t *testing.T, answers ...func(http.ResponseWriter, string)) *seller {
	t.Helper()
	s := &seller{t: t, answers: answers, seen: map[string]bool{}, bodies: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/report", s.report)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	s.challenge = object{
		"x402Version": 2, "error": "payment required", "resource": object{"url": s.URL + "/report"},
		"accepts": []any{accepts()}, "extensions": object{"bazaar": object{"info": "kept"}},
	}
	return s
}

func (s *seller) report(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	s.bodies[r.Method+" "+string(body)] = true
	signed := r.Header.Get("PAYMENT-SIGNATURE")
	if signed == "" {
		w.Header().Set("PAYMENT-REQUIRED", header(s.challenge))
		w.WriteHeader(http.StatusPaymentRequired)
		return
	}
	s.seen[signed] = true
	payer, err := s.verify(signed)
	if err != nil {
		s.t.Errorf("the payment is bad: %v", err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	answer := s.answers[min(s.paid, len(s.answers)-1)]
	s.paid++
	answer(w, payer)
}

// verify checks a payment by means that share no code with the buyer's: typed
// data hashed by go-ethereum, and the signer recovered from the signature.
func (s *seller) verify(signed string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(signed)
	if err != nil {
		return "", err
	}
	var p struct {
		X402Version int             `json:"x402Version"`
		Resource    json.RawMessage `json:"resource"`
		Accepted    json.RawMessage `json:"accepted"`
		Extensions  json.RawMessage `json:"extensions"`
		Payload     struct {
			Signature     hexutil.Bytes     `json:"signature"`
			Authorization map[string]string `json:"authorization"`
		} `json:"payload"`
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return "", err
	}
	asked := s.challenge["accepts"].([]any)
	offer := asked[len(asked)-1].(object) // tests put the one that can be paid last
	for name, pair := range map[string][2]any{
		"accepted":   {p.Accepted, offer},
		"resource":   {p.Resource, s.challenge["resource"]},
		"extensions": {p.Extensions, s.challenge["extensions"]},
	} {
		if header(pair[0]) != header(pair[1]) {
			return "", fmt.Errorf("%s was not sent back as it came: %s", name, pair[0])
		}
	}
	auth := p.Payload.Authorization
	extra := offer["extra"].(object)
	chain, _ := strconv.ParseInt(offer["network"].(string)[len("eip155:"):], 10, 64)
	data := apitypes.TypedData{
		Types: apitypes.Types{
			"EIP712Domain": {
				{Name: "name", Type: "string"},
				{Name: "version", Type: "string"},
				{Name: "chainId", Type: "uint256"},
				{Name: "verifyingContract", Type: "address"},
			},
			"TransferWithAuthorization": {
				{Name: "from", Type: "address"},
				{Name: "to", Type: "address"},
				{Name: "value", Type: "uint256"},
				{Name: "validAfter", Type: "uint256"},
				{Name: "validBefore", Type: "uint256"},
				{Name: "nonce", Type: "bytes32"},
			},
		},
		PrimaryType: "TransferWithAuthorization",
		Domain: apitypes.TypedDataDomain{
			Name: extra["name"].(string), Version: extra["version"].(string),
			ChainId: math.NewHexOrDecimal256(chain), VerifyingContract: offer["asset"].(string),
		},
		Message: apitypes.TypedDataMessage{
			"from": auth["from"], "to": auth["to"], "value": auth["value"],
			"validAfter": auth["validAfter"], "validBefore": auth["validBefore"], "nonce": auth["nonce"],
		},
	}
	digest, _, err := apitypes.TypedDataAndHash(data)
	if err != nil {
		return "", err
	}
	sig := slices.Clone(p.Payload.Signature)
	if len(sig) != 65 || sig[64] != 27 && sig[64] != 28 || new(big.Int).SetBytes(sig[32:64]).Cmp(new(big.Int).Rsh(crypto.S256().Params().N, 1)) > 0 {
		return "", fmt.Errorf("a signature contracts refuse: %x", sig)
	}
	sig[64] -= 27
	public, err := crypto.SigToPub(digest, sig)
	if err != nil {
		return "", err
	}
	if got := crypto.PubkeyToAddress(*public); got != common.HexToAddress(auth["from"]) {
		return "", fmt.Errorf("signed by %s, not by %s", got, auth["from"])
	}
	if auth["to"] != offer["payTo"] || auth["value"] != offer["amount"] || auth["validAfter"] != "0" {
		return "", fmt.Errorf("signed for something else: %v", auth)
	}
	before, _ := strconv.ParseInt(auth["validBefore"], 10, 64)
	if left := before - time.Now().Unix(); left < 200 || left > 301 {
		return "", fmt.Errorf("valid for %d seconds", left)
	}
	return auth["from"], nil
}

// What paid requests are answered.
func sold(w http.ResponseWriter, payer string) {
	w.Header().Set("PAYMENT-RESPONSE", header(object{"success": true, "transaction": settling, "network": "eip155:196", "payer": payer}))
	_, _ = io.WriteString(w, "the report")
}

func answers(status int, pairs ...string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) {
		for i := 0; i < len(pairs); i += 2 {
			w.Header().Set(pairs[i], pairs[i+1])
		}
		w.WriteHeader(status)
	}
}

// dies closes the connection after the request has arrived.
func dies(http.ResponseWriter, string) { panic(http.ErrAbortHandler) }

// soldWithoutBody settles, says so, and breaks off.
func soldWithoutBody(w http.ResponseWriter, payer string) {
	w.Header().Set("Content-Length", "100")
	sold(w, payer)
}

// buyer pays with a wallet of its own, and never waits.
type buyer struct {
	*Client
	key    *Key
	path   string
	waited []time.Duration
}

func newBuyer(t *testing.T) *buyer {
	t.Helper()
	private, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	b := &buyer{key: &Key{private}, path: filepath.Join(t.TempDir(), "payments", "p.json")}
	b.Client = NewClient(func(string) {})
	b.wait = func(_ context.Context, d time.Duration) error {
		b.waited = append(b.waited, d)
		return nil
	}
	return b
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	private, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// buy goes all the way, as the command does.
func (b *buyer) buy(t *testing.T, s *seller) (*Result, *Payment) {
	t.Helper()
	r, err := NewRequest("", s.URL+"/report", nil, []byte(`{"text":"hello"}`))
	if err != nil {
		t.Fatal(err)
	}
	r, _, challenge, err := b.Ask(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	offer, err := challenge.Choose("")
	if err != nil {
		t.Fatal(err)
	}
	payment, err := Sign(r, challenge, offer, b.key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := payment.Keep(b.path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(b.path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the payment's file: %v %v", info.Mode(), err)
	}
	return b.Send(t.Context(), payment, r.Header), payment
}

// signatures is how many different payments the seller has seen.
func (s *seller) signatures() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if want := map[string]bool{`POST {"text":"hello"}`: true}; !maps.Equal(s.bodies, want) {
		s.t.Errorf("the requests differ: %v", s.bodies)
	}
	return len(s.seen)
}
