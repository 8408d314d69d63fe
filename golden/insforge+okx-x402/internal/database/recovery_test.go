package database

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// functionsOfRecovery finish payments that were left open.
var functionsOfRecovery = []string{
	"public.begin_settlement(uuid, text, text)",
	"public.lease_payments(text, integer, boolean)",
	"public.note_payment(uuid, text, text)",
	"public.forget_payments()",
}

// recovery is where to look when a test of one of them fails.
const recovery = "the functions of the payments-recovery migration"

// TestRecovery_closed: the signed authorizations and the answers, and the
// functions for them, are the server's alone.
func TestRecovery_closed(t *testing.T) {
	f := open(t)
	functions := strings.Join(functionsOfRecovery, ", ")
	f.again("payments-recovery", `grant all on public.payments to public, anon, authenticated;
		grant select (settlement, answer) on public.payments to public, anon, authenticated;
		grant execute on function `+functions+` to public, anon, authenticated; revoke all on function `+functions+` from project_admin`)
	revoke := "revoke all on public.payments from public, anon, authenticated;"
	execute := "revoke all on function … from public, anon, authenticated;"
	calls := []struct{ what, sql string }{
		{"beginning a settlement", `select public.begin_settlement(` + attempt(1) + `, '', '')`},
		{"leasing payments", `select public.lease_payments('wall:test', 1, true)`},
		{"noting something about a payment", `select public.note_payment(` + attempt(1) + `, null, '')`},
		{"forgetting payments", `select public.forget_payments()`},
	}
	for _, call := range calls {
		for _, who := range users {
			f.check(probe{call.what, who, call.sql, denied, execute})
		}
		f.check(probe{call.what, server, call.sql, "1 row", "grant execute on function … to project_admin;"})
	}
	for _, who := range users {
		f.check(
			probe{"reading signed authorizations", who, `select settlement from public.payments`, denied, revoke},
			probe{"reading answers", who, `select answer from public.payments`, denied, revoke},
		)
	}
	for _, function := range functionsOfRecovery {
		f.holds("with the rights of who calls it acts "+function, fmt.Sprintf("not (select prosecdef from pg_proc where oid = '%s'::regprocedure)", function),
			"alter function … security invoker;")
	}
	for _, role := range []string{"public", "anon", "authenticated"} {
		f.holds(role+" has no right to the ledger", fmt.Sprintf(`not has_any_column_privilege('%[1]s', 'public.payments', 'SELECT, INSERT, UPDATE, REFERENCES')
			and not has_table_privilege('%[1]s', 'public.payments', 'DELETE, TRUNCATE, TRIGGER')`, role), revoke)
		for _, function := range functionsOfRecovery {
			f.holds(role+" may not call "+function, fmt.Sprintf("not has_function_privilege('%s', '%s', 'EXECUTE')", role, function), execute)
		}
	}
}

// TestRecovery_begins: a verified payment begins to settle together with all it
// takes to finish it later, as often as it is asked to.
func TestRecovery_begins(t *testing.T) {
	f, untouched := ledger(t)
	const row = `select concat_ws(' ', state, settlement, answer, checks, coalesce((next_check - now())::text, '-'), claimed_until - now(), updated_at = now())` + usual
	for _, state := range states {
		f.do(server, "delete"+usual)
		f.do(server, pay(map[string]string{
			"state": "'" + state + "'", "claimed_until": "now()", "settlement": "'s'", "answer": "'a'", "checks": "3", "next_check": "now()",
		}))
		begins, holds := "f", state+" s a 3 00:00:00 00:00:00 f"
		if state == "verified" || state == "settling" {
			begins, holds = "t", "settling the request the answer 0 - 00:05:00 t"
		}
		if got := f.do(server, `select public.begin_settlement(`+attempt(1)+`, 'the request', 'the answer')`); got != begins {
			t.Errorf("beginning to settle what is %s: %s, want %s\n\tin a new migration: %s", state, got, begins, recovery)
		}
		if got := f.do(server, row); got != holds {
			t.Errorf("the row after that: %s, want %s\n\tin a new migration: %s", got, holds, recovery)
		}
	}
	f.do(server, "delete"+usual)
	untouched()
	f.do(server, "select "+claimPayment("1", "0xc"))
	if got := f.do(server, "select checks"+usual); got != "0" {
		t.Errorf("a new payment was looked at %s times", got)
	}
	f.holds("checks are a number", `(select attnotnull from pg_attribute where attrelid = 'public.payments'::regclass and attname = 'checks')`,
		"alter table public.payments alter column checks set not null;")
}

// left puts the nth of some open payments into the ledger. Their facilitator is
// one of their own. Some values, as SQL, are not as usual.
func left(n int, unusual map[string]string) string {
	row := map[string]string{
		"facilitator": "'wall:test'", "nonce": fmt.Sprintf("'0x%03d'", n), "claim": attempt(100 + n), "transaction": fmt.Sprintf("'0x%03d'", n),
		"state": "'unknown'", "created_at": fmt.Sprintf("now() - interval '%d hours'", n),
	}
	maps.Copy(row, unusual)
	return pay(row)
}

