package httpapi

import (
	"errors"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"example.com/shop/internal/payment"
	"example.com/shop/internal/payment/ledger"
	"example.com/shop/internal/payment/ledger/ledgertest"
)

// books is a ledger and the page that shows it.
type books struct {
	t    *testing.T
	db   *ledgertest.Database
	page http.Handler
}

func newBooks(t *testing.T) *books {
	t.Helper()
	db := ledgertest.New(t)
	log := slog.New(slog.DiscardHandler)
	d := Deps{Log: log, Payments: payment.New(payment.Config{}, db.Client, log)}
	return &books{t, db, errorPages(handlePaymentsPage(d))}
}

// write puts a payment into the ledger. It is settled if it has a transaction,
// and its end is unknown otherwise.
func (b *books) write(a ledger.Authorization, transaction, reason string) {
	b.t.Helper()
	l, ctx := ledger.New(b.db.Client), b.t.Context()
	a.Nonce = "0x5ec4e7" + strconv.Itoa(len(b.db.Rows()))
	claim, err := l.Claim(ctx, a)
	err = errors.Join(err, l.Verified(ctx, claim.ID), l.Settling(ctx, claim.ID, "", ""))
	if transaction != "" {
		err = errors.Join(err, l.Settled(ctx, claim.ID, transaction))
	} else {
		err = errors.Join(err, l.Unknown(ctx, claim.ID, "", reason))
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// open is what a browser gets.
func (b *books) open(query string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/payments"+query, nil)
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	w := httptest.NewRecorder()
	b.page.ServeHTTP(w, r)
	return w
}

func expectPage(t *testing.T, w *httptest.ResponseRecorder, status int, want ...string) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status = %d, want %d; body %s", w.Code, status, w.Body)
	}
	for _, text := range want {
		if !strings.Contains(w.Body.String(), text) {
			t.Errorf("the page lacks %q:\n%s", text, w.Body)
		}
	}
}

func expectNot(t *testing.T, w *httptest.ResponseRecorder, text string) {
	t.Helper()
	if strings.Contains(w.Body.String(), text) {
		t.Errorf("the page has %q:\n%s", text, w.Body)
	}
}

var (
	hash = "0x" + strings.Repeat("ab", 32)
	paid = ledger.Authorization{
		Network: "eip155:196", Asset: "0xa55e7", Payer: "0xfeed", Recipient: "0xcafe",
		Amount: "9007199254740993", Resource: "https://shop.example.com/v1/report", Facilitator: "somebody",
	}
)

// unknownSum is what one of these is worth, in an asset that no way to pay knows.
const unknownSum = `<td class="number">9007199254740993 units of <code title="0xa55e7">0xa55e7</code></td>`

func TestPaymentsPage(t *testing.T) {
	b := newBooks(t)
	expectPage(t, b.open(""), http.StatusOK, "There are no payments yet.")

	b.write(paid, hash, "")
	open := paid
	open.Resource = `https://shop.example.com/"><script>alert(1)</script>`
	b.write(open, "", `<img src=x onerror="alert(2)">`)
	w := b.open("")
	expectPage(t, w, http.StatusOK,
		"<th scope=\"row\" title=\"eip155:196\">X Layer</th>\n<td class=\"number\">1</td>\n"+unknownSum+"\n<td class=\"number\">1</td>\n"+unknownSum,
		"Payments 1 to 2 of 2, newest first",
		`<time datetime="2026-01-02T03:04:05Z">2026-01-02 03:04:05</time>`,
		`<span class="state settled">settled</span>`,
		`<span class="state unknown">unknown</span>`,
		`<a href="https://www.oklink.com/xlayer/tx/`+hash+`"`,
		html.EscapeString("https://shop.example.com/")+"&#34;&gt;&lt;script&gt;alert(1)",
	)
	expectNot(t, w, "<script>alert")
	expectNot(t, w, "<img")
	expectNot(t, w, `<span class="mock">`)
	expectNot(t, w, "0x5ec4e7") // a nonce
	expectPage(t, w, http.StatusOK, "0xfeed", "&lt;img src=x onerror=&#34;alert(2)&#34;&gt;")
}

func TestPaymentsPageTellsMocksFromMoney(t *testing.T) {
	b := newBooks(t)
	mock := paid
	mock.Facilitator = ledger.Mocked
	b.write(mock, hash, "")
	w := b.open("")
	expectPage(t, w, http.StatusOK, `<span class="mock">mock</span>`, `<span class="mock">mock: no money moved</span>`, hash)
	expectNot(t, w, "<a ") // nobody finds the transaction in the chain
	b.write(paid, "0x"+strings.Repeat("cd", 32), "")
	if sums := strings.Count(b.open("").Body.String(), unknownSum); sums != 4 {
		t.Errorf("the amount of each payment is on the page %d times, want 4: in its row, and as a sum of its own", sums)
	}
}

