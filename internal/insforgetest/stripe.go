package insforgetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Stripe is what the project knows of a Stripe account, and the part of Stripe that
// answers the backend: it makes checkouts of the prices in the catalog. Nobody can
// pay there; what happens at Stripe is told with Tell. Fields may be set before the
// first request.
type Stripe struct {
	// Catalog is what Stripe sells, by environment.
	Catalog map[string]StripeCatalog

	project *Project
	mu      sync.Mutex // the backend's lock for one idempotency key, here for all
}

// StripeCatalog has products and prices as the backend mirrors them.
type StripeCatalog struct {
	Products []StripeProduct `json:"products"`
	Prices   []StripePrice   `json:"prices"`
}

// StripeProduct is a product as the backend shows it.
type StripeProduct struct {
	Environment string  `json:"environment"`
	ID          string  `json:"productId"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	Active      bool    `json:"active"`
}

// StripePrice is a price as the backend shows it.
type StripePrice struct {
	Environment   string  `json:"environment"`
	ID            string  `json:"priceId"`
	Product       string  `json:"productId"`
	Active        bool    `json:"active"`
	Currency      string  `json:"currency"`
	Amount        *int64  `json:"unitAmount"`
	Type          string  `json:"type"`
	Interval      *string `json:"recurringInterval"`
	IntervalCount *int    `json:"recurringIntervalCount"`
}

// The codes of payments (shared-schemas: error-codes).
const (
	codePaymentConfig   = "PAYMENT_CONFIG_INVALID"
	codePaymentNotFound = "PAYMENT_NOT_FOUND"
	codeCheckoutExists  = "PAYMENT_CHECKOUT_ALREADY_EXISTS"
	codeUpstream        = "UPSTREAM_FAILURE"
)

func (s *Stripe) routes(mux *http.ServeMux) {
	handle := func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := handler(w, r); err != nil {
				fail(w, err)
			}
		})
	}
	handle("POST /api/payments/stripe/{environment}/checkout-sessions", s.checkout)
	handle("POST /api/payments/stripe/{environment}/customer-portal-sessions", s.portal)
	mux.HandleFunc("GET /api/payments/stripe/{environment}/catalog", s.project.admin(func(w http.ResponseWriter, r *http.Request) error {
		environment, err := environmentOf(r)
		if err != nil {
			return err
		}
		known := s.Catalog[environment]
		answer(w, http.StatusOK, map[string]any{
			"products": append([]StripeProduct{}, known.Products...), "prices": append([]StripePrice{}, known.Prices...),
		})
		return nil
	}))
}

func environmentOf(r *http.Request) (string, error) {
	if e := r.PathValue("environment"); e == "test" || e == "live" {
		return e, nil
	}
	return "", refuse(http.StatusBadRequest, codeInvalidInput, "environment: Invalid enum value. Expected 'test' | 'live'")
}

// buyer is who asks for a session: an API key and an admin's token have no user
// (routes/payments/stripe/index.routes.ts).
func (s *Stripe) buyer(r *http.Request) (Caller, error) {
	c, err := s.project.caller(r)
	if err == nil && c.Role == projectAdmin {
		err = refuse(http.StatusUnauthorized, codeInvalidCredentials, "this needs a user's token")
	}
	return c, err
}

// strict reads a body that may have no other keys than v (shared-schemas, strict).
func strict(r *http.Request, v any) error {
	data, err := body(r)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return refuse(http.StatusBadRequest, codeInvalidInput, err.Error())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return refuse(http.StatusBadRequest, codeInvalidInput, "more than one value")
	}
	return nil
}

type stripeSubject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type checkoutItem struct {
	PriceID  string `json:"priceId"`
	Quantity int    `json:"quantity"`
}

type checkoutRequest struct {
	Mode           string            `json:"mode"`
	LineItems      []checkoutItem    `json:"lineItems"`
	SuccessURL     string            `json:"successUrl"`
	CancelURL      string            `json:"cancelUrl"`
	Subject        *stripeSubject    `json:"subject"`
	CustomerEmail  *string           `json:"customerEmail"`
	Metadata       map[string]string `json:"metadata"`
	IdempotencyKey *string           `json:"idempotencyKey"`
}

// problem is what the schema has against a request (payments-api.schema.ts).
func (c checkoutRequest) problem() string {
	switch {
	case c.Mode != "payment" && c.Mode != "subscription":
		return "mode: Invalid enum value"
	case len(c.LineItems) < 1 || len(c.LineItems) > 100:
		return "lineItems: 1 to 100"
	case !isURL(c.SuccessURL):
		return "successUrl: Success URL must be a valid URL"
	case !isURL(c.CancelURL):
		return "cancelUrl: Cancel URL must be a valid URL"
	case c.Mode == "subscription" && c.Subject == nil:
		return "subject: Subscription checkout requires a billing subject"
	case c.IdempotencyKey != nil && (*c.IdempotencyKey == "" || len(*c.IdempotencyKey) > 200):
		return "idempotencyKey: 1 to 200 characters"
	}
	for _, item := range c.LineItems {
		if item.PriceID == "" || item.Quantity < 1 || item.Quantity > 999 {
			return "lineItems: a price and a quantity from 1 to 999"
		}
	}
	for key := range c.Metadata {
		if strings.HasPrefix(key, "insforge_") {
			return "metadata: Metadata keys starting with insforge_ are reserved"
		}
	}
	return c.Subject.problem()
}

func (s *stripeSubject) problem() string {
	if s != nil && (s.Type == "" || len(s.Type) > 100 || s.ID == "" || len(s.ID) > 255) {
		return "subject: type and id"
	}
	return ""
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != ""
}

type checkoutSession struct {
	ID        string  `json:"id"`
	Status    string  `json:"status"`
	SessionID *string `json:"checkoutSessionId"`
	URL       *string `json:"url"`
}

// checkout inserts the attempt as the caller, so that policies decide, has Stripe
// make the page, and notes it (payments/stripe/checkout.service.ts). A key that was
// used for the same request finds what was made then, in whatever state.
func (s *Stripe) checkout(w http.ResponseWriter, r *http.Request) error {
	c, err := s.buyer(r)
	if err != nil {
		return err
	}
	environment, err := environmentOf(r)
	if err != nil {
		return err
	}
	var in checkoutRequest
	if err := strict(r, &in); err != nil {
		return err
	}
	if what := in.problem(); what != "" {
		return refuse(http.StatusBadRequest, codeInvalidInput, what)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	session, err := s.attempt(r.Context(), c, environment, in)
	if err == nil && session.URL == nil {
		session, err = s.make(r.Context(), environment, session.ID, in)
	}
	if err != nil {
		return err
	}
	answer(w, http.StatusCreated, map[string]any{"checkoutSession": session})
	return nil
}

func (s *Stripe) attempt(ctx context.Context, c Caller, environment string, in checkoutRequest) (session checkoutSession, err error) {
	items, _ := json.Marshal(in.LineItems) // strings and numbers
	metadata := s.metadata(in)
	canonical, _ := json.Marshal([]any{environment, in.Mode, in.LineItems, in.SuccessURL, in.CancelURL, in.Subject, in.CustomerEmail, metadata})
	hash := sha256.Sum256(canonical)
	written, _ := json.Marshal(metadata)
	if in.Subject == nil {
		in.Subject = &stripeSubject{}
	}
	err = s.project.As(ctx, c, func(tx pgx.Tx) error {
		// Without returning, for which it would take a policy to see the row, too.
		session.ID = newUUID()
		tag, err := tx.Exec(ctx, `insert into payments.stripe_checkout_sessions
			(id, environment, mode, subject_type, subject_id, customer_email, line_items, success_url, cancel_url, idempotency_key, request_hash, metadata)
			values ($1::text::uuid, $2, $3, nullif($4, ''), nullif($5, ''), $6, $7::text::jsonb, $8, $9, $10, $11, $12::text::jsonb)
			on conflict (environment, idempotency_key) where idempotency_key is not null do nothing`,
			session.ID, environment, in.Mode, in.Subject.Type, in.Subject.ID, in.CustomerEmail, string(items), in.SuccessURL, in.CancelURL,
			in.IdempotencyKey, hex.EncodeToString(hash[:]), string(written))
		if err != nil || tag.RowsAffected() == 1 {
			return err
		}
		err = tx.QueryRow(ctx, `select id::text, status, checkout_session_id, url from payments.stripe_checkout_sessions
			where environment = $1 and idempotency_key = $2 and request_hash = $3`, environment, in.IdempotencyKey, hex.EncodeToString(hash[:])).
			Scan(&session.ID, &session.Status, &session.SessionID, &session.URL)
		if errors.Is(err, pgx.ErrNoRows) {
			return refuse(http.StatusConflict, codeCheckoutExists, "Idempotency key is already used for another checkout request")
		}
		return err
	})
	return session, notAllowed(err, "Checkout session")
}

// metadata is what the backend has Stripe keep.
func (*Stripe) metadata(in checkoutRequest) map[string]string {
	all := map[string]string{"insforge_checkout_mode": in.Mode}
	for key, value := range in.Metadata {
		all[key] = value
	}
	if in.Subject != nil {
		all["insforge_subject_type"], all["insforge_subject_id"] = in.Subject.Type, in.Subject.ID
	}
	return all
}

// make is Stripe: each price has to be one of the catalog, and of the right kind.
func (s *Stripe) make(ctx context.Context, environment, id string, in checkoutRequest) (checkoutSession, error) {
	if _, ok := s.Catalog[environment]; !ok {
		return checkoutSession{}, refuse(http.StatusBadRequest, codePaymentConfig, "STRIPE_"+strings.ToUpper(environment)+"_SECRET_KEY is not configured")
	}
	for _, item := range in.LineItems {
		kind := ""
		for _, price := range s.Catalog[environment].Prices {
			if price.ID == item.PriceID && price.Active {
				kind = price.Type
			}
		}
		if kind == "" || in.Mode == "payment" && kind != "one_time" || in.Mode == "subscription" && kind != "recurring" {
			_, err := s.project.pool.Exec(ctx, `update payments.stripe_checkout_sessions set status = 'failed' where id = $1::text::uuid`, id)
			return checkoutSession{}, errors.Join(refuse(http.StatusBadRequest, codeUpstream, "No such price: '"+item.PriceID+"'"), err)
		}
	}
	session := "cs_" + environment + "_" + rand.Text()
	page := "https://checkout.stripe.com/c/pay/" + session
	_, err := s.project.pool.Exec(ctx, `update payments.stripe_checkout_sessions
		set status = 'open', payment_status = 'unpaid', checkout_session_id = $2, url = $3, last_error = null where id = $1::text::uuid`, id, session, page)
	return checkoutSession{ID: id, Status: "open", SessionID: &session, URL: &page}, err
}

// portal opens the page of a customer (payments/stripe/customer-portal.service.ts).
func (s *Stripe) portal(w http.ResponseWriter, r *http.Request) error {
	c, err := s.buyer(r)
	if err == nil && c.Role == anon {
		err = refuse(http.StatusUnauthorized, codeInvalidCredentials, "Customer portal sessions require an authenticated user")
	}
	if err != nil {
		return err
	}
	environment, err := environmentOf(r)
	if err != nil {
		return err
	}
	var in struct {
		Subject       *stripeSubject `json:"subject"`
		ReturnURL     *string        `json:"returnUrl"`
		Configuration *string        `json:"configuration"`
	}
	if err := strict(r, &in); err != nil {
		return err
	}
	if in.Subject == nil || in.Subject.problem() != "" || in.ReturnURL != nil && !isURL(*in.ReturnURL) {
		return refuse(http.StatusBadRequest, codeInvalidInput, "subject or returnUrl")
	}
	err = s.project.As(r.Context(), c, func(tx pgx.Tx) error {
		_, err := tx.Exec(r.Context(), `insert into payments.stripe_customer_portal_sessions (environment, subject_type, subject_id, return_url) values ($1, $2, $3, $4)`,
			environment, in.Subject.Type, in.Subject.ID, in.ReturnURL)
		return err
	})
	if err := notAllowed(err, "Customer portal session"); err != nil {
		return err
	}
	var customer string
	err = s.project.pool.QueryRow(r.Context(), `select provider_customer_id from payments.customer_mappings
		where provider = 'stripe' and environment = $1 and subject_type = $2 and subject_id = $3`, environment, in.Subject.Type, in.Subject.ID).Scan(&customer)
	if errors.Is(err, pgx.ErrNoRows) {
		return refuse(http.StatusNotFound, codePaymentNotFound, "No Stripe customer is mapped to this billing subject")
	}
	if err != nil {
		return err
	}
	answer(w, http.StatusCreated, map[string]any{"customerPortalSession": map[string]any{"url": "https://billing.stripe.com/p/session/" + customer}})
	return nil
}

// notAllowed is how the backend answers when a policy says no.
func notAllowed(err error, what string) error {
	if e := asAPIError(err); e != nil && e.Code == codeForbidden {
		return refuse(http.StatusForbidden, codeUnauthorized, what+" creation is not allowed by RLS policies")
	}
	return err
}

// Tell is the backend's webhook, after the signature was checked: the event is kept
// and, unless it was before, processed: a completed checkout becomes so, and makes
// its buyer a customer (webhook-store.service.ts, payments/stripe/webhook.service.ts).
// Object is the event's data.object, at when it happened.
func (s *Stripe) Tell(ctx context.Context, environment, id, kind string, at time.Time, object map[string]any) error {
	payload, err := json.Marshal(map[string]any{
		"id": id, "object": "event", "type": kind, "created": at.Unix(), "livemode": environment == "live",
		"data": map[string]any{"object": object},
	})
	if err != nil {
		return err
	}
	tag, err := s.project.pool.Exec(ctx, `insert into payments.webhook_events
		(provider, environment, provider_event_id, event_type, livemode, object_type, object_id, processing_status, attempt_count, payload)
		values ('stripe', $1, $2, $3, $4, $5, $6, 'pending', 1, $7::text::jsonb) on conflict (provider, environment, provider_event_id) do nothing`,
		environment, id, kind, environment == "live", object["object"], object["id"], string(payload))
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	if kind == "checkout.session.completed" {
		_, err := s.project.pool.Exec(ctx, `update payments.stripe_checkout_sessions set status = 'completed', payment_status = $3
			where environment = $1 and checkout_session_id = $2`, environment, object["id"], object["payment_status"])
		if err != nil {
			return err
		}
		_, err = s.project.pool.Exec(ctx, `insert into payments.customer_mappings (provider, environment, subject_type, subject_id, provider_customer_id)
			select 'stripe', $1, subject_type, subject_id, $3 from payments.stripe_checkout_sessions where environment = $1 and checkout_session_id = $2 and subject_id is not null
			on conflict (provider, environment, subject_type, subject_id) do update set provider_customer_id = excluded.provider_customer_id`,
			environment, object["id"], object["customer"])
		if err != nil {
			return err
		}
	}
	_, err = s.project.pool.Exec(ctx, `update payments.webhook_events set processing_status = 'processed', processed_at = now()
		where provider = 'stripe' and environment = $1 and provider_event_id = $2`, environment, id)
	return err
}

// Session is a checkout as Stripe tells of it, by its ID: with the metadata that the
// backend gave it. Payment is its payment_status.
func (s *Stripe) Session(ctx context.Context, id, payment string, total int64) (map[string]any, error) {
	var row, mode, subjectType, subjectID string
	err := s.project.pool.QueryRow(ctx, `select id::text, mode, subject_type, subject_id from payments.stripe_checkout_sessions where checkout_session_id = $1`, id).
		Scan(&row, &mode, &subjectType, &subjectID)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"id": id, "object": "checkout.session", "mode": mode, "payment_status": payment, "amount_total": total, "currency": "usd",
		"payment_intent": "pi_" + id, "customer": "cus_" + subjectID, "created": time.Now().Unix(), "client_reference_id": row,
		"metadata": map[string]any{
			"insforge_checkout_mode": mode, "insforge_subject_type": subjectType, "insforge_subject_id": subjectID, "insforge_checkout_session_id": row,
		},
	}, nil
}

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
