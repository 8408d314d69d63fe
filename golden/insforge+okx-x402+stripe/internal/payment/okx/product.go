package okx

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"example.com/shop/internal/payment/goods"
)

// offer is one asset that a product can be paid in.
type offer struct {
	asset        asset
	recipient    common.Address
	resource     resource
	requirements requirements
	contracts    bool // whether contract wallets may pay
}

// product is what one route sells, with its challenge encoded once.
type product struct {
	method   string
	price    string // "0.01 USDG or USDC"
	example  string
	resource resource
	offers   []offer // at least one
	compat   bool
	mock     bool

	unpaid     []string // the PAYMENT-REQUIRED header of a request without payment
	unpaidBody []byte
	unpaidPage []byte // the same for people
}

// newProduct prices what is sold in every asset of cfg.
func newProduct(cfg Config, sold goods.Product) (*product, error) {
	method, path, ok := strings.Cut(sold.Route, " ")
	if !ok || method == "" || !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("product %q: want a method, a space and a path", sold.Route)
	}
	if len(cfg.assets) == 0 {
		return nil, errors.New("nothing to be paid in")
	}
	p := &product{
		method:   method,
		price:    sold.Price + " " + symbols(cfg.assets),
		example:  sold.Example,
		resource: resource{URL: cfg.PublicURL + path, Description: sold.Description, MimeType: "application/json"},
		compat:   cfg.Compat,
		mock:     cfg.Mock,
	}
	for _, a := range cfg.assets {
		o, err := newOffer(a, sold.Price, cfg.Recipient, p.resource)
		if err != nil {
			return nil, fmt.Errorf("product %q: %w", sold.Route, err)
		}
		o.contracts = cfg.Contracts
		p.offers = append(p.offers, o)
	}
	p.unpaid = []string{p.challenge("payment required")}
	p.unpaidBody = errorBody("payment_required", "This costs "+p.price+". See the PAYMENT-REQUIRED header.")
	page, err := p.page()
	p.unpaidPage = page
	return p, err
}

func newOffer(a asset, price string, recipient common.Address, sold resource) (offer, error) {
	if err := a.check(); err != nil {
		return offer{}, err
	}
	amount, err := a.units(price)
	if err != nil {
		return offer{}, err
	}
	return offer{
		asset:     a,
		recipient: recipient,
		resource:  sold,
		requirements: requirements{
			Scheme:            scheme,
			Network:           a.network,
			Amount:            amount.String(),
			Asset:             strings.ToLower(a.address.Hex()),
			PayTo:             recipient.Hex(),
			MaxTimeoutSeconds: maxTimeoutSeconds,
			Extra:             domainOfSale{a.name, a.version},
		},
	}, nil
}

// offerFor finds the offer that a payment is meant for. Where it fits none, the
// offer returned refuses it.
func (p *product) offerFor(payment proof) offer {
	for _, o := range p.offers {
		if payment.accepted.Network == o.requirements.Network &&
			strings.EqualFold(payment.accepted.Asset, o.requirements.Asset) {
			return o
		}
	}
	// Version 1 does not name the asset, but the payer signed for one.
	for _, o := range p.offers {
		if payment.accepted == (accepted{}) && o.genuine(payment) {
			return o
		}
	}
	return p.offers[0]
}

// challenge is the value of PAYMENT-REQUIRED; why tells the client what was
// wrong with the payment it sent.
func (p *product) challenge(why string) string {
	type challenge struct {
		X402Version int      `json:"x402Version"`
		Error       string   `json:"error"`
		Resource    resource `json:"resource"`
		Accepts     any      `json:"accepts"`
	}
	var plain []requirements
	var compatible []aliased
	for _, o := range p.offers {
		plain = append(plain, o.requirements)
		compatible = append(compatible, aliased{
			requirements: o.requirements, MaxAmountRequired: o.requirements.Amount,
			Resource: o.resource.URL, Description: o.resource.Description, MimeType: o.resource.MimeType,
		})
	}
	if p.compat {
		return encodeHeader(challenge{protocolVersion, why, p.resource, compatible})
	}
	return encodeHeader(challenge{protocolVersion, why, p.resource, plain})
}
