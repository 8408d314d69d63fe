package okx

import (
	"net/http"
	"strings"
	"testing"
)

func TestReady(t *testing.T) {
	tests := []struct {
		name  string
		fault func(http.ResponseWriter, facilitatorRequest)
		ready bool
	}{
		{"supported", nil, true},
		{"another network", reply(200, `{"code":"0","data":{"kinds":[{"scheme":"exact","network":"eip155:1"}]}}`), false},
		{"another scheme", reply(200, `{"code":"0","data":{"kinds":[{"scheme":"upto","network":"eip155:196"}]}}`), false},
		{"wrong key", reply(401, `{"code":"50114","msg":"Invalid Authority"}`), false},
		{"hangs up", hangUp, false},
		{"first API", reply(200, `{"code":"0","data":[{"chainIndex":"1"},{"chainIndex":"196","chainName":"X Layer"}]}`), true},
		{"first API, another chain", reply(200, `{"code":"0","data":[{"chainIndex":"1"}]}`), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			s.onSupported = tt.fault
			err := s.Ready(t.Context())
			if (err == nil) != tt.ready {
				t.Fatalf("Ready = %v", err)
			}
			if !tt.ready {
				s.expect(s.buy(newPayer(t).pay(s.report)), http.StatusServiceUnavailable, 0, 0, "")
			}
			s.heal()
			if err := s.Ready(t.Context()); err != nil {
				t.Errorf("Ready after recovery = %v", err)
			}
			s.onSupported = hangUp
			if err := s.Ready(t.Context()); err != nil {
				t.Errorf("Ready forgot good news: %v", err)
			}
		})
	}
}

func TestReadAnswer(t *testing.T) {
	for _, answer := range []string{
		`{"code":"0","msg":"","data":{"success":true}}`,
		`{"code":0,"data":[{"success":true}]}`,
		`{"error_code":"0","data":{"success":true}}`,
		`{"success":true}`,
	} {
		var got settlement
		if err := readAnswer(http.StatusOK, []byte(answer), &got); err != nil || got.Success == nil || !*got.Success {
			t.Errorf("readAnswer(%s) = %+v, %v", answer, got, err)
		}
	}
	for _, answer := range []string{
		``, `null`, `[]`, `"x"`, `<html>`, `{"code":"0"}`, `{"code":"0","data":null}`, `{"code":"0","data":[]}`,
		`{"code":"0","data":"{}"}`, `{"code":"0","data":[{},{}]}`, `{"code":"1","data":{"success":true}}`, `{"code":0,"data":{"success":"true"}}`,
	} {
		var got settlement
		if err := readAnswer(http.StatusOK, []byte(answer), &got); err == nil {
			t.Errorf("readAnswer(%s) = %+v, want an error", answer, got)
		}
	}
}

func TestAnswerIsBounded(t *testing.T) {
	s := newShop(t)
	s.onVerify = reply(200, `{"code":"0","msg":"`+strings.Repeat("a", maxAnswer)+`","data":{"isValid":true}}`)
	s.expect(s.buy(newPayer(t).pay(s.report)), http.StatusServiceUnavailable, 0, 0, "")
}

func TestUnreachableFacilitator(t *testing.T) {
	s := newShop(t)
	s.facilitator.(*client).cfg.Facilitator = "http://127.0.0.1:1/api"
	o := s.report
	proof, err := parseProof(newPayer(t).pay(o).json(), false)
	if err != nil {
		t.Fatal(err)
	}
	if out := s.facilitator.settle(t.Context(), newSettlement(o, proof)); out.result != notAsked {
		t.Errorf("settle = %+v, want notAsked: no connection was made", out)
	}
}
