package doctor_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/doctor"
	"github.com/insforge/forge/internal/x402test"
	"github.com/insforge/forge/templates"
)

const (
	fixKeys = "set OKX_API_KEY, OKX_SECRET_KEY and OKX_PASSPHRASE to what belongs together in the Onchain OS developer portal\n"
	fixNode = "set X_LAYER_RPC_URL to a node of X Layer, such as https://rpc.xlayer.tech\n"
)

// TestRun_payments asks a facilitator that checks signatures, and a chain with the
// tokens of X Layer.
func TestRun_payments(t *testing.T) {
	chain, err := x402test.StartChain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer chain.Close()
	okx, err := chain.StartFacilitator(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer okx.Close()
	const wallet = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
	env := map[string]string{
		"PAYMENT_RECIPIENT": wallet, "OKX_BASE_URL": okx.Base(), "X_LAYER_RPC_URL": chain.URL, "PAYMENT_ASSETS": "USDG,USDC",
		"OKX_API_KEY": okx.Credentials.Key, "OKX_SECRET_KEY": okx.Credentials.Secret, "OKX_PASSPHRASE": okx.Credentials.Passphrase,
	}
	mock := map[string]string{"MOCK_OKX_FACILITATOR": "true", "OKX_API_KEY": "", "OKX_SECRET_KEY": "", "OKX_PASSPHRASE": ""}
	with := func(more map[string]string, name, value string) map[string]string {
		all := maps.Clone(more)
		all[name] = value
		return all
	}
	for _, s := range []struct {
		name   string
		change map[string]string
		fault  *x402test.Fault
		want   string
	}{
		{name: "well"},
		{name: "older API", change: map[string]string{"OKX_BASE_URL": okx.OlderBase(), "OKX_API": "v6"}},
		{
			name: "burn address", change: map[string]string{"PAYMENT_RECIPIENT": "0x000000000000000000000000000000000000dEaD"},
			want: "warning PAYMENT_RECIPIENT: is the burn address of .env.example: nobody can spend what it receives\n\t" +
				"set PAYMENT_RECIPIENT in .env to the address of your wallet on X Layer\n",
		},
		{
			name: "mistyped address", change: map[string]string{"PAYMENT_RECIPIENT": strings.Replace(wallet, "aA", "Aa", 1)},
			want: "failed PAYMENT_RECIPIENT: has a wrong checksum: a digit of it is mistyped\n\tset PAYMENT_RECIPIENT in .env to the address of your wallet on X Layer\n",
		},
		{
			name: "a token for a wallet", change: map[string]string{"PAYMENT_RECIPIENT": x402test.USDC.Address.Hex()},
			want: "failed PAYMENT_RECIPIENT: is a token's contract and no wallet: what it receives is lost\n\tset PAYMENT_RECIPIENT in .env to the address of your wallet on X Layer\n",
		},
		{
			name: "mock", change: mock,
			want: "warning MOCK_OKX_FACILITATOR: is true: signatures are checked, and no money moves\n\t" +
				"leave it for development; else take it away, and set the three OKX_ variables\n",
		},
		{
			name: "mock in production", change: with(mock, "APP_ENV", "production"),
			want: "failed MOCK_OKX_FACILITATOR: is true in production: the server does not start, as it would sell for nothing\n\t" +
				"take MOCK_OKX_FACILITATOR away, and set the three OKX_ variables\n",
		},
		{
			name: "mock with a key", change: map[string]string{"MOCK_OKX_FACILITATOR": "true"},
			want: "failed MOCK_OKX_FACILITATOR: is true and OKX_API_KEY is set: the server does not start\n\ttake one of them away\n",
		},
		{
			name: "no secret", change: map[string]string{"OKX_SECRET_KEY": ""},
			want: "failed OKX_SECRET_KEY: is not set, neither in the environment nor in .env\n\tset OKX_SECRET_KEY in .env to the secret key beside that API key\n" +
				"skipped OKX: needs OKX_SECRET_KEY, which is not set, neither in the environment nor in .env\n\tset OKX_SECRET_KEY in .env to the secret key beside that API key\n",
		},
		{
			name: "another secret", change: map[string]string{"OKX_SECRET_KEY": "another-secret"},
			want: "failed OKX: refuses the credentials: code 50113, Invalid signature\n\t" + fixKeys,
		},
		{
			name: "a key of the exchange", fault: fault(401, `{"code":"50114","msg":"Invalid Authority"}`),
			want: "failed OKX: does not know the key for this API (50114)\n\tmake a key in the Onchain OS developer portal; one of the OKX exchange does not work\n",
		},
		{
			name: "clock", fault: fault(401, `{"code":50112,"msg":"Invalid OK-ACCESS-TIMESTAMP"}`),
			want: "failed OKX: refuses the time of this request: the clock here is off\n\tset this machine's clock by NTP\n",
		},
		{
			name: "another network", fault: fault(200, `{"code":"0","data":{"kinds":[{"scheme":"exact","network":"eip155:8453"}]}}`),
			want: "failed OKX: does not list the scheme exact on eip155:196, so the server sells nothing\n\tchoose assets of a network that OKX supports\n",
		},
		{
			name: "HTML", fault: &x402test.HTML,
			want: "failed OKX: answers 200, code \"none\": the answer is not JSON\n\twait a moment, then run forge doctor again\n",
		},
		{
			name: "in the clear", change: map[string]string{"OKX_BASE_URL": "http://web3.okx.com/api/v6/pay/x402"},
			want: "failed OKX_BASE_URL: is no https address, and would carry the key in the clear\n\tunset OKX_BASE_URL, or correct it\n",
		},
		{
			name: "no node", change: map[string]string{"X_LAYER_RPC_URL": ""},
			want: "warning chain: X_LAYER_RPC_URL is not set: OKX is believed, and a payment whose settlement was not answered waits for you\n\t" + fixNode,
		},
		{
			name: "a token that the chain does not have", change: map[string]string{"PAYMENT_ASSETS": "USDG,USDT0"},
			want: "failed chain: USDT0: the contract's domain separator is not the one that payers sign for: every payment would be refused\n\t" +
				"take USDT0 out of PAYMENT_ASSETS, or run forge upgrade\n",
		},
		{
			name: "another chain", change: map[string]string{
				"PAYMENT_ASSETS": "OWN", "PAYMENT_ASSET_SYMBOL": "OWN", "PAYMENT_ASSET_NETWORK": "eip155:1952",
				"PAYMENT_ASSET_ADDRESS": wallet, "PAYMENT_ASSET_SEPARATOR": "0x" + strings.Repeat("0", 64),
			},
			want: "failed OKX: does not list the scheme exact on eip155:1952, so the server sells nothing\n\tchoose assets of a network that OKX supports\n" +
				"failed chain: the node is of chain 196, and payments are on eip155:1952\n\tset X_LAYER_RPC_URL to a node of eip155:1952\n",
		},
	} {
		t.Run(s.name, func(t *testing.T) {
			if s.fault != nil {
				okx.Always(x402test.Supported, *s.fault)
				defer okx.Heal()
			}
			set := maps.Clone(env)
			maps.Copy(set, s.change)
			for name, value := range set {
				if value == "" {
					delete(set, name)
				}
			}
			checks := payments(t, set)
			if diff := cmp.Diff(s.want, unwell(checks)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, name := range []string{"OKX_SECRET_KEY", "OKX_PASSPHRASE", "OKX_API_KEY", "X_LAYER_RPC_URL"} {
				if set[name] != "" && s.name != "no node" && strings.Contains(printed(t, checks), set[name]) {
					t.Errorf("the report has the value of %s in it:\n%s", name, printed(t, checks))
				}
			}
		})
	}
}

func fault(status int, body string) *x402test.Fault {
	f := x402test.Instead("fault", status, body)
	return &f
}

// payments checks only how a project takes payments. Its InsForge cannot be asked.
func payments(t *testing.T, env map[string]string) []doctor.Check {
	t.Helper()
	catalog, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for name, value := range env {
		lines.WriteString(name + "=" + value + "\n")
	}
	return doctor.Run(t.Context(), doctor.Input{
		Files:    fstest.MapFS{".env": {Data: []byte(lines.String())}},
		Getenv:   func(string) string { return "" },
		Payments: catalog.Chosen(generator.Answers{Payments: []string{"okx-x402"}}),
		Paid:     true, Section: doctor.Payments, Timeout: 20 * time.Second,
	})
}

// TestRun_sellers checks what a provider with checkout pages declares, and asks for
// no ledger, wallet or chain where nothing is paid for by the request.
func TestRun_sellers(t *testing.T) {
	provider := generator.Provider{ID: "till", Name: "Till"}
	provider.Env = []generator.EnvVar{
		{Name: "TILL_PRICES", Required: true, Pattern: `^price_[a-z]+$`, Shape: "price_ and letters"},
		{Name: "TILL_DOMAIN", Pattern: `^[a-z.]+$`, Shape: "a host name"},
	}
	for _, tt := range []struct{ prices, domain, want string }{
		{"price_a", "", "ok TILL_PRICES: has the right shape (set in .env)"},
		{"a", "https://", "failed TILL_PRICES: has not the right shape: price_ and letters\n" +
			"failed TILL_DOMAIN: has not the right shape: a host name"},
		{"", "pay.example.com", "failed TILL_PRICES: is not set, neither in the environment nor in .env\nok TILL_DOMAIN: has the right shape (set in .env)"},
	} {
		files := shop(t, map[string]string{"TILL_PRICES": tt.prices, "TILL_DOMAIN": tt.domain})
		example := files[".env.example"]
		example.Data = append(example.Data, "TILL_PRICES=\n#TILL_DOMAIN=\n"...)
		in := doctor.Input{
			Files: files, Getenv: func(string) string { return "" },
			Payments: []generator.Provider{provider}, Section: doctor.Payments, Timeout: 20 * time.Second,
		}
		var got []string
		for _, c := range doctor.Run(t.Context(), in) {
			got = append(got, fmt.Sprintf("%s %s: %s", c.Status, c.Name, c.Detail))
		}
		if all := strings.Join(got, "\n"); all != tt.want {
			t.Errorf("with %q and %q:\n%s\nwant\n%s", tt.prices, tt.domain, all, tt.want)
		}
	}
}
