package doctor

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/pay"
)

// The variables of OKX x402.
const (
	nameRecipient  = "PAYMENT_RECIPIENT"
	nameMock       = "MOCK_OKX_FACILITATOR"
	nameOKXKey     = "OKX_API_KEY"
	nameOKXSecret  = "OKX_SECRET_KEY"
	nameOKXPhrase  = "OKX_PASSPHRASE"
	nameOKXAPI     = "OKX_API"
	nameOKXBase    = "OKX_BASE_URL"
	nameNode       = "X_LAYER_RPC_URL"
	nameAssets     = "PAYMENT_ASSETS"
	nameOwnSymbol  = "PAYMENT_ASSET_SYMBOL"
	nameOwnNetwork = "PAYMENT_ASSET_NETWORK"
	nameOwnAddress = "PAYMENT_ASSET_ADDRESS"
	nameOwnDomain  = "PAYMENT_ASSET_SEPARATOR"
)

const (
	checkSupported = "OKX"
	checkChain     = "chain"
	xLayer         = "eip155:196"
	burnAddress    = "0x000000000000000000000000000000000000dEaD"
)

// coin is what a payer signs for.
type coin struct{ id, network, address, separator string }

// coins are those that a generated server knows by itself.
func coins() []coin {
	var all []coin
	for _, a := range pay.Assets() {
		if a.Network == xLayer {
			id := strings.ReplaceAll(a.Symbol, "₮", "T") // variables are ASCII
			all = append(all, coin{id, a.Network, a.Address.Hex(), a.Separator.Hex()})
		}
	}
	return all
}

