package database

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

// The states of a payment, and the steps between them.
var (
	states = []string{"claimed", "verified", "settling", "settled", "failed", "unknown"}
	steps  = map[string][]string{
		"claimed":  {"verified"},
		"verified": {"settling"},
		"settling": {"settled", "failed", "unknown"},
		"unknown":  {"settled", "failed"},
	}
)

// attempt is who claims a payment.
func attempt(n int) string { return fmt.Sprintf("'00000000-0000-4000-8000-%012d'", n) }

// usual is the one authorization the tests are about.
const usual = ` from public.payments where network = 'wall:test' and asset = '0xa' and payer = '0xc' and nonce = '0x1'`

// pay puts a payment into the ledger, past its functions, as attempt 1 would have
// it. Some values, as SQL, are not as usual.
func pay(unusual map[string]string) string {
	row := map[string]string{
		"network": "'wall:test'", "asset": "'0xa'", "payer": "'0xc'", "nonce": "'0x1'",
		"recipient": "'0xb'", "amount": "1", "valid_before": "4102444800", "resource": "'/'", "fingerprint": "'f'", "facilitator": "'test'",
		"state": "'claimed'", "transaction": "'0x1'", "reason": "'r'", "claim": attempt(1), "claimed_until": "now() + interval '1 minute'",
		"updated_at": "'2000-01-01'", "id": "gen_random_uuid()",
	}
	maps.Copy(row, unusual)
	var columns, values string
	for column, value := range row {
		columns, values = columns+", "+column, values+", "+value
	}
	return fmt.Sprintf("insert into public.payments (%s) values (%s)", columns[2:], values[2:])
}

// ledger starts with payments that differ from the usual one in a single part of
// the authorization. No function may touch them.
func ledger(t *testing.T) (f fixture, untouched func()) {
	t.Helper()
	f = open(t)
	others := 0
	for _, part := range []string{"network", "asset", "payer", "nonce"} {
		other := "'0x0%d'" // found before the usual one
		if part == "network" {
			other = "'wall:%d'"
		}
		for _, state := range []string{"settling", "claimed"} {
			others++
			f.do(server, pay(map[string]string{
				part: fmt.Sprintf(other, others), "state": "'" + state + "'", "claim": attempt(10 + others),
				"transaction": "null", "claimed_until": "now() - interval '1 second'",
			}))
		}
	}
	return f, func() {
		t.Helper()
		same := f.do(root, `select count(*) from public.payments where network like 'wall:%' and updated_at = '2000-01-01'
			and transaction is null and state in ('claimed', 'settling')`)
		if same != fmt.Sprint(others) {
			t.Errorf("%s of %d other payments are as they were", same, others)
		}
	}
}

// TestLedger_claims: an authorization that was claimed before is to be had again
// when its settlement failed, or when its holder gave up before it began.
func TestLedger_claims(t *testing.T) {
	f, untouched := ledger(t)
	const claim = `select public.claim_payment(%s, 'wall:test', '0xa', '0xc', '0x1', '0xbb', 2, 4102444801, '/2', 'g', 'other')`
	const fix = "the function claim_payment of the payments migration"
	row := `select concat_ws(' ', recipient, amount, valid_before, resource, fingerprint, facilitator, coalesce(transaction, '-'), coalesce(reason, '-'),
		claim = ` + attempt(2) + `, claimed_until - now(), updated_at = now())` + usual
	for _, state := range states {
		for _, until := range []string{"00:01:00", "-00:00:01"} {
			late := until[0] == '-'
			f.do(server, "delete"+usual)
			f.do(server, pay(map[string]string{"state": "'" + state + "'", "claimed_until": "now() + interval '" + until + "'"}))
			answer := `{"won": false, "state": "` + state + `", "fingerprint": "f", "transaction": "0x1"}`
			holds := `0xb 1 4102444800 / f test 0x1 r f ` + until + ` f`
			switch {
			case state == "failed" || late && (state == "claimed" || state == "verified"):
				answer = `{"won": true, "state": "claimed", "fingerprint": "g", "transaction": null}`
				holds = `0xbb 2 4102444801 /2 g other - - t 00:05:00 t`
			case late && state == "settling":
				answer = `{"won": false, "state": "unknown", "fingerprint": "f", "transaction": "0x1"}`
				holds = `0xb 1 4102444800 / f test 0x1 settlement was interrupted f ` + until + ` t`
			}
			if got := f.do(server, fmt.Sprintf(claim, attempt(2))); got != answer {
				t.Errorf("claiming what is %s until %s from now: %s, want %s\n\tin a new migration: %s", state, until, got, answer, fix)
			}
			if got := f.do(server, row); got != holds {
				t.Errorf("the row after claiming what is %s until %s from now: %s, want %s\n\tin a new migration: %s", state, until, got, holds, fix)
			}
		}
	}
	for state, won := range map[string]string{"claimed": "true", "verified": "false"} {
		f.do(server, "delete"+usual)
		f.do(server, pay(map[string]string{"state": "'" + state + "'"}))
		if got := f.do(server, fmt.Sprintf(claim, attempt(1))+" ->> 'won'"); got != won {
			t.Errorf("claiming again what one holds, %s: won is %s, want %s\n\tin a new migration: %s", state, got, won, fix)
		}
	}
	f.do(server, "delete"+usual)
	untouched()
}