// lease is the nonces of what was leased, as they come.
func (f fixture) lease(limit int, now bool) string {
	f.Helper()
	return f.do(server, fmt.Sprintf(`select string_agg(payment ->> 'nonce', ' ' order by place)
		from jsonb_array_elements(public.lease_payments('wall:test', %d, %t)) with ordinality as leased (payment, place)`, limit, now))
}

// TestRecovery_leases: a payment whose end nobody knows is handed to one caller
// at a time, and no other payment is.
func TestRecovery_leases(t *testing.T) {
	f := open(t)
	const rows = `select concat_ws(' ', nonce, state, reason, updated_at = now(), checks, coalesce((next_check - now())::text, '-'))
		from public.payments where network = 'wall:test' order by nonce`
	for _, now := range []bool{false, true} {
		f.do(server, `delete from public.payments where network = 'wall:test'`)
		var leased, held []string
		n := 0
		for _, facilitator := range []string{"wall:other", "wall:test"} {
			for _, state := range states {
				for _, until := range []string{"00:01:00", "-00:00:01"} {
					for _, next := range []string{"-", "00:00:01", "-00:00:01"} {
						n++
						check := "null"
						if next != "-" {
							check = "now() + interval '" + next + "'"
						}
						f.do(server, left(n, map[string]string{
							"facilitator": "'" + facilitator + "'", "state": "'" + state + "'",
							"claimed_until": "now() + interval '" + until + "'", "next_check": check,
						}))
						late := state == "settling" && until[0] == '-'
						if facilitator != "wall:test" || state != "unknown" && !late || next == "00:00:01" && !now {
							held = append(held, fmt.Sprintf("0x%03d %s r f 0 %s", n, state, next))
							continue
						}
						leased = append(leased, fmt.Sprintf("0x%03d", n))
						if late {
							held = append(held, fmt.Sprintf("0x%03d unknown settlement was interrupted t 1 00:01:00", n))
						} else {
							held = append(held, fmt.Sprintf("0x%03d unknown r f 1 00:01:00", n))
						}
					}
				}
			}
		}
		slices.Reverse(leased) // the oldest is first
		if got, want := f.lease(1000, now), strings.Join(leased, " "); got != want {
			t.Errorf("leased with p_now %t: %s, want %s\n\tin a new migration: %s", now, got, want, recovery)
		}
		if got, want := f.do(server, rows), strings.Join(held, "\n"); got != want {
			t.Errorf("the ledger after leasing with p_now %t:\n%s\nwant\n%s\n\tin a new migration: %s", now, got, want, recovery)
		}
	}
	f.do(server, `delete from public.payments where network = 'wall:test'`)
	if got := f.do(server, `select public.lease_payments('wall:test', 10, true)`); got != "[]" {
		t.Errorf("leased of nothing: %q, want []\n\tin a new migration: %s", got, recovery)
	}
	// Those who waited longest come first, and wait twice as long each time.
	for n, next := range []string{"now() - interval '1 minute'", "null", "now() - interval '2 minutes'", "now() - interval '1 second'"} {
		f.do(server, left(n, map[string]string{"next_check": next}))
	}
	for _, want := range []string{"0x001", "0x002", "0x000", "0x003", ""} {
		if got := f.lease(1, false); got != want {
			t.Errorf("leased one: %q, want %q\n\tin a new migration: %s", got, want, recovery)
		}
	}
	for checks, minutes := range []int{1, 2, 4, 8, 16, 32, 64, 64, 64} {
		f.do(server, `delete from public.payments where network = 'wall:test'`)
		f.do(server, left(1, map[string]string{"checks": fmt.Sprint(checks)}))
		f.lease(1, false)
		want := fmt.Sprintf("%d %02d:%02d:00", checks+1, minutes/60, minutes%60)
		if got := f.do(server, `select checks || ' ' || (next_check - now()) from public.payments where network = 'wall:test'`); got != want {
			t.Errorf("looked at %d times, and leased: %s, want %s\n\tin a new migration: %s", checks, got, want, recovery)
		}
	}
	f.holds("two callers do not wait for each other", `(select prosrc ~* 'for\s+update\s+skip\s+locked' from pg_proc where oid = 'public.lease_payments(text, integer, boolean)'::regprocedure)`, recovery)
}

// TestRecovery_tells: what is leased is all it takes to finish a payment, and no
// number is rounded.
func TestRecovery_tells(t *testing.T) {
	f := open(t)
	f.do(server, left(1, map[string]string{"amount": "123456789012345678901234567890", "settlement": "'s'", "answer": "'a'"}))
	want := f.do(server, `select jsonb_build_array(jsonb_build_object('claim', claim, 'network', network, 'asset', asset, 'payer', payer, 'nonce', nonce,
		'recipient', recipient, 'amount', '123456789012345678901234567890', 'valid_before', '4102444800', 'resource', resource,
		'transaction', transaction, 'settlement', 's', 'created_at', created_at)) from public.payments where network = 'wall:test'`)
	if got := f.do(server, `select public.lease_payments('wall:test', 1, true)`); got != want {
		t.Errorf("leased %s, want %s\n\tin a new migration: %s", got, want, recovery)
	}
}

