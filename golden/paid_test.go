package golden

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"
	"github.com/jackc/pgx/v5"

	"github.com/insforge/forge/internal/insforgetest"
	"github.com/insforge/forge/internal/trial"
)

// TestPaid buys a report from a generated server whose ledger is the generated
// migration on a real Postgres. The buyer signs with go-ethereum's own EIP-712
// code, which shares nothing with the server's.
func TestPaid(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a server and starts Postgres; make test runs it")
	}
	c := load(t)
	combo := trial.Of("clerk", "okx-x402")
	spec, target, rec := render(t, c, combo.Answers(c))
	dir := filepath.Join(t.TempDir(), "shop")
	write(t, dir, target, rec)
	project := migrated(t, dir)
	db := connect(t, project)
	env := sampleEnv(t, spec, dir)
	backend := httptest.NewServer(rpcGateway(t, project, env["INSFORGE_API_KEY"]))
	t.Cleanup(backend.Close)
	env["INSFORGE_URL"] = backend.URL
	server := serve(t, dir, env)

	offer := challenge(t, server)
	payment := sign(t, offer)
	status, header, body := buy(t, server, payment)
	if status != http.StatusOK || !strings.Contains(body, "words") {
		t.Fatalf("paid request: %d %s, want 200 and a report", status, body)
	}
	var receipt struct {
		Success, Mock        bool
		Transaction, Network string
	}
	decodeHeader(t, header.Get("PAYMENT-RESPONSE"), &receipt)
	if !receipt.Success || !receipt.Mock || len(receipt.Transaction) != 66 || receipt.Network != "eip155:196" {
		t.Errorf("receipt is %+v, want a success that says it is a mock", receipt)
	}
	// One authorization buys one answer, which is handed over as often as it is asked for.
	if status, header, again := buy(t, server, payment); status != http.StatusOK || again != body || header.Get("PAYMENT-RESPONSE") == "" {
		t.Errorf("the same payment again: %d %s, want the same answer", status, again)
	}
	// A payment of less than the price is refused and asks for the right one.
	cheap := offer
	cheap.Amount = "1"
	if status, header, body := buy(t, server, sign(t, cheap)); status != http.StatusPaymentRequired || header.Get("PAYMENT-REQUIRED") == "" {
		t.Errorf("a payment of 1 atomic unit: %d %s, want 402 with a challenge", status, body)
	}
	var settled int
	if err := db.QueryRow(t.Context(), `select count(*) from public.payments where state = 'settled' and amount = 10000`).Scan(&settled); err != nil || settled != 1 {
		t.Errorf("%d settled rows in the ledger (%v), want 1", settled, err)
	}
	// Each step of the payment is news, and none of it says who paid.
	var events, told string
	if err := db.QueryRow(t.Context(), `select
		(select string_agg(event_name, ' ' order by payload ->> 'updated_at') from realtime.messages where event_name <> 'payment_claimed'),
		(select string_agg(distinct key, ' ' order by key) from realtime.messages, jsonb_object_keys(payload) as key)`).Scan(&events, &told); err != nil {
		t.Error(err)
	}
	if want := "payment_verified payment_settling payment_settled"; events != want {
		t.Errorf("events %q, want %q", events, want)
	}
	if want := "amount asset id network resource state updated_at"; told != want {
		t.Errorf("the events tell %q, want %q", told, want)
	}
	// A settlement whose end was never recorded is found out, and its answer is
	// still there.
	var got string
	for range 3 { // the server may come first
		if _, err := db.Exec(t.Context(), `update public.payments set state = 'settling', transaction = null, claimed_until = now() - interval '1 second' where state = 'settled'`); err != nil {
			t.Fatal(err)
		}
		if got = reconcile(t, dir, env); strings.Contains(got, "settled") {
			break
		}
	}
	if !strings.Contains(got, "\nsettled  ") || !strings.Contains(got, receipt.Transaction) {
		t.Errorf("reconcile printed %q, want transaction %s to be settled", got, receipt.Transaction)
	}
	if status, _, again := buy(t, server, payment); status != http.StatusOK || again != body {
		t.Errorf("the same payment after reconciling: %d %s, want the same answer", status, again)
	}
	if got := reconcile(t, dir, env); got != "No payment was open.\n" {
		t.Errorf("reconcile again printed %q", got)
	}
	// Without its ledger the server sells nothing, and says that it is its fault.
	backend.Close()
	if status, _, body := buy(t, server, sign(t, offer)); status != http.StatusServiceUnavailable {
		t.Errorf("with the ledger unreachable: %d %s, want 503", status, body)
	}
}

// reconcile runs the server's command of that name and returns what it prints.
func reconcile(t *testing.T, dir string, env map[string]string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "run", "-trimpath", "./cmd/server", "reconcile")
	cmd.Dir, cmd.Env = dir, os.Environ()
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var logs strings.Builder
	cmd.Stderr = &logs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("reconcile: %v\n%s", err, logs.String())
	}
	return string(out)
}