func TestPaymentsPageLinksKnownTransactionsOnly(t *testing.T) {
	for name, p := range map[string]struct{ network, transaction string }{
		"unknown network":    {"eip155:1", hash},
		"not a hash":         {"eip155:196", "0xabcd"},
		"more than a hash":   {"eip155:196", hash + "/../evil"},
		"a path of its own":  {"eip155:196", "../../evil"},
		"no transaction yet": {"eip155:196", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t)
			a := paid
			a.Network = p.network
			b.write(a, p.transaction, "")
			w := b.open("")
			expectPage(t, w, http.StatusOK, p.network, p.transaction)
			expectNot(t, w, "<a ")
		})
	}
}

func TestPaymentsPageIsPaged(t *testing.T) {
	b := newBooks(t)
	for range 5 {
		b.write(paid, "", "")
	}
	first, middle, last := b.open("?limit=2"), b.open("?limit=2&offset=2"), b.open("?limit=2&offset=4")
	expectPage(t, first, http.StatusOK, "Payments 1 to 2 of 5", `<a href="?limit=2&amp;offset=2" rel="next">`)
	expectNot(t, first, `rel="prev"`)
	expectPage(t, middle, http.StatusOK, "Payments 3 to 4 of 5", `<a href="?limit=2" rel="prev">`, `<a href="?limit=2&amp;offset=4" rel="next">`)
	expectPage(t, last, http.StatusOK, "Payments 5 to 5 of 5", `<a href="?limit=2&amp;offset=2" rel="prev">`)
	expectNot(t, last, `rel="next"`)
	expectPage(t, b.open("?limit=2&offset=5"), http.StatusOK, "There are no payments so far back.", `rel="prev"`)
	expectPage(t, b.open("?offset=6"), http.StatusBadRequest, "<h1>Bad Request</h1>", "offset is beyond the last payment.")
	expectPage(t, b.open("?limit=x"), http.StatusBadRequest, "limit must be 1 to 200")
	// Links keep a limit only if it is not the usual one.
	for range 50 {
		b.write(paid, "", "")
	}
	expectPage(t, b.open(""), http.StatusOK, "Payments 1 to 50 of 55", `<a href="?offset=50" rel="next">`)
	expectPage(t, b.open("?offset=50"), http.StatusOK, `<a href="?" rel="prev">`)
}

// TestPaymentsPagePolicy: only what the policy names runs, so it has to name what
// is on the page, and nothing else.
func TestPaymentsPagePolicy(t *testing.T) {
	b := newBooks(t)
	for query, tags := range map[string][]string{"": {"script", "style"}, "?limit=0": {"style"}} {
		w := b.open(query)
		policy := w.Header().Get("Content-Security-Policy")
		for _, tag := range tags {
			_, rest, _ := strings.Cut(w.Body.String(), "<"+tag+">")
			text, _, _ := strings.Cut(rest, "</"+tag+">")
			if text == "" || !strings.Contains(policy, "; "+tag+"-src "+hashOf(text)+";") {
				t.Errorf("%q: the policy does not let the page's %s run: %s", query, tag, policy)
			}
		}
		for _, part := range []string{"default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains("; "+policy+";", "; "+part+";") {
				t.Errorf("%q: the policy lacks %s: %s", query, part, policy)
			}
		}
		for name, want := range map[string]string{
			"Content-Type":           "text/html; charset=utf-8",
			"Cache-Control":          "no-store",
			"Referrer-Policy":        "no-referrer",
			"X-Content-Type-Options": "nosniff",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%q: %s = %q, want %q", query, name, got, want)
			}
		}
	}
}

func TestPaymentsPageWithoutDatabase(t *testing.T) {
	for _, failing := range []string{"payments_version", "payment_totals", "select"} {
		b := newBooks(t)
		b.db.Fail = func(function string, _ map[string]string) bool { return function == failing }
		expectPage(t, b.open(""), http.StatusBadGateway, "<h1>Bad Gateway</h1>", "The database refused the request.")
	}
}

// TestErrorPages: programs get errors as they are.
func TestErrorPages(t *testing.T) {
	b := newBooks(t)
	w := httptest.NewRecorder()
	b.page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/payments?limit=0", nil))
	expectPage(t, w, http.StatusBadRequest, `{"error":{"code":"invalid_query"`)
}

func TestUnits(t *testing.T) {
	for _, tt := range []struct {
		amount   string
		decimals int
		want     string
	}{
		{"10000", 6, "0.01"},
		{"1", 6, "0.000001"},
		{"0", 6, "0.00"},
		{"1000000", 6, "1.00"},
		{"1500000", 6, "1.50"},
		{"123456789012345678901234567890", 18, "123456789012.34567890123456789"},
		{"7", 0, "7"},
		{"75", 1, "7.5"},
		{"70", 1, "7.0"},
	} {
		if got := units(tt.amount, tt.decimals); got != tt.want {
			t.Errorf("units(%q, %d) = %q, want %q", tt.amount, tt.decimals, got, tt.want)
		}
	}
}
