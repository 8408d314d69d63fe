package stripe

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/env"
	"example.com/shop/internal/insforge"
)

const (
	secret    = "0123456789abcdef0123456789abcdef"
	serverKey = "ik_0123456789abcdef"
	origin    = "https://shop.example.com"
)

// fake is InsForge as far as selling goes, and as strict. Its fields say what goes wrong.
type fake struct {
	t *testing.T

	mu       sync.Mutex
	requests []string                  // method, path and query of each call
	sessions map[string]map[string]any // by their keys: the request, and what was answered
	rows     []map[string]any          // of purchases, each with its user_id
	failing  []map[string]any          // events that were not applied
	customer map[string]bool           // who has bought, by user

	catalog  insforge.StripeCatalog
	status   int    // answers checkouts and portals so, unless 0
	code     string // with this code
	html     bool   // and in HTML
	slow     bool   // answers nothing until the caller gives up
	down     bool   // ends connections
	page     string // where checkouts are paid
	portal   string
	noRPC    bool
	noPrices bool
}

// asked says how often something was asked for.
func (f *fake) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}

func amount(n int64) *int64 { return &n }

func newFake(t *testing.T) *fake {
	return &fake{
		t: t, sessions: map[string]map[string]any{}, customer: map[string]bool{},
		page: "https://checkout.stripe.com/c/pay/cs_live_1#fragment", portal: "https://billing.stripe.com/p/session/1",
		catalog: insforge.StripeCatalog{
			Products: []insforge.StripeProduct{
				product("prod_pack", "Ten reports", true), product("prod_pro", "Pro", true), product("prod_gone", "Gone", false),
			},
			Prices: []insforge.StripePrice{
				{ID: "price_pack", Product: "prod_pack", Active: true, Currency: "usd", Amount: amount(1200), Type: "one_time"},
				{ID: "price_pro", Product: "prod_pro", Active: true, Currency: "eur", Amount: amount(900), Type: "recurring", Interval: "month", IntervalCount: 1},
				{ID: "price_proOld", Product: "prod_pro", Currency: "eur", Amount: amount(700), Type: "recurring", Interval: "month", IntervalCount: 1},
				{ID: "price_archived", Product: "prod_pro", Currency: "eur", Amount: amount(1), Type: "one_time"},
				{ID: "price_gone", Product: "prod_gone", Active: true, Currency: "eur", Amount: amount(1), Type: "one_time"},
				{ID: "price_secret", Product: "prod_pro", Active: true, Currency: "eur", Amount: amount(1), Type: "one_time"},
			},
		},
	}
}

func product(id, name string, active bool) insforge.StripeProduct {
	return insforge.StripeProduct{ID: id, Name: name, Active: active}
}

// refuse answers as InsForge does.
func (f *fake) refuse(w http.ResponseWriter, status int, code string) {
	if f.html {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html>Bad gateway: sk_live_secret</html>")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": code, "message": "No such price: sk_live_secret", "statusCode": status})
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.Path)
	slow, down := f.slow, f.down
	f.mu.Unlock()
	switch {
	case slow:
		<-r.Context().Done()
		return
	case down:
		panic(http.ErrAbortHandler)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch r.Method + " " + r.URL.Path {
	case "GET /api/payments/stripe/live/catalog":
		switch {
		case bearer != serverKey:
			f.refuse(w, http.StatusForbidden, "AUTH_UNAUTHORIZED")
		case f.noPrices:
			f.refuse(w, http.StatusInternalServerError, "INTERNAL_ERROR")
		default:
			_ = json.NewEncoder(w).Encode(f.catalog)
		}
	case "POST /api/payments/stripe/live/checkout-sessions":
		if user := f.buyer(w, bearer); user != "" {
			f.checkout(w, r, user)
		}
	case "POST /api/payments/stripe/live/customer-portal-sessions":
		if user := f.buyer(w, bearer); user != "" {
			f.openPortal(w, r, user)
		}
	case "GET /api/database/records/purchases":
		if user := f.buyer(w, bearer); user != "" {
			f.list(w, r.URL.Query(), user)
		}
	case "POST /api/database/rpc/stripe_catch_up":
		switch {
		case bearer != serverKey:
			f.refuse(w, http.StatusForbidden, "42501")
		case f.noRPC:
			f.refuse(w, http.StatusNotFound, "PGRST202")
		default:
			_ = json.NewEncoder(w).Encode(append([]map[string]any{}, f.failing...))
		}
	default:
		f.t.Errorf("called %s %s", r.Method, r.URL.Path)
		f.refuse(w, http.StatusNotFound, "NOT_FOUND")
	}
}

