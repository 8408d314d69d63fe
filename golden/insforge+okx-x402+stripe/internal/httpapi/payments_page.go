package httpapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"example.com/shop/internal/payment/ledger"
)

var (
	//go:embed payments.html
	paymentsHTML string
	//go:embed payments_error.html
	paymentsErrorHTML string
	//go:embed payments.css
	paymentsCSS string
	//go:embed payments.js
	paymentsJS string

	paymentsPage      = template.Must(template.New("payments.html").Parse(paymentsHTML))
	paymentsErrorPage = template.Must(template.New("payments_error.html").Parse(paymentsErrorHTML))

	// The page runs its own script, talks to this server, and nothing else.
	paymentsPolicy = "default-src 'none'; script-src " + hashOf(paymentsJS) + "; style-src " + hashOf(paymentsCSS) +
		"; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// network is how people call one, and where it shows a transaction.
type network struct{ Name, Explorer string }

// networks are known by their CAIP-2 names.
var networks = map[string]network{
	"eip155:196": {"X Layer", "https://www.oklink.com/xlayer/tx/"},
}

// transactionHash is what may stand in an explorer's address.
var transactionHash = regexp.MustCompile(`^0x[0-9a-f]{64}$`)

// handlePaymentsPage shows people what payments come to, and the payments,
// newest first.
func handlePaymentsPage(d Deps) http.Handler {
	type total struct {
		ledger.Total
		NetworkName         string
		SettledSum, OpenSum price
	}
	type payment struct {
		ledger.Payment
		NetworkName string
		Price       price
		Explorer    string
		Mock        bool
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit, offset, ok := window(w, r.URL.Query())
		if !ok {
			return
		}
		// The rows come second, so that they are not older than the version says.
		all, err := d.Payments.Ledger().Overview(r.Context())
		if err != nil {
			writeUpstreamError(w, r, d.Log, err)
			return
		}
		rows, count, ok := listPayments(w, r, d, limit, offset)
		if !ok {
			return
		}
		var totals []total
		for _, t := range all.Totals {
			totals = append(totals, total{
				Total:       t,
				NetworkName: networkOf(t.Network).Name,
				SettledSum:  priceOf(d, t.Network, t.Asset, t.SettledAmount),
				OpenSum:     priceOf(d, t.Network, t.Asset, t.OpenAmount),
			})
		}
		var payments []payment
		for _, row := range rows {
			row.CreatedAt = row.CreatedAt.UTC()
			on := networkOf(row.Network)
			p := payment{
				Payment:     row,
				NetworkName: on.Name,
				Price:       priceOf(d, row.Network, row.Asset, row.Amount),
				Mock:        row.Facilitator == ledger.Mocked,
			}
			if on.Explorer != "" && !p.Mock && transactionHash.MatchString(row.Transaction) {
				p.Explorer = on.Explorer + row.Transaction
			}
			payments = append(payments, p)
		}
		view := map[string]any{
			"Version":  all.Version,
			"Totals":   totals,
			"Payments": payments,
			"Count":    count,
			"From":     offset + 1,
			"To":       offset + len(rows),
			"Style":    template.CSS(paymentsCSS), // this package's own
			"Script":   template.JS(paymentsJS),   // likewise
		}
		if offset > 0 {
			view["Newer"] = pageLink(limit, max(offset-limit, 0))
		}
		if offset+len(rows) < count {
			view["Older"] = pageLink(limit, offset+limit)
		}
		writePage(w, http.StatusOK, paymentsPage, view)
	})
}

// pageLink leads to a page of payments from a page of payments.
func pageLink(limit, offset int) string {
	query := url.Values{}
	if offset > 0 {
		query.Set("offset", strconv.Itoa(offset))
	}
	if limit != defaultPayments {
		query.Set("limit", strconv.Itoa(limit))
	}
	return "?" + query.Encode()
}

// networkOf is a network as people know it. One that nobody knows has no explorer.
func networkOf(id string) network {
	if known, ok := networks[id]; ok {
		return known
	}
	return network{Name: id}
}

// price is an amount for people: "0.01" and "USDG". Of an asset that nobody knows
// it has the amount in the smallest unit, and the address.
type price struct{ Amount, Symbol, Address string }

func priceOf(d Deps, network, asset, amount string) price {
	symbol, decimals, ok := d.Payments.Asset(network, asset)
	if !ok {
		return price{Amount: amount, Address: asset}
	}
	return price{Amount: units(amount, decimals), Symbol: symbol}
}

// units puts the decimal point into an amount. Of the places behind it, two stay
// even if they are zeros.
func units(amount string, decimals int) string {
	if missing := decimals + 1 - len(amount); missing > 0 {
		amount = strings.Repeat("0", missing) + amount
	}
	point := len(amount) - decimals
	whole, fraction := amount[:point], strings.TrimRight(amount[point:], "0")
	if missing := min(2, decimals) - len(fraction); missing > 0 {
		fraction += strings.Repeat("0", missing)
	}
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// errorPages shows errors to people as a page. Programs get them as they are.
func errorPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept"), "text/html") {
			next.ServeHTTP(w, r)
			return
		}
		answer := &withheld{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		if answer.status == 0 {
			return
		}
		var body struct{ Error struct{ Message string } }
		if err := json.Unmarshal(answer.body.Bytes(), &body); err != nil {
			body.Error.Message = http.StatusText(answer.status)
		}
		writePage(w, answer.status, paymentsErrorPage, map[string]any{
			"Status":  answer.status,
			"Title":   http.StatusText(answer.status),
			"Message": body.Error.Message,
			"Style":   template.CSS(paymentsCSS), // this package's own
		})
	})
}

// withheld passes an answer on unless it is an error, which it keeps.
type withheld struct {
	http.ResponseWriter
	status int // of the error; 0 if there is none
	body   bytes.Buffer
}

func (a *withheld) WriteHeader(status int) {
	if status < http.StatusBadRequest {
		a.ResponseWriter.WriteHeader(status)
		return
	}
	a.status = status
}

func (a *withheld) Write(p []byte) (int, error) {
	if a.status == 0 {
		return a.ResponseWriter.Write(p)
	}
	return a.body.Write(p)
}

// writePage answers with a page that may run nothing but its own script.
func writePage(w http.ResponseWriter, status int, page *template.Template, view any) {
	var body bytes.Buffer
	if err := page.Execute(&body, view); err != nil {
		panic(err) // the page and what it shows are ours
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", paymentsPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // the caller has gone; there is nobody to tell
}

// hashOf names an own script or style in a policy.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
