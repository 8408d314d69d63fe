package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestProducts(t *testing.T) {
	s := newShop(t)
	const want = `{"products":[` +
		`{"name":"pack","title":"Ten reports","mode":"payment","amount":1200,"currency":"usd"},` +
		`{"name":"pro","title":"Pro","mode":"subscription","amount":900,"currency":"eur","interval":"month","interval_count":1}]}`
	if w := s.ask("ada", "GET", "/v1/billing/products", ""); w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("%d %s, want %s", w.Code, w.Body, want)
	}
	nothing := newShopWith(t, Config{Environment: "live", BaseURL: origin, Products: []Product{sold("missing", "price_missing")}})
	expect(t, "nothing to sell", nothing.ask("ada", "GET", "/v1/billing/products", ""), http.StatusOK, `{"products":[]}`)
}

// TestProducts_age: InsForge is not asked for each visitor, and a changed price is seen soon. A failure is not
// remembered.
func TestProducts_age(t *testing.T) {
	s := newShop(t)
	now := time.Now()
	s.checkout.now = func() time.Time { return now }
	title := func() string {
		var got struct{ Products []Offer }
		_ = json.Unmarshal(s.ask("ada", "GET", "/v1/billing/products", "").Body.Bytes(), &got) // a failure has none
		if len(got.Products) == 0 {
			return ""
		}
		return got.Products[0].Title
	}
	s.noPrices = true
	if got := title(); got != "" {
		t.Errorf("without a catalog %q is sold", got)
	}
	s.noPrices = false
	first := title()
	s.catalog.Products[0].Name = "Twelve reports"
	now = now.Add(catalogAge - time.Second)
	second := title()
	now = now.Add(time.Second)
	if got, want := []string{first, second, title()}, []string{"Ten reports", "Ten reports", "Twelve reports"}; !slices.Equal(got, want) {
		t.Errorf("saw %q, want %q", got, want)
	}
}

// TestProducts_together: an InsForge that does not answer is waited for by all at once, and by nobody who has gone.
func TestProducts_together(t *testing.T) {
	s := newShop(t)
	s.slow = true
	asking, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _, _ = s.checkout.offers(asking) })
	for s.asked() == 0 {
		time.Sleep(time.Millisecond)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	ended := make(chan error, 1)
	go func() {
		_, err := s.checkout.offers(gone)
		ended <- err
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("who has gone gets %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("who has gone still waits")
		stop()
	}
	for range 20 {
		all.Go(func() {
			if _, err := s.checkout.offers(t.Context()); err == nil {
				t.Error("there are offers without an InsForge")
			}
		})
	}
	time.Sleep(50 * time.Millisecond) // all of them wait by now
	s.mu.Lock()
	s.slow, s.noPrices = false, true
	s.mu.Unlock()
	stop()
	all.Wait()
	if got := s.asked(); got > 10 { // two, if all of them were there in time
		t.Errorf("twenty who waited asked %d times", got-1)
	}
}

func TestOffer_price(t *testing.T) {
	for _, tt := range []struct {
		offer Offer
		want  string
	}{
		{Offer{Amount: amount(1200), Currency: "usd"}, "12.00 USD"},
		{Offer{Amount: amount(5), Currency: "usd"}, "0.05 USD"},
		{Offer{Amount: amount(0), Currency: "eur"}, "0.00 EUR"},
		{Offer{Amount: amount(1200), Currency: "jpy"}, "1200 JPY"},
		{Offer{Amount: amount(0), Currency: "krw"}, "0 KRW"},
		{Offer{Amount: amount(1200), Currency: "kwd"}, "1.200 KWD"},
		{Offer{Amount: amount(-5), Currency: "usd"}, "-0.05 USD"},
		{Offer{Amount: amount(900), Currency: "eur", Interval: "month", IntervalCount: 1}, "9.00 EUR every month"},
		{Offer{Amount: amount(900), Currency: "eur", Interval: "week", IntervalCount: 2}, "9.00 EUR every 2 weeks"},
		{Offer{Currency: "eur", Interval: "month", IntervalCount: 1}, ""},
	} {
		if got := tt.offer.Price(); got != tt.want {
			t.Errorf("%+v costs %q, want %q", tt.offer, got, tt.want)
		}
	}
}