// buyer is the user whose token it is. The server's key is nobody's.
func (f *fake) buyer(w http.ResponseWriter, token string) string {
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return []byte(secret), nil }, jwt.WithValidMethods([]string{"HS256"}))
	user, _ := claims["sub"].(string)
	if err != nil || user == "" || claims["role"] != "authenticated" {
		f.refuse(w, http.StatusUnauthorized, "AUTH_INVALID_CREDENTIALS")
		return ""
	}
	return user
}

// read decodes a body with no keys but these.
func (f *fake) read(w http.ResponseWriter, r *http.Request, keys ...string) map[string]any {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Header.Get("Content-Type") != "application/json" {
		f.refuse(w, http.StatusBadRequest, "INVALID_INPUT")
		return nil
	}
	for key := range body {
		if !slices.Contains(keys, key) {
			f.t.Errorf("InsForge knows no key %q", key)
			f.refuse(w, http.StatusBadRequest, "INVALID_INPUT")
			return nil
		}
	}
	subject, _ := body["subject"].(map[string]any)
	if len(subject) != 2 || subject["type"] == "" || subject["id"] == "" {
		f.t.Errorf("no subject in %v", body)
		f.refuse(w, http.StatusBadRequest, "INVALID_INPUT")
		return nil
	}
	return body
}

func (f *fake) checkout(w http.ResponseWriter, r *http.Request, user string) {
	body := f.read(w, r, "mode", "lineItems", "successUrl", "cancelUrl", "subject", "customerEmail", "metadata", "idempotencyKey")
	if body == nil {
		return
	}
	if f.status != 0 {
		f.refuse(w, f.status, f.code)
		return
	}
	subject, _ := body["subject"].(map[string]any)
	if subject["type"] != "user" || subject["id"] != user {
		f.refuse(w, http.StatusForbidden, "AUTH_UNAUTHORIZED")
		return
	}
	key, _ := body["idempotencyKey"].(string)
	items, _ := body["lineItems"].([]any)
	metadata, _ := body["metadata"].(map[string]any)
	bad := len(items) < 1 || len(items) > 100 || len(key) > 200
	for _, item := range items {
		item, _ := item.(map[string]any)
		quantity, _ := item["quantity"].(float64)
		bad = bad || len(item) != 2 || item["priceId"] == "" || quantity < 1 || quantity > 999
	}
	for name := range metadata {
		bad = bad || strings.HasPrefix(name, "insforge_")
	}
	for _, to := range []any{body["successUrl"], body["cancelUrl"]} {
		text, _ := to.(string)
		u, err := url.Parse(text)
		bad = bad || err != nil || u.Scheme == "" || u.Host == ""
	}
	if bad || body["mode"] != "payment" && body["mode"] != "subscription" {
		f.t.Errorf("InsForge takes no %v", body)
		f.refuse(w, http.StatusBadRequest, "INVALID_INPUT")
		return
	}
	made := f.sessions[key]
	switch {
	case made == nil:
		made = map[string]any{"request": body, "status": "open", "url": f.page}
		f.sessions[key] = made
	case fmt.Sprint(made["request"]) != fmt.Sprint(body):
		f.refuse(w, http.StatusConflict, "PAYMENT_CHECKOUT_ALREADY_EXISTS")
		return
	}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{"checkoutSession": map[string]any{"id": "1", "status": made["status"], "url": made["url"]}})
}

func (f *fake) openPortal(w http.ResponseWriter, r *http.Request, user string) {
	body := f.read(w, r, "subject", "returnUrl", "configuration")
	if body == nil {
		return
	}
	subject, _ := body["subject"].(map[string]any)
	switch {
	case f.status != 0:
		f.refuse(w, f.status, f.code)
	case subject["type"] != "user" || subject["id"] != user:
		f.refuse(w, http.StatusForbidden, "AUTH_UNAUTHORIZED")
	case body["returnUrl"] != origin+"/billing":
		f.t.Errorf("the way back from the portal is %v", body["returnUrl"])
		f.refuse(w, http.StatusBadRequest, "INVALID_INPUT")
	case !f.customer[user]:
		f.refuse(w, http.StatusNotFound, "PAYMENT_NOT_FOUND")
	default:
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{"customerPortalSession": map[string]any{"url": f.portal}})
	}
}