// TestRecovery_notes: what was learned goes to a payment whose end nobody knows,
// and a transaction is never replaced.
func TestRecovery_notes(t *testing.T) {
	f, untouched := ledger(t)
	const row = `select concat_ws(' ', state, coalesce(transaction, '-'), reason, updated_at = now())` + usual
	for _, state := range states {
		for _, transaction := range []string{"'0x1'", "null"} {
			for _, noted := range []string{"'0x2'", "null"} {
				if state == "settled" && transaction == "null" {
					continue
				}
				f.do(server, "delete"+usual)
				f.do(server, pay(map[string]string{"state": "'" + state + "'", "transaction": transaction}))
				did, holds := "f", state+" "+transaction+" r f"
				if state == "unknown" {
					if did, holds = "t", state+" "+transaction+" pending t"; transaction == "null" {
						holds = state + " " + noted + " pending t"
					}
				}
				holds = strings.ReplaceAll(strings.ReplaceAll(holds, "null", "-"), "'", "")
				if got := f.do(server, `select public.note_payment(`+attempt(1)+`, `+noted+`, 'pending')`); got != did {
					t.Errorf("noting about what is %s: %s, want %s\n\tin a new migration: %s", state, got, did, recovery)
				}
				if got := f.do(server, row); got != holds {
					t.Errorf("the row after noting %s: %s, want %s\n\tin a new migration: %s", noted, got, holds, recovery)
				}
			}
		}
	}
	f.do(server, "delete"+usual)
	f.do(server, left(1, map[string]string{"transaction": "null", "claim": attempt(2)}))
	f.do(server, `select public.note_payment(`+attempt(1)+`, '0x2', 'pending')`)
	if got := f.do(server, `select reason from public.payments where claim = `+attempt(2)); got != "r" {
		t.Errorf("a note about another payment: %s\n\tin a new migration: %s", got, recovery)
	}
	f.do(server, `delete from public.payments where claim = `+attempt(2))
	untouched()
}

// TestRecovery_forgets: what was kept for a payment is dropped a day after its
// end, and no sooner.
func TestRecovery_forgets(t *testing.T) {
	f := open(t)
	f.do(server, `select public.forget_payments()`) // of payments that are none of the test's
	var held []string
	n, forgotten := 0, 0
	for _, state := range states {
		for _, age := range []string{"23 hours", "25 hours"} {
			for _, kept := range []string{"- -", "s -", "- a", "s a"} {
				n++
				settlement, answer, _ := strings.Cut(kept, " ")
				f.do(server, left(n, map[string]string{
					"state": "'" + state + "'", "updated_at": "now() - interval '" + age + "'", "settlement": "nullif('" + settlement + "', '-')", "answer": "nullif('" + answer + "', '-')",
				}))
				if (state == "settled" || state == "failed") && age == "25 hours" && kept != "- -" {
					forgotten++
					kept = "- -"
				}
				held = append(held, fmt.Sprintf("0x%03d %s", n, kept))
			}
		}
	}
	if got := f.do(server, `select public.forget_payments()`); got != fmt.Sprint(forgotten) {
		t.Errorf("forgot %s payments, want %d\n\tin a new migration: %s", got, forgotten, recovery)
	}
	if got, want := f.do(server, `select concat_ws(' ', nonce, coalesce(settlement, '-'), coalesce(answer, '-')) from public.payments
		where network = 'wall:test' order by nonce`), strings.Join(held, "\n"); got != want {
		t.Errorf("kept\n%s\nwant\n%s\n\tin a new migration: %s", got, want, recovery)
	}
}

// TestRecovery_plan: neither open payments nor what is kept is looked for among
// all that was ever paid.
func TestRecovery_plan(t *testing.T) {
	f := open(t)
	f.do(root, "set local enable_seqscan = off")
	f.do(root, "set local enable_bitmapscan = off")
	for _, query := range []struct{ index, sql string }{
		{"payments_open_idx", `select id from public.payments where facilitator = 'wall:test' and (state = 'unknown' or (state = 'settling' and claimed_until < now()))
			and (next_check is null or next_check < now()) order by next_check nulls first limit 10`},
		{"payments_kept_idx", `select id from public.payments where state in ('settled', 'failed') and updated_at < now() - interval '1 day'
			and (settlement is not null or answer is not null)`},
	} {
		plan := f.do(server, "explain (costs off) "+query.sql)
		if !strings.Contains(plan, query.index) || strings.Contains(plan, "Sort") {
			t.Errorf("the plan does not use %s:\n%s", query.index, plan)
		}
		f.holds(query.index+" is not of all payments", `(select indpred is not null from pg_index where indexrelid = 'public.`+query.index+`'::regclass)`, "drop index …; create index … where …;")
	}
}
