package e2e_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/insforge/forge/internal/browsertest"
	"github.com/insforge/forge/internal/x402test"
)

// wallet is one in a browser (EIP-1193). It starts on another network than X Layer,
// which it does not know, and signs whatever it is asked to.
type wallet struct {
	buyer *x402test.Buyer

	mu       sync.Mutex
	chain    string
	known    map[string]bool
	declines bool
	asked    []string // methods
}

// refusal is how a wallet says no.
type refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (w *wallet) answer(method string, params []json.RawMessage) (any, *refusal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, method)
	var network struct {
		ChainID string   `json:"chainId"`
		Name    string   `json:"chainName"`
		RPC     []string `json:"rpcUrls"`
	}
	switch method {
	case "eth_requestAccounts":
		return []string{w.buyer.Address().Hex()}, nil
	case "wallet_switchEthereumChain":
		_ = json.Unmarshal(params[0], &network)
		if !w.known[network.ChainID] {
			return nil, &refusal{4902, "Unrecognized chain ID"}
		}
		w.chain = network.ChainID
		return nil, nil
	case "wallet_addEthereumChain":
		if err := json.Unmarshal(params[0], &network); err != nil || network.Name == "" || len(network.RPC) == 0 {
			return nil, &refusal{-32602, "a chain needs a name and a node"}
		}
		w.known[network.ChainID] = true
		return nil, nil
	case "eth_signTypedData_v4":
		if w.declines {
			return nil, &refusal{4001, "User rejected the request."}
		}
		signature, err := w.sign(params)
		if err != nil {
			return nil, &refusal{-32602, err.Error()}
		}
		return signature, nil
	}
	return nil, &refusal{4200, "unsupported: " + method}
}

func (w *wallet) sign(params []json.RawMessage) (string, error) {
	var address, text string
	if err := json.Unmarshal(params[0], &address); err != nil || !strings.EqualFold(address, w.buyer.Address().Hex()) {
		return "", fmt.Errorf("not the account %s", address)
	}
	var data apitypes.TypedData
	if err := json.Unmarshal(params[1], &text); err != nil {
		return "", err
	}
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		return "", err
	}
	if chain := (*hexutil.Big)(data.Domain.ChainId).String(); chain != w.chain {
		return "", fmt.Errorf("the chain %s is not the active one, %s", chain, w.chain)
	}
	digest, _, err := apitypes.TypedDataAndHash(data)
	if err != nil {
		return "", err
	}
	key, err := crypto.HexToECDSA(strings.TrimPrefix(w.buyer.KeyHex(), "0x"))
	if err != nil {
		return "", err
	}
	signature, err := crypto.Sign(digest, key)
	if err != nil {
		return "", err
	}
	signature[crypto.RecoveryIDOffset] += 27
	return "0x" + hex.EncodeToString(signature), nil
}

// injected is what a wallet's extension puts into each page.
const injected = `window.ethereum = {
  request: async ({ method, params = [] }) => {
    const { result, problem } = await askWallet({ method, params });
    if (problem) throw Object.assign(new Error(problem.message), problem);
    return result;
  },
}`