// list is row level security and the filters that this server uses.
func (f *fake) list(w http.ResponseWriter, query url.Values, user string) {
	rows := []map[string]any{}
	for _, row := range f.rows {
		ok := row["user_id"] == user
		for column, filters := range query {
			if column == "select" || column == "order" || column == "limit" {
				continue
			}
			for _, filter := range filters {
				op, value, _ := strings.Cut(filter, ".")
				values := []string{value}
				if op == "in" {
					values = strings.Split(strings.Trim(value, "()"), ",")
				}
				ok = ok && slices.Contains(values, fmt.Sprint(row[column]))
			}
		}
		if ok && fmt.Sprint(len(rows)) != query.Get("limit") {
			rows = append(rows, row)
		}
	}
	_ = json.NewEncoder(w).Encode(rows)
}

// bought adds a purchase of a user in the live environment.
func (f *fake) bought(user, id, price, mode, status string, more map[string]any) {
	row := map[string]any{
		"id": id, "price_id": price, "environment": "live", "user_id": user, "mode": mode, "quantity": 1, "status": status,
		"active": status == "paid" || status == "active" || status == "trialing",
		"amount": 1200, "amount_refunded": 0, "currency": "usd", "period_end": nil, "ends_at": nil, "bought_at": "2026-01-02T03:04:05Z",
	}
	for key, value := range more {
		row[key] = value
	}
	f.rows = append(f.rows, row)
}

// shop is a server that sells, and the InsForge behind it.
type shop struct {
	*fake
	checkout *Checkout
	logs     *strings.Builder
	mux      *http.ServeMux
	signedIn func(http.Handler) http.Handler
}

func newShop(t *testing.T) *shop {
	t.Helper()
	return newShopWith(t, Config{
		Environment: "live", BaseURL: origin,
		Products: []Product{
			sold("pack", "price_pack"), sold("pro", "price_pro", "price_proOld"), sold("archived", "price_archived"),
			sold("gone", "price_gone"), sold("missing", "price_missing"),
		},
	})
}

func sold(name string, prices ...string) Product { return Product{Name: name, Prices: prices} }

func newShopWith(t *testing.T, cfg Config) *shop {
	t.Helper()
	s := &shop{fake: newFake(t), logs: &strings.Builder{}, mux: http.NewServeMux()}
	backend := httptest.NewUnstartedServer(s.fake)
	backend.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of connections that are ended
	backend.Start()
	t.Cleanup(backend.Close)
	db := insforge.New(insforge.Config{URL: backend.URL, AnonKey: "anon_key", APIKey: serverKey})
	minter := auth.NewMinter(auth.MinterConfig{Secret: env.Secret(secret), TTL: time.Minute})
	s.checkout = New(cfg, db, minter, slog.New(slog.NewTextHandler(s.logs, nil)))
	// The user stands in a header here. Who signs users in has tests of its own.
	s.signedIn = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := auth.Identity{Subject: r.Header.Get("Test-User"), ExpiresAt: time.Now().Add(time.Hour)}
			if id.Subject == "" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r.WithContext(auth.ContextWith(r.Context(), id)))
		})
	}
	s.checkout.Routes(s.mux, s.signedIn, s.signedIn)
	return s
}

// ask makes a request as a user. The headers are name and value in turns.
func (s *shop) ask(user, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.Header.Set("Test-User", user)
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

// as is what InsForge knows a user by.
func (s *shop) as(user string) insforge.Credential {
	s.t.Helper()
	token, _, err := s.checkout.minter.Mint(auth.Identity{Subject: user, ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		s.t.Fatal(err)
	}
	return insforge.Credential(token)
}

// submit sends a form as Ada.
func (s *shop) submit(path string, form url.Values) *httptest.ResponseRecorder {
	return s.ask("ada", http.MethodPost, path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func expect(t *testing.T, what string, w *httptest.ResponseRecorder, status int, texts ...string) {
	t.Helper()
	if w.Code != status {
		t.Errorf("%s: %d %s, want %d", what, w.Code, w.Body, status)
	}
	for _, text := range texts {
		if !strings.Contains(w.Body.String(), text) {
			t.Errorf("%s: %q is not in %s", what, text, w.Body)
		}
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s may be stored", what)
	}
	if strings.Contains(w.Body.String(), "sk_live") {
		t.Errorf("%s tells what is for the log: %s", what, w.Body)
	}
}