// rpcGateway calls database functions as InsForge does for the server's key.
func rpcGateway(t *testing.T, project *insforgetest.Database, key string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/database/rpc/{function}", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+key {
			http.Error(w, `{"error":"AUTH_INVALID_CREDENTIALS"}`, http.StatusUnauthorized)
			return
		}
		var args map[string]*string
		if err := json.NewDecoder(r.Body).Decode(&args); err != nil {
			t.Errorf("rpc body: %v", err)
		}
		var named []string
		// Arguments arrive as text and the function's own types decide.
		values := []any{pgx.QueryExecModeSimpleProtocol}
		for i, name := range slices.Sorted(maps.Keys(args)) {
			values = append(values, args[name])
			named = append(named, fmt.Sprintf("%s => $%d", pgx.Identifier{name}.Sanitize(), i+1))
		}
		sql := fmt.Sprintf("select to_json(public.%s(%s))::text", pgx.Identifier{r.PathValue("function")}.Sanitize(), strings.Join(named, ", "))
		var result []byte
		err := project.As(r.Context(), insforgetest.Caller{Role: "project_admin"}, func(tx pgx.Tx) error {
			return tx.QueryRow(r.Context(), sql, values...).Scan(&result)
		})
		if err != nil {
			t.Errorf("rpc %s: %v", r.PathValue("function"), err)
			http.Error(w, `{"code":"XX000","message":"failed"}`, http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(result)
	})
	mux.HandleFunc("GET /api/database/records/payments", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+key {
			http.Error(w, `{"error":"AUTH_INVALID_CREDENTIALS"}`, http.StatusUnauthorized)
			return
		}
		where, values := []string{"true"}, []any{}
		for column, filter := range r.URL.Query() {
			if value, ok := strings.CutPrefix(filter[0], "eq."); ok {
				values = append(values, value)
				where = append(where, fmt.Sprintf("%s::text = $%d", pgx.Identifier{column}.Sanitize(), len(values)))
			}
		}
		var rows []byte
		sql := "select coalesce(json_agg(p), '[]')::text from (select " + r.URL.Query().Get("select") + " from public.payments where " + strings.Join(where, " and ") + ") as p"
		err := project.As(r.Context(), insforgetest.Caller{Role: "project_admin"}, func(tx pgx.Tx) error {
			return tx.QueryRow(r.Context(), sql, values...).Scan(&rows)
		})
		if err != nil {
			t.Errorf("select: %v", err)
			http.Error(w, `{"code":"XX000","message":"failed"}`, http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(rows)
	})
	return mux
}

// requirement is one entry of a challenge's accepts.
type requirement struct {
	Scheme            string          `json:"scheme"`
	Network           string          `json:"network"`
	Amount            string          `json:"amount"`
	Asset             string          `json:"asset"`
	PayTo             string          `json:"payTo"`
	MaxTimeoutSeconds int             `json:"maxTimeoutSeconds"`
	Extra             json.RawMessage `json:"extra"`
}

func challenge(t *testing.T, server string) requirement {
	t.Helper()
	_, header := expect(t, server+"/v1/report", "POST", nil, http.StatusPaymentRequired)
	var c struct{ Accepts []requirement }
	decodeHeader(t, header.Get("PAYMENT-REQUIRED"), &c)
	if len(c.Accepts) != 1 {
		t.Fatalf("%d offers, want 1", len(c.Accepts))
	}
	return c.Accepts[0]
}

// sign makes a PAYMENT-SIGNATURE for the offer with a key nobody keeps.
func sign(t *testing.T, offer requirement) string {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	var nonce [32]byte
	_, _ = rand.Read(nonce[:])
	authorization := map[string]any{
		"from": crypto.PubkeyToAddress(key.PublicKey).Hex(), "to": offer.PayTo, "value": offer.Amount,
		"validAfter": "0", "validBefore": strconv.FormatInt(time.Now().Add(5*time.Minute).Unix(), 10),
		"nonce": "0x" + hex.EncodeToString(nonce[:]),
	}
	var domain struct{ Name, Version string }
	if err := json.Unmarshal(offer.Extra, &domain); err != nil {
		t.Fatal(err)
	}
	digest, _, err := apitypes.TypedDataAndHash(apitypes.TypedData{
		Types: apitypes.Types{
			"EIP712Domain": {{Name: "name", Type: "string"}, {Name: "version", Type: "string"}, {Name: "chainId", Type: "uint256"}, {Name: "verifyingContract", Type: "address"}},
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
		Domain:      apitypes.TypedDataDomain{Name: domain.Name, Version: domain.Version, ChainId: math.NewHexOrDecimal256(196), VerifyingContract: offer.Asset},
		Message:     authorization,
	})
	if err != nil {
		t.Fatal(err)
	}
	signature, err := crypto.Sign(digest, key)
	if err != nil {
		t.Fatal(err)
	}
	signature[64] += 27
	payload, err := json.Marshal(map[string]any{
		"x402Version": 2, "accepted": offer,
		"payload": map[string]any{"signature": "0x" + hex.EncodeToString(signature), "authorization": authorization},
	})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(payload)
}

func buy(t *testing.T, server, payment string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server+"/v1/report", bytes.NewReader([]byte(`{"text":"Ada wrote the first program."}`)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("PAYMENT-SIGNATURE", payment)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}

func decodeHeader(t *testing.T, value string, into any) {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(value)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatalf("header %q: %v", value, err)
	}
}