// browse opens a browser with a wallet in it, or with none.
func browse(t *testing.T, w *wallet) *browsertest.Tab {
	t.Helper()
	b := browsertest.Open(t, browsertest.Options{})
	if w != nil {
		b.Run(chromedp.ExposeFunc("askWallet", func(_ context.Context, q question) (reply, error) {
			result, problem := w.answer(q.Method, q.Params)
			return reply{result, problem}, nil
		}))
		_, err := chromedp.Call(b.Context(), page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: injected})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// question and reply are what a page and its wallet say to each other.
type question struct {
	Method string            `json:"method"`
	Params []json.RawMessage `json:"params"`
}

type reply struct {
	Result  any      `json:"result"`
	Problem *refusal `json:"problem"`
}

func (s *shop) wallet(requests int64) *wallet {
	return &wallet{buyer: s.buyer(requests), chain: "0x1", known: map[string]bool{"0x1": true}}
}

func TestBrowser_pays(t *testing.T) {
	t.Parallel()
	s := open(t)
	w := s.wallet(2)
	b := browse(t, w)
	b.Visit(s.server.URL + report)
	b.Shows("main", "0.01 USDG")
	b.Picture("unpaid")

	w.mu.Lock()
	w.declines = true
	w.mu.Unlock()
	b.Click("button")
	b.Shows("#status", "You declined in your wallet. Nothing was paid.")
	s.sold(0)

	w.mu.Lock()
	w.declines = false
	w.mu.Unlock()
	b.Run(chromedp.SetValue(chromedp.CSS("#body"), `{"text":"Ada wrote the first program."}`), chromedp.Click(chromedp.CSS("button")))
	b.Shows("#status", "Paid.")
	b.Shows("#text", `"words": 5`)
	link := b.Attribute("#receipt a", "href")
	if books := s.books(x402test.USDG); len(books) != 1 || link != "https://www.oklink.com/xlayer/tx/"+strings.ToLower(books[0].Transaction.Hex()) {
		t.Errorf("the receipt links to %q, and the ledger has %v", link, books)
	}
	b.Picture("paid")
	s.sold(1)
	if got := strings.Join(w.asked, " "); !strings.Contains(got, "wallet_switchEthereumChain wallet_addEthereumChain wallet_switchEthereumChain eth_signTypedData_v4") {
		t.Errorf("the wallet was asked for %s", got)
	}
}

// TestBrowser_goesOn reloads the page while nobody knows whether money moved: what
// was signed is sent again, and nothing else is signed.
func TestBrowser_goesOn(t *testing.T) {
	t.Parallel()
	s := openWithNode(t)
	w := s.wallet(2)
	b := browse(t, w)
	s.okx.Queue(x402test.Settle, x402test.ResetAfter)
	b.Run(chromedp.Navigate(s.server.URL+report), chromedp.Click(chromedp.CSS("button")))
	b.Shows("#status", "The same payment is sent again")
	b.Picture("open")
	b.Run(chromedp.Reload())
	b.Shows("#status", "A payment of yours was not answered yet")
	b.Picture("kept")
	s.reconcile()
	b.Click("button")
	b.Shows("#status", "Paid.")
	b.Shows("button", "Pay 0.01 USDG")
	s.sold(1)
	signed := 0
	for _, method := range w.asked {
		if method == "eth_signTypedData_v4" {
			signed++
		}
	}
	if signed != 1 {
		t.Errorf("the wallet signed %d times, want once", signed)
	}
	b.Run(chromedp.Reload())
	b.Shows("button", "Pay 0.01 USDG")
}

// TestBrowser_losesTheAnswer breaks the connection while the answer comes: what was
// paid for is there after a reload, without another payment.
func TestBrowser_losesTheAnswer(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := browse(t, s.wallet(2))
	b.Visit(s.server.URL + report)
	const broken = `Response.prototype.text = () => Promise.reject(new TypeError("network error")); 0`
	browsertest.Evaluate[int](b, broken)
	b.Click("button")
	b.Shows("#status", "Your payment is kept")
	b.Shows("button", "Continue your open payment")
	s.sold(1)
	b.Run(chromedp.Reload(), chromedp.Click(chromedp.CSS("button")))
	b.Shows("#status", "Paid.")
	b.Shows("button", "Pay 0.01 USDG")
	s.sold(1)
}

// TestBrowser_strangersAnswer has something between the browser and the shop answer
// in its place: that ends no payment.
func TestBrowser_strangersAnswer(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`new Response("denied", { status: 403 })`, `new Response("sign in to this network")`} {
		s := open(t)
		b := browse(t, s.wallet(2))
		b.Visit(s.server.URL + report)
		between := `{ const real = window.fetch; window.fetch = async (path, options) => {
			const answer = await real(path, options);
			return options.headers["PAYMENT-SIGNATURE"] ? ` + answer + ` : answer;
		}; 0 }`
		browsertest.Evaluate[int](b, between)
		b.Click("button")
		b.Shows("#status", "Your payment is kept")
		b.Run(chromedp.Reload(), chromedp.Click(chromedp.CSS("button")))
		b.Shows("#status", "Paid.")
		s.sold(1)
	}
}

// TestBrowser_reads pays for a route that takes no request body.
func TestBrowser_reads(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := browse(t, s.wallet(1))
	b.Run(chromedp.Navigate(s.server.URL+"/v1/rate?of=gold"), chromedp.Click(chromedp.CSS("button")))
	b.Shows("#status", "Paid.")
	b.Shows("#text", "hello")
	s.sold(1)
}

func TestBrowser_withoutWallet(t *testing.T) {
	t.Parallel()
	s := open(t, "PAYMENT_ASSETS=USDG,USDC")
	b := browse(t, nil)
	b.Visit(s.server.URL)
	b.Click(`main a[href="` + report + `"]`)
	b.Shows("main", "0.01 USDG")
	b.Click("button")
	b.Shows("#status", "There is no wallet in this browser")
	b.Picture("no-wallet")
	if s.asked() != 0 {
		t.Error("the facilitator was asked")
	}
}
