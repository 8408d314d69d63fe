package httpapi

import (
	"errors"
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

// handlePayments lists all payments, newest first.
func handlePayments(d Deps) http.Handler {
	type payment struct {
		Network     string       `json:"network"`
		Asset       string       `json:"asset"`
		Amount      string       `json:"amount"` // in the asset's smallest unit
		Recipient   string       `json:"recipient"`
		Resource    string       `json:"resource"`
		Facilitator string       `json:"facilitator"`
		State       ledger.State `json:"state"`
		Transaction string       `json:"transaction,omitempty"`
		CreatedAt   time.Time    `json:"created_at"`
		UpdatedAt   time.Time    `json:"updated_at"`

		Payer  string `json:"payer"`
		Nonce  string `json:"nonce"`
		Reason string `json:"reason,omitempty"`
	}
	type response struct {
		Payments []payment `json:"payments"`
		Total    int       `json:"total"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit, offset, ok := window(w, r.URL.Query())
		if !ok {
			return
		}
		rows, total, ok := listPayments(w, r, d, limit, offset)
		if !ok {
			return
		}
		out := response{Payments: make([]payment, 0, len(rows)), Total: total}
		for _, row := range rows {
			p := payment{
				Network:     row.Network,
				Asset:       row.Asset,
				Amount:      row.Amount,
				Recipient:   row.Recipient,
				Resource:    row.Resource,
				Facilitator: row.Facilitator,
				State:       row.State,
				Transaction: row.Transaction,
				CreatedAt:   row.CreatedAt.UTC(),
				UpdatedAt:   row.UpdatedAt.UTC(),
			}
			p.Payer, p.Nonce, p.Reason = row.Payer, row.Nonce, row.Reason
			out.Payments = append(out.Payments, p)
		}
		writeJSON(w, http.StatusOK, out)
	})
}

// listPayments reads payments from the ledger. When it cannot, it answers and
// returns false.
func listPayments(w http.ResponseWriter, r *http.Request, d Deps, limit, offset int) (rows []ledger.Payment, total int, ok bool) {
	rows, total, err := d.Payments.Ledger().List(r.Context(), limit, offset)
	if errors.Is(err, ledger.ErrPastEnd) {
		writeError(w, http.StatusBadRequest, "invalid_query", "offset is beyond the last payment.")
		return nil, 0, false
	}
	if err != nil {
		writeUpstreamError(w, r, d.Log, err)
		return nil, 0, false
	}
	return rows, total, true
}

// window reads limit and offset. When they make no sense, it answers 400 and
// returns false.
func window(w http.ResponseWriter, query url.Values) (limit, offset int, ok bool) {
	limit, offset = defaultPayments, 0
	var problems [2]error
	if query.Has("limit") {
		limit, problems[0] = strconv.Atoi(query.Get("limit"))
	}
	if query.Has("offset") {
		offset, problems[1] = strconv.Atoi(query.Get("offset"))
	}
	if errors.Join(problems[:]...) != nil || limit < 1 || limit > maxPayments || offset < 0 {
		writeError(w, http.StatusBadRequest, "invalid_query",
			"limit must be 1 to "+strconv.Itoa(maxPayments)+", offset 0 or more.")
		return 0, 0, false
	}
	return limit, offset, true
}