// selling checks the variables of every payment provider, and of OKX x402 who is
// paid, who settles, and what the chain says of the assets.
func (p *project) selling(ctx context.Context, in Input) []Check {
	var all []Check
	okx := false
	// What a check of its own looks at, and what two providers share, is said once.
	checked := map[string]bool{nameMock: true, nameNode: true, nameOKXBase: true}
	for name := range where {
		checked[name] = true
	}
	for _, provider := range in.Payments {
		okx = okx || slices.ContainsFunc(provider.Env, func(e generator.EnvVar) bool { return e.Name == nameRecipient })
		provider.Env = slices.DeleteFunc(slices.Clone(provider.Env), func(e generator.EnvVar) bool { return checked[e.Name] })
		all = append(all, newSettings(p, &provider).variables()...)
		for _, e := range provider.Env {
			checked[e.Name] = true
		}
	}
	if !okx {
		return all
	}
	all = append(all, p.recipient())
	outside := &outside{http: &http.Client{
		Timeout:       in.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, secrets: p.secrets}
	all = append(all, p.facilitator(ctx, outside)...)
	return append(all, p.chain(ctx, outside)...)
}

func wrongRecipient(value string) string {
	if !regexp.MustCompile(`^0x[0-9a-fA-F]{40}$`).MatchString(value) {
		return "is no address: one is 0x and 40 hex digits"
	}
	digits, address := value[2:], common.HexToAddress(value)
	mixed := digits != strings.ToLower(digits) && digits != strings.ToUpper(digits)
	switch {
	case mixed && value != address.Hex():
		return "has a wrong checksum: a digit of it is mistyped"
	case address == common.Address{}:
		return "is the zero address"
	case slices.ContainsFunc(coins(), func(t coin) bool { return common.HexToAddress(t.address) == address }):
		return "is a token's contract and no wallet: what it receives is lost"
	}
	return ""
}

func (p *project) recipient() Check {
	value, wrong := p.vars.check(nameRecipient, wrongRecipient)
	if wrong != nil {
		return *wrong
	}
	_, from := p.vars.Get(nameRecipient)
	if common.HexToAddress(value) == common.HexToAddress(burnAddress) {
		return warning(nameRecipient, "is the burn address of .env.example: nobody can spend what it receives", set(nameRecipient, from))
	}
	return ok(nameRecipient, "is "+common.HexToAddress(value).Hex())
}

func wrongCredential(value string) string {
	if len(value) > 128 || strings.ContainsFunc(value, func(r rune) bool { return r < '!' || r > '~' }) {
		return "has characters that no OKX credential has"
	}
	return ""
}

// facilitator checks the credentials of OKX, by asking what it supports.
func (p *project) facilitator(ctx context.Context, out *outside) []Check {
	credentials := []string{nameOKXKey, nameOKXSecret, nameOKXPhrase}
	if p.vars.value(nameMock) == "true" {
		if p.vars.value("APP_ENV") == "production" {
			return []Check{failed(nameMock, "is true in production: the server does not start, as it would sell for nothing",
				"take "+nameMock+" away, and set the three OKX_ variables")}
		}
		for _, name := range credentials {
			if p.vars.value(name) != "" {
				return []Check{failed(nameMock, "is true and "+name+" is set: the server does not start", "take one of them away")}
			}
		}
		return []Check{warning(nameMock, "is true: signatures are checked, and no money moves",
			"leave it for development; else take it away, and set the three OKX_ variables")}
	}
	var all []Check
	var needs []*Check
	for _, name := range credentials {
		value, wrong := p.vars.check(name, wrongCredential)
		if wrong != nil {
			all = append(all, *wrong)
			needs = append(needs, wrong)
			continue
		}
		p.secrets.add(value)
	}
	if skip, unmet := unmade(checkSupported, needs...); unmet {
		return append(all, skip)
	}
	return append(all, p.supported(ctx, out))
}

// supported asks OKX what it supports, signed as the server signs.
func (p *project) supported(ctx context.Context, out *outside) Check {
	base := p.vars.value(nameOKXBase)
	if base == "" {
		base = "https://web3.okx.com/api/v6/pay/x402"
		if p.vars.value(nameOKXAPI) == "v6" {
			base = "https://web3.okx.com/api/v6/x402"
		}
	}
	if !safeURL(base) {
		return failed(nameOKXBase, "is no https address, and would carry the key in the clear", "unset "+nameOKXBase+", or correct it")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/supported", nil)
	if err != nil {
		return failed(nameOKXBase, "is no address", "unset "+nameOKXBase+", or correct it")
	}
	timestamp := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	mac := hmac.New(sha256.New, []byte(p.vars.value(nameOKXSecret)))
	mac.Write([]byte(timestamp + req.Method + req.URL.RequestURI()))
	req.Header.Set("OK-ACCESS-KEY", p.vars.value(nameOKXKey))
	req.Header.Set("OK-ACCESS-PASSPHRASE", p.vars.value(nameOKXPhrase))
	req.Header.Set("OK-ACCESS-TIMESTAMP", timestamp)
	req.Header.Set("OK-ACCESS-SIGN", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	status, body, err := out.do(req)
	if err != nil {
		return failed(checkSupported, "cannot be asked: "+err.Error(), "look at the network between here and "+req.URL.Host+", then run forge doctor again")
	}
	code, message := okxCode(body)
	switch {
	case code == "50112":
		return failed(checkSupported, "refuses the time of this request: the clock here is off", "set this machine's clock by NTP")
	case code == "50114":
		return failed(checkSupported, "does not know the key for this API (50114)",
			"make a key in the Onchain OS developer portal; one of the OKX exchange does not work")
	case code == "50111", code == "50113", code == "50105":
		return failed(checkSupported, "refuses the credentials: code "+code+", "+p.secrets.quoted(message),
			"set "+nameOKXKey+", "+nameOKXSecret+" and "+nameOKXPhrase+" to what belongs together in the Onchain OS developer portal")
	case status != http.StatusOK, code != "" && code != "0":
		return failed(checkSupported, fmt.Sprintf("answers %d, code %q: %s", status, code, p.secrets.quoted(message)), "wait a moment, then run forge doctor again")
	}
	network := p.sold()[0].network
	if !supports(body, network) {
		return failed(checkSupported, "does not list the scheme exact on "+network+", so the server sells nothing",
			"choose assets of a network that OKX supports")
	}
	return ok(checkSupported, "knows the key, and settles on "+network)
}

// supports looks for the scheme exact on a network, in either generation's answer.
func supports(body []byte, network string) bool {
	_, index, _ := strings.Cut(network, ":")
	type kind struct{ Scheme, Network, ChainIndex string }
	type list struct {
		kind
		Kinds []kind `json:"kinds"`
	}
	var one struct{ Data list }
	var many struct{ Data []list }
	kinds := []kind{}
	switch {
	case json.Unmarshal(body, &one) == nil:
		kinds = append(one.Data.Kinds, one.Data.kind)
	case json.Unmarshal(body, &many) == nil:
		for _, l := range many.Data {
			kinds = append(append(kinds, l.Kinds...), l.kind)
		}
	}
	return slices.ContainsFunc(kinds, func(k kind) bool {
		return k.Scheme == "exact" && k.Network == network || k.ChainIndex == index
	})
}

// okxCode reads the code of an answer, which is text or a number.
func okxCode(body []byte) (code, message string) {
	var envelope struct {
		Code json.RawMessage `json:"code"`
		Msg  string          `json:"msg"`
	}
	if json.Unmarshal(body, &envelope) != nil {
		return "none", "the answer is not JSON"
	}
	return strings.Trim(string(envelope.Code), `"`), envelope.Msg
}

// sold are the assets that callers can pay in.
func (p *project) sold() []coin {
	known := coins()
	if id := p.vars.value(nameOwnSymbol); id != "" {
		known = append(known, coin{id, p.vars.value(nameOwnNetwork), p.vars.value(nameOwnAddress), p.vars.value(nameOwnDomain)})
	}
	var sold []coin
	for id := range strings.SplitSeq(p.vars.value(nameAssets), ",") {
		if i := slices.IndexFunc(known, func(t coin) bool { return t.id == strings.TrimSpace(id) }); i >= 0 {
			sold = append(sold, known[i])
		}
	}
	if len(sold) == 0 {
		return coins() // the one that was chosen when the project was made is among them
	}
	return sold
}

// chain compares the node's network, and what the tokens' contracts say of
// themselves, with what payers will sign.
func (p *project) chain(ctx context.Context, out *outside) []Check {
	node := p.vars.value(nameNode)
	if node == "" {
		return []Check{warning(checkChain, nameNode+" is not set: OKX is believed, and a payment whose settlement was not answered waits for you",
			"set "+nameNode+" to a node of X Layer, such as https://rpc.xlayer.tech")}
	}
	p.secrets.add(node) // it often holds a key
	if !safeURL(node) {
		return []Check{failed(nameNode, "is no https address", "set "+nameNode+" to an https address of a node of X Layer")}
	}
	sold := p.sold()
	var id string
	if err := out.call(ctx, node, "eth_chainId", &id); err != nil {
		return []Check{failed(checkChain, "the node cannot be asked: "+err.Error(), "correct "+nameNode+", or wait until the node answers")}
	}
	if _, want, _ := strings.Cut(sold[0].network, ":"); common.HexToHash(id).Big().String() != want {
		return []Check{failed(checkChain, "the node is of chain "+common.HexToHash(id).Big().String()+", and payments are on "+sold[0].network,
			"set "+nameNode+" to a node of "+sold[0].network)}
	}
	var all []Check
	for _, t := range sold {
		var separator string
		err := out.call(ctx, node, "eth_call", &separator, map[string]string{"to": t.address, "data": "0x3644e515"}, "latest") // DOMAIN_SEPARATOR()
		switch {
		case err != nil:
			all = append(all, failed(checkChain, t.id+": the contract cannot be asked: "+err.Error(), "correct the asset's address, or wait until the node answers"))
		case !strings.EqualFold(separator, t.separator):
			all = append(all, failed(checkChain, t.id+": the contract's domain separator is not the one that payers sign for: every payment would be refused",
				"take "+t.id+" out of "+nameAssets+", or run forge upgrade"))
		default:
			all = append(all, ok(checkChain, t.id+" is at "+common.HexToAddress(t.address).Hex()+", and its contract has the domain separator that payers sign for"))
		}
	}
	return all
}

func safeURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

// outside asks servers that are not InsForge's.
type outside struct {
	http    *http.Client
	secrets *secrets
}

func (o *outside) do(req *http.Request) (status int, body []byte, err error) {
	req.Header.Set("User-Agent", "forge-doctor")
	res, err := o.http.Do(req)
	if err != nil {
		if wrapped, ok := err.(*url.Error); ok { //nolint:errorlint // Do returns it bare
			err = wrapped.Err // without the address, which may hold a key
		}
		return 0, nil, fmt.Errorf("%s", o.secrets.quoted(err.Error()))
	}
	defer res.Body.Close() //nolint:errcheck // what there is to read is read
	body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, body, err
}

// call asks a node (JSON-RPC).
func (o *outside) call(ctx context.Context, node, method string, result any, params ...any) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, node, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	status, data, err := o.do(req)
	if err != nil {
		return err
	}
	var answer struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	switch {
	case status != http.StatusOK, json.Unmarshal(data, &answer) != nil:
		return fmt.Errorf("it answers %d, and not as a node does", status)
	case answer.Error != nil:
		return fmt.Errorf("it answers: %s", o.secrets.quoted(answer.Error.Message))
	}
	return json.Unmarshal(answer.Result, result)
}
