package okx

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzParseProof: whatever is sent is refused or read for what it says.
func FuzzParseProof(f *testing.F) {
	o := testOffer(f)
	payment := newPayer(f).pay(o)
	f.Add(payment.json(), true)
	f.Add(version1(payment, o, 1).json(), true)
	f.Add([]byte(`{"x402Version":2,"accepted":{},"payload":{"signature":"0x","authorization":{"value":"1"}}}`), false)
	f.Fuzz(func(t *testing.T, raw []byte, compat bool) {
		proof, err := parseProof(raw, compat)
		if err != nil {
			return
		}
		transfer, text := proof.transfer, proof.authorization
		if transfer.value.Big().String() != text.Value || transfer.validBefore.Big().String() != text.ValidBefore ||
			!sameHex(transfer.from.Hex(), text.From) || !sameHex(transfer.nonce.Hex(), text.Nonce) || len(proof.signature) < 65 {
			t.Errorf("parseProof(%q) = %+v", raw, proof)
		}
	})
}

// FuzzDecimal: one number has one text.
func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"0", "1", "010", "-1", "1e3", "115792089237316195423570985008687907853269984665640564039457584007913129639935", strings.Repeat("9", 78)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := decimal(s); ok && n.Big().String() != s {
			t.Errorf("decimal(%q) = %v", s, n)
		}
	})
}

// FuzzRefusal: a payment passes only if it is the one that was signed. What a
// client says about requirements may differ where no money depends on it.
func FuzzRefusal(f *testing.F) {
	o := testOffer(f)
	signed, err := parseProof(newPayer(f).pay(o).json(), false)
	if err != nil {
		f.Fatal(err)
	}
	a := o.requirements
	f.Add(a.Scheme, a.Network, a.Amount, a.Asset, a.PayTo, o.resource.URL, signed.authorization.Value, signed.signature)
	f.Add("exact", "eip155:1", "1", "0x", "", "", "1", []byte{27})
	f.Fuzz(func(t *testing.T, scheme, network, amount, asset, payTo, url, value string, signature []byte) {
		p := signed
		p.accepted = accepted{scheme, network, amount, asset, payTo}
		p.resourceURL, p.authorization.Value, p.signature = url, value, signature
		p.transfer.value, _ = decimal(value)
		if o.refusal(p, time.Now()) != "" {
			return
		}
		if scheme != a.Scheme || network != a.Network || amount != a.Amount || !sameHex(asset, a.Asset) || !sameHex(payTo, a.PayTo) ||
			url != "" && url != o.resource.URL || value != a.Amount || string(signature) != string(signed.signature) {
			t.Errorf("%+v passed", p)
		}
	})
}

// FuzzSettlement: no answer counts as settled that does not name a transaction,
// our network and the payer.
func FuzzSettlement(f *testing.F) {
	o := testOffer(f)
	proof, err := parseProof(newPayer(f).pay(o).json(), false)
	if err != nil {
		f.Fatal(err)
	}
	request := newSettlement(o, proof)
	good := settlementOf(request)
	for _, answer := range []string{
		`{"code":"0","data":` + good + `}`, `{"code":0,"data":[` + good + `]}`, good, `{"code":"0","data":null}`, `<html>`, ``,
		`{"error_code":"50011","error_message":"busy"}`, `{"code":"0","data":{"success":true,"status":"timeout","transaction":"0x"}}`,
	} {
		f.Add(http.StatusOK, []byte(answer))
	}
	f.Fuzz(func(t *testing.T, status int, answer []byte) {
		var s settlement
		if readAnswer(status, answer, &s) != nil {
			return
		}
		out := s.judge(request)
		if out.result != settled {
			return
		}
		text, _ := json.Marshal(s)
		if !isHex(out.transaction, 32) || !sameHex(s.Payer, proof.authorization.From) || s.Network != o.asset.network && s.ChainIndex != "196" {
			t.Errorf("%s is settled", text)
		}
	})
}

// FuzzSupported: no answer crashes the server.
func FuzzSupported(f *testing.F) {
	f.Add([]byte(`{"code":"0","data":{"kinds":[{"scheme":"exact","network":"eip155:196"}]}}`))
	f.Add([]byte(`{"code":"0","data":[{"chainIndex":"196"}]}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		var supported kinds
		if err := readAnswer(http.StatusOK, answer, &supported); err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}
