package cli

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/insforge/forge/internal/pay"
	"github.com/insforge/forge/internal/prompt"
	"github.com/insforge/forge/internal/view"
)

// terms is the document of a payment that is asked for.
func terms(r pay.Request, c *pay.Challenge, o pay.Offer) *view.Payment {
	doc := document(r.URL, o.Asset, o.Amount, o.PayTo.Hex())
	doc.SoldAs, doc.Description = c.ResourceURL, c.Description
	if c.ResourceURL != "" && !sameResource(c.ResourceURL, r.URL) {
		doc.Warnings = append(doc.Warnings, "the seller names another address than the one you called: "+c.ResourceURL)
	}
	if !o.Asset.Known() {
		doc.Warnings = append(doc.Warnings, "forge does not know this token, nor how many units of it make one")
	}
	return doc
}

func document(address string, asset pay.Asset, amount *big.Int, payTo string) *view.Payment {
	return &view.Payment{
		URL: address, Amount: asset.Decimal(amount), Symbol: asset.Symbol, AmountAtomic: amount.String(),
		Asset: asset.Address.Hex(), Network: asset.Network, PayTo: payTo,
		Price: asset.Price(amount), NetworkName: pay.NetworkName(asset.Network),
	}
}

// sameResource ignores the query: what is sold is usually the page.
func sameResource(a, b string) bool {
	first, err := url.Parse(a)
	if err != nil {
		return false
	}
	second, err := url.Parse(b)
	return err == nil && first.Scheme == second.Scheme && strings.EqualFold(first.Host, second.Host) && first.Path == second.Path
}

func (a *app) showTerms(doc *view.Payment) { view.Terms(a.Err, doc) }

// free prints an answer that cost nothing.
func (a *app) free(p *purchase, r pay.Request, answer *pay.Answer) error {
	doc := &view.Payment{URL: r.URL, Outcome: "free", Status: answer.Status}
	fmt.Fprintln(a.Err, "Nothing to pay: the server did not ask for a payment.")
	if err := a.deliver(p, doc, answer, answer.Status < 400); err != nil {
		return err
	}
	if answer.Status >= 300 {
		return fmt.Errorf("the server answered %d", answer.Status)
	}
	return nil
}

// declined says why nothing was paid, to programs too.
func (a *app) declined(p *purchase, doc *view.Payment, why error) error {
	if p.json {
		doc.Outcome, doc.Reason = "declined", why.Error()
		return errors.Join(why, view.JSON(a.Out, doc))
	}
	return why
}

// resumePayment sends a payment that was signed before.
func (a *app) resumePayment(ctx context.Context, p *purchase) error {
	payment, err := pay.LoadPayment(p.resume)
	if err != nil {
		return err
	}
	// The request was checked when it was signed; this reads the headers.
	r, err := pay.NewRequest(payment.Method, payment.URL, p.headers, nil)
	if err != nil {
		return usageError{err}
	}
	if missing := payment.Missing(r.Header); len(missing) > 0 {
		return hinted{
			usageError{errors.New("the request had headers that are not kept on disk: " + strings.Join(missing, ", "))},
			"give them again, with --header",
		}
	}
	asset, units := payment.Token()
	doc := document(payment.URL, asset, units, payment.PayTo)
	a.showTerms(doc)
	fmt.Fprintln(a.Err, "Sending the payment that was signed before.")
	if err := payment.Mark(p.resume, false); err != nil {
		return err
	}
	return a.send(ctx, p, payment, p.resume, r.Header, doc)
}

// send hands the payment in and reports what became of it.
func (a *app) send(ctx context.Context, p *purchase, payment *pay.Payment, path string, header map[string][]string, doc *view.Payment) error {
	sending, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	result := p.client.Send(sending, payment, header)

	doc.Outcome, doc.Paid = string(result.Outcome), result.Outcome == pay.Paid
	doc.Payer, doc.Reason, doc.Expires = payment.Payer, result.Reason, payment.Expires().Format(time.RFC3339)
	if result.Receipt != nil {
		doc.Mock, doc.Transaction = result.Receipt.Mock, result.Receipt.Transaction
		if doc.Transaction != "" && !doc.Mock {
			doc.Explorer = pay.Explorer(doc.Network, doc.Transaction)
		}
	}
	var filing error
	if result.Settled() {
		filing = pay.Forget(path)
	} else {
		doc.PaymentFile = path
		filing = payment.Mark(path, result.Outcome == pay.Refused)
	}
	view.Receipt(a.Err, doc)
	good := result.Settled() && result.Answer.Status < 300
	if result.Answer != nil {
		doc.Status = result.Answer.Status
	}
	err := errors.Join(a.deliver(p, doc, result.Answer, good), filing)
	if p.asked {
		fmt.Fprintf(a.Err, "\nThe same without questions:\n  %s\n", a.payCommandLine(p, payment, doc))
	}
	return errors.Join(a.verdict(ctx, result, doc), err)
}

