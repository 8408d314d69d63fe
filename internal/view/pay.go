package view

import (
	"fmt"
	"io"
)

// Payment is what forge pay prints with --json: what was asked, and what became
// of it.
type Payment struct {
	URL string `json:"url"`
	// Outcome is free, paid, delivered (without a receipt that holds), declined
	// (by the buyer's limit), refused (by the seller) or unknown.
	Outcome string `json:"outcome"`
	Paid    bool   `json:"paid"`
	// Mock is a seller that tests: no money has moved.
	Mock bool `json:"mock,omitempty"`

	// Amount is in whole tokens, if their decimals are known.
	Amount       string `json:"amount,omitempty"`
	Symbol       string `json:"symbol,omitempty"`
	AmountAtomic string `json:"amount_atomic,omitempty"`
	Asset        string `json:"asset,omitempty"`
	Network      string `json:"network,omitempty"`
	PayTo        string `json:"pay_to,omitempty"`
	Payer        string `json:"payer,omitempty"`

	Transaction string `json:"transaction,omitempty"`
	Explorer    string `json:"explorer,omitempty"`
	Reason      string `json:"reason,omitempty"`
	// Expires is when a signed payment cannot be used any more, PaymentFile where
	// it lies while its outcome is open.
	Expires     string   `json:"expires,omitempty"`
	PaymentFile string   `json:"payment_file,omitempty"`
	Warnings    []string `json:"warnings,omitempty"`

	Status int `json:"status,omitempty"`
	// Body is the answer if it is text, BodyBase64 if it is not. Output is the
	// file it went to.
	Body       string `json:"body,omitempty"`
	BodyBase64 []byte `json:"body_base64,omitempty"`
	Output     string `json:"output,omitempty"`

	// For people only.
	Price, NetworkName, SoldAs, Description string `json:"-"`
}

// Terms prints what a seller asks for.
func Terms(w io.Writer, p *Payment) {
	fmt.Fprintf(w, "%s asks for a payment:\n", p.URL)
	network := p.Network
	if p.NetworkName != "" {
		network = p.NetworkName + " (" + p.Network + ")"
	}
	for _, row := range [][2]string{
		{"amount", p.Price},
		{"pay to", p.PayTo},
		{"network", network},
		{"token", p.Asset},
		{"sold as", p.SoldAs},
		{"", p.Description},
	} {
		if row[1] != "" {
			fmt.Fprintf(w, "  %-8s %s\n", row[0], row[1])
		}
	}
	for _, warning := range p.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", warning)
	}
}

// Receipt prints what was paid, and where that can be looked up.
func Receipt(w io.Writer, p *Payment) {
	if p.Mock {
		fmt.Fprintln(w, "MOCK PAYMENT: this seller only pretends to settle. No money has moved.")
	}
	switch p.Outcome {
	case "paid":
		fmt.Fprintf(w, "Paid %s\n", p.Price)
		fmt.Fprintf(w, "  from         %s\n", p.Payer)
		fmt.Fprintf(w, "  to           %s\n", p.PayTo)
		fmt.Fprintf(w, "  transaction  %s\n", p.Transaction)
		if p.Explorer != "" {
			fmt.Fprintf(w, "               %s\n", p.Explorer)
		}
	case "delivered":
		fmt.Fprintf(w, "Delivered, but %s: it can still collect %s from %s until %s.\n", p.Reason, p.Price, p.Payer, p.Expires)
	}
}
