package x402test

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// settlement is a transaction the facilitator signed.
type settlement struct {
	tx     *types.Transaction // to send
	digest common.Hash        // of the authorization
	order  order

	held    bool
	polls   int            // how often settle/status still says pending; below 0, until Release
	receipt *types.Receipt // once it is mined
}

// settle moves the money, and judges by the receipt's status as a facilitator
// would that believes in status: on USDG a nonce that was used meanwhile
// "succeeds" by a transaction that moves nothing. It goes on when the caller
// hangs up.
func (f *Facilitator) settle(ctx context.Context, o order, fault Fault) (result, error) {
	ctx = context.WithoutCancel(ctx)
	reason, err := f.refusal(ctx, o, fault.reuse)
	if err != nil {
		return nil, err
	}
	if reason != "" {
		return o.failed(reason), nil
	}
	token, _ := tokenOf(o.wanted) // known, or it would be refused
	digest, err := digest(token, o.authorization)
	if err != nil {
		return nil, err
	}
	if !fault.reuse && !f.claim(digest) {
		return o.failed(reasonProcessing), nil
	}
	// Another settlement of it may have ended since it was looked at.
	if reason, err = f.refusal(ctx, o, fault.reuse); err != nil || reason != "" {
		f.unclaim(digest)
		return o.failed(reason), err
	}
	done := &settlement{digest: digest, order: o}
	if fault.hold != "" {
		return f.hold(ctx, o, token, done, fault)
	}
	defer f.unclaim(digest)
	done.receipt, err = f.chain.settle(ctx, f.chain.relayer, token, o.authorization, o.signature)
	if err != nil {
		return nil, err
	}
	f.keep(done.receipt.TxHash, done)
	switch {
	case !o.sync: // the API does not wait, so the answer does not know
		return o.succeeded("pending", done.receipt.TxHash), nil
	case done.receipt.Status != types.ReceiptStatusSuccessful:
		return o.failed(reasonOnChain), nil
	}
	return o.succeeded("success", done.receipt.TxHash), nil
}

// hold signs a transaction without sending it. A relayer of its own keeps it from
// holding up others.
func (f *Facilitator) hold(ctx context.Context, o order, token Token, s *settlement, fault Fault) (result, error) {
	relayer, err := newAccount()
	if err != nil {
		return nil, err
	}
	if err := f.chain.Fund(ctx, relayer.address()); err != nil {
		return nil, err
	}
	data, err := f.chain.transferData(o.authorization, o.signature)
	if err != nil {
		return nil, err
	}
	if s.tx, err = relayer.sign(&token.Address, data, nil); err != nil {
		return nil, err
	}
	s.held, s.polls = true, fault.polls
	f.keep(s.tx.Hash(), s)
	return o.succeeded(fault.hold, s.tx.Hash()), nil
}

// status answers settle/status. A hash it does not know is not_found: it may be
// one of a settlement that is not indexed yet.
func (f *Facilitator) status(ctx context.Context, call *Call) (result, error) {
	_, query, _ := strings.Cut(call.Path, "?")
	text, ok := strings.CutPrefix(query, "txHash=")
	if raw, isHex := fromHex(text); !ok || !isHex || len(raw) != common.HashLength {
		return nil, refusal{http.StatusBadRequest, "50014", "Parameter txHash cannot be empty"}
	}
	hash := common.HexToHash(text)
	f.mu.Lock()
	s := f.settled[hash]
	waits, due := false, false
	if s != nil && s.held {
		waits = s.polls != 0
		due = !waits
		if s.polls > 0 {
			s.polls--
		}
	}
	f.mu.Unlock()
	if s == nil {
		return unknownHash(hash.Hex()), nil
	}
	if due {
		if err := f.send(ctx, s); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case waits, s.receipt == nil:
		return s.order.succeeded("pending", hash), nil
	case s.receipt.Status != types.ReceiptStatusSuccessful:
		data := s.order.failed(reasonOnChain)
		data["transaction"] = hash.Hex()
		return data, nil
	}
	return s.order.succeeded("success", hash), nil
}

// Release sends every transaction that is held: the money moves after all.
func (f *Facilitator) Release(ctx context.Context) error {
	f.mu.Lock()
	var held []*settlement
	for _, s := range f.settled {
		if s.held {
			held = append(held, s)
		}
	}
	f.mu.Unlock()
	var errs []error
	for _, s := range held {
		errs = append(errs, f.send(ctx, s))
	}
	return errors.Join(errs...)
}

// send sends a held transaction, once.
func (f *Facilitator) send(ctx context.Context, s *settlement) error {
	f.mu.Lock()
	mine := s.held
	s.held = false
	f.mu.Unlock()
	if !mine {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	if err := f.chain.client.SendTransaction(ctx, s.tx); err != nil {
		return err
	}
	receipt, err := f.chain.mined(ctx, s.tx.Hash())
	f.mu.Lock()
	s.receipt = receipt
	f.mu.Unlock()
	f.unclaim(s.digest)
	return err
}

func (f *Facilitator) keep(hash common.Hash, s *settlement) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settled[hash] = s
}

// claim keeps a second call from settling the same authorization meanwhile: OKX
// answers those with "payment processing".
func (f *Facilitator) claim(digest common.Hash) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy[digest] {
		return false
	}
	f.busy[digest] = true
	return true
}

func (f *Facilitator) unclaim(digest common.Hash) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.busy, digest)
}
