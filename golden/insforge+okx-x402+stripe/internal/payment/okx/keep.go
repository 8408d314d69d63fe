package okx

import (
	"encoding/json"
	"net/http"

	"example.com/shop/internal/payment/ledger"
)

// keptHeaders are the headers of a paid answer that are handed over again with
// it. The others belong to the moment: dates, cookies, IDs of requests.
var keptHeaders = []string{
	"Content-Type", "Content-Disposition", "Content-Encoding", "Content-Language", "Etag", "Last-Modified",
}

// kept is a paid answer as the ledger keeps it.
type kept struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header,omitempty"`
	Body   []byte            `json:"body"`
}

// keep writes the answer down.
func (b *buffer) keep() string {
	k := kept{Status: b.code(), Body: b.body.Bytes()}
	for _, name := range keptHeaders {
		if value := b.header.Get(name); value != "" {
			if k.Header == nil {
				k.Header = map[string]string{}
			}
			k.Header[name] = value
		}
	}
	raw, _ := json.Marshal(k) // numbers, strings and bytes cannot fail
	return string(raw)
}

// reopened is the answer that keep wrote down.
func reopened(text string) (*buffer, error) {
	var k kept
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return nil, err
	}
	b := newBuffer()
	for name, value := range k.Header {
		b.header.Set(name, value)
	}
	b.WriteHeader(k.Status)
	_, err := b.body.Write(k.Body)
	return b, err
}

// find looks for the attempt that holds the authorization.
func (s *sale) find() (ledger.Attempt, error) {
	a := s.proof.authorization
	return s.ledger.Find(s.ctx, s.offer.asset.network, s.offer.requirements.Asset, a.From, a.Nonce)
}

// explain answers a payment that another attempt holds: with what it bought, if
// it is the same request and paid for, and never in a way that makes the client
// sign another one while this one may have moved money.
func (s *sale) explain(w http.ResponseWriter, held ledger.Attempt) {
	switch {
	case held.State == ledger.Settled && held.Fingerprint != s.fingerprint:
		demand(w, s.product.challenge(reasonNonceUsed), "This authorization already paid for another request.")
	case held.State == ledger.Settled:
		s.respond(w, held.Facilitator, outcome{result: settled, transaction: held.Transaction})
		answer, err := reopened(held.Answer)
		if err != nil { // forgotten after a day
			writeError(w, http.StatusConflict, "already_paid",
				"This request was already paid for, by transaction "+held.Transaction+".")
			return
		}
		private(answer.header)
		answer.release(w)
	case held.State == ledger.Unknown:
		s.pending(w, held.Claim)
	default:
		w.Header().Set("Retry-After", "5")
		s.linkStatus(w, held.Claim)
		writeError(w, http.StatusConflict, "payment_in_progress", "This payment is being processed by another request.")
	}
}

// pending answers for a payment that may have moved money or not: the same
// payment may be sent again, and will be answered once it is known.
func (s *sale) pending(w http.ResponseWriter, claim string) {
	s.linkStatus(w, claim)
	unavailable(w, "payment_unknown", "It is not known yet whether this payment was settled. Send the same payment again later; do not sign another one for this request.")
}

// linkStatus tells where the client can see how the attempt ends.
func (s *sale) linkStatus(w http.ResponseWriter, claim string) {
	w.Header().Set("Link", "<"+s.cfg.PublicURL+statusPath+claim+`>; rel="status"`)
}