// TestLedger_steps: a payment moves from state to state in their order, and is
// forgotten only before its settlement.
func TestLedger_steps(t *testing.T) {
	f, untouched := ledger(t)
	expect := func(what, sql, want string) {
		t.Helper()
		if got := f.do(server, sql); got != want {
			t.Errorf("%s: %s, want %s\n\tin a new migration: the functions move_payment and release_payment of the payments migration", what, got, want)
		}
	}
	set := func(state string) {
		f.do(server, "delete"+usual)
		f.do(server, pay(map[string]string{"state": "'" + state + "'", "claimed_until": "now()"}))
	}
	move := `select public.move_payment(` + attempt(1) + `, `
	const row = `select concat_ws(' ', state, transaction, coalesce(reason, '-'), claimed_until - now(), updated_at = now())` + usual
	for _, from := range states {
		for _, to := range states {
			set(from)
			moves, holds := "f", from+" 0x1 r 00:00:00 f"
			if from == to || slices.Contains(steps[from], to) {
				moves, holds = "t", to+" 0x1 why 00:05:00 t"
			}
			expect("moving from "+from+" to "+to, move+`'`+to+`', '0x1', 'why')`, moves)
			expect("the row after that", row, holds)
		}
		set(from)
		expect("staying "+from, move+`'`+from+`')`, "t")
		expect("the row after that", row, from+" 0x1 - 00:05:00 t")
		expect("staying "+from+" with another transaction", move+`'`+from+`', '0x2')`, "f")
	}
	set("settling")
	expect("settling by a transaction", move+`'settled', '0x3')`, "t")
	expect("the row after that", row, "settled 0x3 - 00:05:00 t")
	for _, state := range states {
		set(state)
		released, left := "f", "1"
		if state == "claimed" || state == "verified" {
			released, left = "t", "0"
		}
		expect("releasing what is "+state, `select public.release_payment(`+attempt(1)+`)`, released)
		expect("what is left of it", `select count(*)`+usual, left)
	}
	f.do(server, "delete"+usual)
	untouched()
}

// TestLedger_rows: no row is in the ledger that a payment cannot be.
func TestLedger_rows(t *testing.T) {
	f, _ := ledger(t)
	const id = "'00000000-0000-4000-8000-00000000000d'"
	f.do(server, pay(map[string]string{"id": id}))
	check := func(name string) string {
		return `ERROR: new row for relation "payments" violates check constraint "payments_` + name + `" (SQLSTATE 23514)`
	}
	key := func(name string) string {
		return `ERROR: duplicate key value violates unique constraint "payments_` + name + `" (SQLSTATE 23505)`
	}
	for _, bad := range []struct{ column, value, want string }{
		{"reason", "null", "1 row"},
		{"asset", "'0xA'", check("lower_case")},
		{"payer", "'0xA'", check("lower_case")},
		{"nonce", "'0xA'", check("lower_case")},
		{"recipient", "'0xA'", check("lower_case")},
		{"transaction", "'0xA'", check("lower_case")},
		{"amount", "0", check("amount_positive")},
		{"state", "'other'", check("state_known")},
		{"transaction", "null", check("settled_has_transaction")},
		{"transaction", "'0x1'", key("transaction_key")},
		{"nonce", "'0x1'", key("authorization_key")},
		{"claim", attempt(1), key("claim_key")},
		{"id", id, key("pkey")},
	} {
		row := map[string]string{"nonce": "'0x2'", "transaction": "'0x2'", "claim": attempt(2), "state": "'settled'"}
		row[bad.column] = bad.value
		f.check(probe{"a payment with " + bad.column + " " + bad.value, server, pay(row), bad.want, "the constraints of the payments migration"})
	}
	f.holds("a value is missing only where it may", `not exists (select from pg_attribute where attrelid = 'public.payments'::regclass and not attnotnull
		and attname in ('id', 'network', 'asset', 'payer', 'nonce', 'recipient', 'amount', 'valid_before', 'resource', 'fingerprint',
			'facilitator', 'state', 'claim', 'claimed_until', 'created_at', 'updated_at'))`, "alter table public.payments alter column … set not null;")
}
