package x402test_test

import (
	"errors"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethclient"

	"github.com/insforge/forge/internal/x402test"
)

func TestDomainSeparators(t *testing.T) {
	c := chain(t)
	for _, token := range []x402test.Token{x402test.USDG, x402test.USDC} {
		got, err := c.DomainSeparator(t.Context(), token)
		if err != nil || got != token.Separator {
			t.Errorf("%s: %s, %v; want %s", token.Symbol, got, err, token.Separator)
		}
	}
}

func TestTransferMovesMoneyOnce(t *testing.T) {
	for _, token := range []x402test.Token{x402test.USDG, x402test.USDC} {
		t.Run(token.Symbol, func(t *testing.T) {
			s := newShop(t)
			p := s.pay(newBuyer(t, s.chain, token, 100), token, 30)
			for i, want := range []struct {
				status uint64
				reused int
			}{{1, 0}, {map[bool]uint64{false: 1, true: 0}[token.RevertsOnReuse], map[bool]int{false: 1, true: 0}[token.RevertsOnReuse]}} {
				receipt, err := s.chain.Transfer(t.Context(), token, p.Authorization, p.Signature)
				if err != nil {
					t.Fatal(err)
				}
				if receipt.Status != want.status || s.chain.Reused(receipt) != want.reused {
					t.Errorf("transfer %d: status %d, %d events of reuse; want %+v", i, receipt.Status, s.chain.Reused(receipt), want)
				}
				entries := s.received(token, 30)
				if len(entries) != 1 || entries[0].Nonce != p.Authorization.Nonce || entries[0].From != p.Authorization.From {
					t.Errorf("entries = %+v", entries)
				}
			}
			if used, err := s.chain.AuthorizationUsed(t.Context(), token, p.Authorization.From, p.Authorization.Nonce); err != nil || !used {
				t.Errorf("used = %t, %v", used, err)
			}
		})
	}
}

func TestTransferRefused(t *testing.T) {
	s := newShop(t)
	buyer, other := newBuyer(t, s.chain, x402test.USDG, 100), newBuyer(t, s.chain, x402test.USDG, 100)
	good := s.pay(buyer, x402test.USDG, 30)
	altered := good.Authorization
	altered.Value = big.NewInt(31)
	foreign, err := other.Sign(x402test.USDG, good.Authorization)
	if err != nil {
		t.Fatal(err)
	}
	later := s.pay(buyer, x402test.USDG, 30, func(a *x402test.Authorization) { a.ValidAfter = big.NewInt(time.Now().Add(time.Hour).Unix()) })
	over := s.pay(buyer, x402test.USDG, 30, func(a *x402test.Authorization) { a.ValidBefore = big.NewInt(time.Now().Unix() - 60) })
	dear := s.pay(buyer, x402test.USDG, 101)
	domain := x402test.USDG
	domain.Name = "USDG"
	misnamed, err := buyer.Sign(domain, good.Authorization)
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]struct {
		a         x402test.Authorization
		signature []byte
	}{
		"altered":      {altered, good.Signature},
		"other signer": {good.Authorization, foreign},
		"other domain": {good.Authorization, misnamed},
		"high s":       {good.Authorization, x402test.HighS(good.Signature)},
		"v of 0 or 1":  {good.Authorization, x402test.ZeroV(good.Signature)},
		"too long":     {good.Authorization, append(slices.Clone(good.Signature), 0)},
		"not yet":      {later.Authorization, later.Signature},
		"expired":      {over.Authorization, over.Signature},
		"too poor":     {dear.Authorization, dear.Signature},
	} {
		receipt, err := s.chain.Transfer(t.Context(), x402test.USDG, try.a, try.signature)
		if err != nil || receipt.Status != types.ReceiptStatusFailed {
			t.Errorf("%s: %+v, %v; want it reverted", name, receipt, err)
		}
	}
	s.received(x402test.USDG, 0)
}

func TestContractWallet(t *testing.T) {
	s := newShop(t)
	buyer := newBuyer(t, s.chain, x402test.USDG, 0)
	var err error
	if buyer.Wallet, err = s.chain.DeployWallet(t.Context(), buyer.Owner()); err != nil {
		t.Fatal(err)
	}
	if err := s.chain.Mint(t.Context(), x402test.USDG, buyer.Address(), 10); err != nil {
		t.Fatal(err)
	}
	p := s.pay(buyer, x402test.USDG, 10)
	p.Signature = append(p.Signature, make([]byte, 200)...)
	if got := s.verify(p); got.data["isValid"] != true {
		t.Fatal(got)
	}
	if got := s.settle(p); got.data["status"] != "success" {
		t.Fatal(got)
	}
	s.received(x402test.USDG, 10)
	p.Signature[3]++
	if got := s.verify(p); got.data["invalidReason"] != "invalid_signature" {
		t.Error(got)
	}
}

