package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"example.com/shop/internal/payment/ledger"
)

const (
	defaultPayments = 50
	maxPayments     = 200
)

// handlePayments lists all payments, newest first, for the operators of this
// service. subject names the signed-in user.
func handlePayments(d Deps, subject func(context.Context) string) http.Handler {
	type payment struct {
		Network     string       `json:"network"`
		Asset       string       `json:"asset"`
		Amount      string       `json:"amount"` // in the asset's smallest unit
		Payer       string       `json:"payer"`
		Recipient   string       `json:"recipient"`
		Nonce       string       `json:"nonce"`
		Resource    string       `json:"resource"`
		Facilitator string       `json:"facilitator"`
		State       ledger.State `json:"state"`
		Transaction string       `json:"transaction,omitempty"`
		Reason      string       `json:"reason,omitempty"`
		CreatedAt   time.Time    `json:"created_at"`
		UpdatedAt   time.Time    `json:"updated_at"`
	}
	type response struct {
		Payments []payment `json:"payments"`
		Total    int       `json:"total"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.Payments.Operator(subject(r.Context())) {
			writeError(w, http.StatusForbidden, "forbidden", "Only operators of this service may read payments.")
			return
		}
		limit, offset, ok := window(r.URL.Query())
		if !ok {
			writeError(w, http.StatusBadRequest, "invalid_query",
				"limit must be 1 to "+strconv.Itoa(maxPayments)+", offset 0 or more.")
			return
		}
		rows, total, err := d.Payments.Ledger().List(r.Context(), limit, offset)
		if err != nil {
			writeUpstreamError(w, r, d.Log, err)
			return
		}
		out := response{Payments: make([]payment, 0, len(rows)), Total: total}
		for _, row := range rows {
			out.Payments = append(out.Payments, payment{
				Network:     row.Network,
				Asset:       row.Asset,
				Amount:      row.Amount,
				Payer:       row.Payer,
				Recipient:   row.Recipient,
				Nonce:       row.Nonce,
				Resource:    row.Resource,
				Facilitator: row.Facilitator,
				State:       row.State,
				Transaction: row.Transaction,
				Reason:      row.Reason,
				CreatedAt:   row.CreatedAt.UTC(),
				UpdatedAt:   row.UpdatedAt.UTC(),
			})
		}
		writeJSON(w, http.StatusOK, out)
	})
}

// window reads limit and offset, and reports whether they make sense.
func window(query url.Values) (limit, offset int, ok bool) {
	limit, offset = defaultPayments, 0
	var err error
	if query.Has("limit") {
		if limit, err = strconv.Atoi(query.Get("limit")); err != nil {
			return 0, 0, false
		}
	}
	if query.Has("offset") {
		if offset, err = strconv.Atoi(query.Get("offset")); err != nil {
			return 0, 0, false
		}
	}
	return limit, offset, limit >= 1 && limit <= maxPayments && offset >= 0
}