// verdict is the error that a result comes down to.
func (a *app) verdict(ctx context.Context, result *pay.Result, doc *view.Payment) error {
	again := fmt.Sprintf("%s pay --resume %s", a.name, quote(doc.PaymentFile))
	switch {
	case result.Lost():
		return hinted{
			fmt.Errorf("the seller was paid and has not delivered: %s", result.Reason),
			again + " asks for it again; that cannot charge you twice",
		}
	case result.Outcome == pay.Paid && result.Answer.Status >= 300:
		return fmt.Errorf("the seller was paid and answered %d", result.Answer.Status)
	case result.Outcome == pay.Refused:
		return hinted{
			fmt.Errorf("the seller refused the payment: %s; it can use it until %s all the same", result.Reason, doc.Expires),
			again + " sends the same one again; wait until then before you sign another",
		}
	case result.Outcome == pay.Unknown:
		unknown := fmt.Errorf("it is not known whether you were charged: %s; the authorization expires at %s", result.Reason, doc.Expires)
		hint := again + " sends the same payment again, which cannot charge you twice"
		if ctx.Err() != nil {
			return interruption{unknown.Error() + "\nhint: " + hint}
		}
		return hinted{unknown, hint}
	}
	return nil
}

// deliver prints the body, or the document that it is part of. The body of an
// answer that is not the one bought goes where problems go.
func (a *app) deliver(p *purchase, doc *view.Payment, answer *pay.Answer, good bool) error {
	var body []byte
	if answer != nil {
		body = answer.Body
	}
	var failed error
	if good && p.dest != nil {
		if failed = p.dest.Write(body); failed == nil {
			doc.Output, body = p.output, nil
		} // else it goes to standard output: it may have cost money
	}
	switch {
	case p.json && utf8.Valid(body):
		doc.Body = string(body)
		return errors.Join(failed, view.JSON(a.Out, doc))
	case p.json:
		doc.BodyBase64 = body
		return errors.Join(failed, view.JSON(a.Out, doc))
	case !good && doc.Outcome != "free":
		if len(body) > 0 {
			fmt.Fprintf(a.Err, "The seller's answer: %s\n", pay.Printable(string(body)))
		}
		return failed
	}
	if prompt.IsTerminal(a.Out) {
		body = harmless(body)
	}
	_, err := a.Out.Write(body)
	return errors.Join(failed, err)
}

// harmless takes out of a text what makes a terminal do things.
func harmless(body []byte) []byte {
	return []byte(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, strings.ToValidUTF8(string(body), "\uFFFD")))
}

// stillOpen says how to go on with an earlier payment.
func stillOpen(name string, err error) error {
	var earlier *pay.PendingError
	if !errors.As(err, &earlier) {
		return err
	}
	return hinted{err, fmt.Sprintf("%s pay --resume %s sends that same payment again; "+
		"remove the file only if you know that it was not taken", name, quote(earlier.Path))}
}

// payCommandLine is forge pay for a shell, without the values of headers: they
// may be secrets.
func (a *app) payCommandLine(p *purchase, payment *pay.Payment, doc *view.Payment) string {
	words := []string{"pay", payment.URL, "--key-file", p.keyFile}
	switch {
	case p.maxAtomic != "" || doc.Amount == "":
		words = append(words, "--max-atomic", doc.AmountAtomic)
	default:
		words = append(words, "--max", doc.Amount)
	}
	words = append(words, "--yes", "--method", payment.Method)
	if p.data != "" {
		words = append(words, "--data", p.data)
	}
	for _, h := range p.headers {
		name, _, _ := strings.Cut(h, ":")
		words = append(words, "--header", name+": …")
	}
	if p.network != "" {
		words = append(words, "--network", p.network)
	}
	if p.output != "" {
		words = append(words, "--output", p.output)
	}
	line := a.name
	for _, w := range words {
		line += " " + quote(w)
	}
	return line
}