// TestRPC uses the endpoint as any client would.
func TestRPC(t *testing.T) {
	s := newShop(t)
	client, err := ethclient.DialContext(t.Context(), s.chain.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if id, err := client.ChainID(t.Context()); err != nil || id.Int64() != x402test.ChainID {
		t.Errorf("chain id = %v, %v", id, err)
	}
	if code, err := client.CodeAt(t.Context(), x402test.USDG.Address, nil); err != nil || len(code) == 0 {
		t.Errorf("USDG has %d bytes of code, %v", len(code), err)
	}

	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	sender := x402test.BuyerOf(key)
	if err := s.chain.Fund(t.Context(), sender.Address()); err != nil {
		t.Fatal(err)
	}
	data := append(crypto.Keccak256([]byte("approve(address,uint256)"))[:4], make([]byte, 64)...)
	gas, err := client.EstimateGas(t.Context(), ethereum.CallMsg{From: sender.Address(), To: &x402test.USDG.Address, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	before, err := client.BlockNumber(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	price, err := client.SuggestGasPrice(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tx := types.MustSignNewTx(key, types.LatestSignerForChainID(big.NewInt(x402test.ChainID)), &types.LegacyTx{
		GasPrice: price.Mul(price, big.NewInt(2)), Gas: gas, To: &x402test.USDG.Address, Data: data,
	})
	if err := client.SendTransaction(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	receipt, err := client.TransactionReceipt(t.Context(), tx.Hash())
	if err != nil || receipt.Status != 1 || len(receipt.Logs) != 1 {
		t.Fatalf("receipt = %+v, %v", receipt, err)
	}
	if err := s.chain.Mine(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if after, err := client.BlockNumber(t.Context()); err != nil || after < before+3 {
		t.Errorf("block %d, %v; want at least %d", after, err, before+3)
	}
	logs, err := client.FilterLogs(t.Context(), ethereum.FilterQuery{BlockHash: &receipt.BlockHash})
	if err != nil || len(logs) != 1 {
		t.Errorf("logs = %v, %v", logs, err)
	}
	if _, err := client.TransactionReceipt(t.Context(), common.Hash{1}); !errors.Is(err, ethereum.NotFound) {
		t.Errorf("receipt of nothing: %v", err)
	}
	if err := client.Client().CallContext(t.Context(), nil, "admin_nodeInfo"); err == nil || !strings.Contains(err.Error(), "not exist") {
		t.Errorf("admin_nodeInfo: %v", err)
	}
	// A reverted call says why.
	_, err = client.CallContract(t.Context(), ethereum.CallMsg{
		To: &x402test.USDG.Address, Data: append(crypto.Keccak256([]byte("mint(address,uint256)"))[:4], make([]byte, 64)...),
	}, nil)
	if err == nil || !strings.Contains(err.Error(), "reverted") {
		t.Errorf("mint by a stranger: %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	s := newShop(t)
	var payments []x402test.Payment
	buyer := newBuyer(t, s.chain, x402test.USDG, 1000)
	for range 40 {
		payments = append(payments, s.pay(buyer, x402test.USDG, 2))
	}
	var wg sync.WaitGroup
	for _, p := range payments {
		wg.Go(func() {
			if got := s.settle(p); got.data["status"] != "success" {
				t.Error(got)
			}
		})
	}
	wg.Wait()
	entries := s.received(x402test.USDG, 80)
	if counts := x402test.Count(entries); len(counts) != len(payments) {
		t.Errorf("%d authorizations moved money, want %d", len(counts), len(payments))
	}
}

func TestAudit(t *testing.T) {
	entry := func(nonce byte, value int64, tx byte) x402test.Entry {
		return x402test.Entry{From: common.Address{9}, Nonce: common.Hash{nonce}, Value: big.NewInt(value), Transaction: common.Hash{tx}}
	}
	tests := []struct {
		name          string
		ledger, chain []x402test.Entry
		want          string // in the only problem; empty for none
	}{
		{"balanced", []x402test.Entry{entry(1, 5, 1)}, []x402test.Entry{entry(1, 5, 1)}, ""},
		{"no money", []x402test.Entry{entry(1, 5, 1)}, nil, "no money moved"},
		{"not booked", nil, []x402test.Entry{entry(1, 5, 1)}, "not in the ledger"},
		{"other value", []x402test.Entry{entry(1, 6, 1)}, []x402test.Entry{entry(1, 5, 1)}, "the chain 5"},
		{"other transaction", []x402test.Entry{entry(1, 5, 2)}, []x402test.Entry{entry(1, 5, 1)}, "moved in"},
		{"booked twice", []x402test.Entry{entry(1, 5, 1), entry(1, 5, 1)}, []x402test.Entry{entry(1, 5, 1)}, "2 times in the ledger"},
		{"paid twice", []x402test.Entry{entry(1, 5, 1)}, []x402test.Entry{entry(1, 5, 1), entry(1, 5, 1)}, "moved money 2 times"},
	}
	for _, tt := range tests {
		got := x402test.Audit(tt.ledger, tt.chain)
		if tt.want == "" && len(got) != 0 || tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)) {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}
