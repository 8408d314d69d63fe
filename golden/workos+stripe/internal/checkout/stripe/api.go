package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"example.com/shop/internal/auth"
	"example.com/shop/internal/insforge"
)

// handleProducts says what is for sale.
func (c *Checkout) handleProducts() http.Handler {
	type response struct {
		Products []Offer `json:"products"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		offers, err := c.offers(r.Context())
		if err != nil {
			c.writeProblem(w, r, err)
			return
		}
		if offers == nil {
			offers = []Offer{}
		}
		writeJSON(w, http.StatusOK, response{offers})
	})
}

// handlePurchases says what the caller has bought, newest first.
func (c *Checkout) handlePurchases() http.Handler {
	type response struct {
		Purchases []Purchase `json:"purchases"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, as, ok := c.caller(w, r)
		if !ok {
			return
		}
		bought, err := c.purchases(r.Context(), as)
		if err != nil {
			c.writeProblem(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, response{bought})
	})
}

// address is where a program has to send its user.
type address struct {
	URL string `json:"url"`
}

// handleCheckout starts a purchase. Sent again with the same Idempotency-Key, it is the same purchase.
func (c *Checkout) handleCheckout() http.Handler {
	type request struct {
		Product  string `json:"product"`
		Quantity *int   `json:"quantity"` // 1 if it is left out
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body request
		if !decodeJSON(w, r, &body) {
			return
		}
		o := order{product: body.Product, quantity: 1, key: r.Header.Get("Idempotency-Key")}
		if body.Quantity != nil {
			o.quantity = *body.Quantity
		}
		id, as, ok := c.caller(w, r)
		if !ok {
			return
		}
		to, err := c.checkOut(r.Context(), id, as, o)
		if err != nil {
			c.writeProblem(w, r, err)
			return
		}
		writeJSON(w, http.StatusCreated, address{to})
	})
}

// handlePortal opens the page on which the caller manages what they have bought.
func (c *Checkout) handlePortal() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, as, ok := c.caller(w, r)
		if !ok {
			return
		}
		to, err := c.portal(r.Context(), id, as)
		if err != nil {
			c.writeProblem(w, r, err)
			return
		}
		writeJSON(w, http.StatusCreated, address{to})
	})
}

// caller is who is signed in, and what InsForge knows them by. When it is not ok, the answer is written.
func (c *Checkout) caller(w http.ResponseWriter, r *http.Request) (auth.Identity, insforge.Credential, bool) {
	id, _ := auth.FromContext(r.Context())
	token, _, err := c.minter.Mint(id)
	if err != nil {
		auth.Refuse(w, r, c.log, err)
		return auth.Identity{}, "", false
	}
	return id, insforge.Credential(token), true
}

// problem is an error as the user learns of it.
type problem struct {
	status        int
	code, message string
}

// problemOf says what the user can do about an error. What InsForge and Stripe say stays in the log: it is
// for whoever runs this server.
func problemOf(err error) problem {
	switch {
	case errors.Is(err, errNoProduct):
		return problem{http.StatusNotFound, "no_such_product", "There is no such product."}
	case errors.Is(err, errQuantity):
		return problem{http.StatusBadRequest, "invalid_quantity", "quantity must be a number from 1 to 999."}
	case errors.Is(err, errKey):
		return problem{http.StatusBadRequest, "invalid_idempotency_key", "Idempotency-Key must have at most 200 characters."}
	case errors.Is(err, errSubscribed):
		return problem{http.StatusConflict, "already_subscribed", "You have this subscription already. Manage it instead."}
	case errors.Is(err, errOver):
		return problem{http.StatusConflict, "checkout_over", "This checkout is over. Start a new one to buy again."}
	case errors.Is(err, errPaid):
		return problem{http.StatusConflict, "checkout_paid", "You have just paid for this. It is listed here as soon as Stripe has confirmed it."}
	case errors.Is(err, errNoCustomer):
		return problem{http.StatusNotFound, "nothing_bought", "You have not bought anything yet, so there is nothing to manage."}
	case errors.Is(err, errCharged):
		return problem{http.StatusConflict, "still_subscribed", "You have a subscription that goes on being charged for. End it under /billing first."}
	case errors.Is(err, context.DeadlineExceeded):
		return problem{http.StatusGatewayTimeout, "upstream_timeout", "This took too long. Try again: nothing is sold twice."}
	}
	answer, ok := errors.AsType[*insforge.Error](err)
	switch {
	case !ok:
		return problem{http.StatusBadGateway, "upstream_error", "Nothing can be bought right now. Try again soon."}
	case answer.Status == http.StatusForbidden:
		return problem{http.StatusForbidden, "forbidden", "This account may not buy here."}
	case answer.Status == http.StatusConflict:
		return problem{http.StatusConflict, "idempotency_key_used", "This Idempotency-Key was used for something else."}
	case answer.Status == http.StatusTooManyRequests, answer.Status == http.StatusServiceUnavailable:
		return problem{http.StatusServiceUnavailable, "upstream_busy", "Too many people are buying right now. Try again in a moment."}
	}
	// A refused token, a price that Stripe does not know, a missing key: all of these are this server's fault.
	return problem{http.StatusBadGateway, "upstream_error", "Nothing can be bought right now. Try again soon."}
}

// noteProblem writes to the log what the user is not told.
func (c *Checkout) noteProblem(r *http.Request, p problem, err error) {
	switch {
	case r.Context().Err() != nil:
		// The caller has gone, which is nobody's fault.
	case p.status >= 500 || p.status == http.StatusForbidden:
		c.log.ErrorContext(r.Context(), "billing", "error", err)
	default:
		c.log.InfoContext(r.Context(), "billing", "error", err)
	}
}

func (c *Checkout) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	c.noteProblem(r, p, err)
	if p.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	writeError(w, p)
}

// writeError answers in the form all errors of the API have.
func writeError(w http.ResponseWriter, p problem) {
	type detail struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	writeJSON(w, p.status, map[string]detail{"error": {p.code, p.message}})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // v is a type of ours that JSON cannot hold
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone; there is nobody to tell
}

// decodeJSON reads the body, exactly one JSON object without unknown fields, into v. When it cannot, it
// answers and returns false.
func decodeJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		writeError(w, problem{http.StatusUnsupportedMediaType, "unsupported_media_type", "Send application/json."})
		return false
	}
	body := json.NewDecoder(r.Body)
	body.DisallowUnknownFields()
	if err = body.Decode(v); err == nil {
		if _, err = body.Token(); errors.Is(err, io.EOF) {
			return true
		}
	}
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		w.Header().Set("Connection", "close") // the rest is not worth reading
		writeError(w, problem{http.StatusRequestEntityTooLarge, "body_too_large", "The body is too long."})
		return false
	}
	writeError(w, problem{http.StatusBadRequest, "invalid_json", "The body must be one JSON object with known fields only."})
	return false
}
