package database

import (
	"fmt"
	"strings"
	"testing"
)

// claimPayment claims the one authorization of a payer for an attempt.
func claimPayment(attempt, payer string) string {
	return fmt.Sprintf(`public.claim_payment('00000000-0000-4000-8000-00000000000%s', 'wall:test', '0xa', '%s', '0x1', '0xb', 1, 4102444800, '/', 'f', 'test')`,
		attempt, payer)
}

// movePayment moves the payment of attempt 1.
func movePayment(state string) string {
	return fmt.Sprintf(`public.move_payment('00000000-0000-4000-8000-000000000001', '%s', '0x1')`, state)
}

// functionsOfRecovery finish payments that were left open.
var functionsOfRecovery = []string{
	"public.begin_settlement(uuid, text, text)",
	"public.lease_payments(text, integer, boolean)",
	"public.note_payment(uuid, text, text)",
	"public.forget_payments()",
}

// functionsOfPayments move payments. They and functionsOfRecovery are the only way
// to write to the ledger.
var functionsOfPayments = []string{
	"public.claim_payment(uuid, text, text, text, text, text, numeric, numeric, text, text, text)",
	"public.move_payment(uuid, text, text, text)",
	"public.release_payment(uuid)",
}

// TestPayments_closed: the ledger is the server's alone.
func TestPayments_closed(t *testing.T) {
	f := open(t)
	f.do(server, "select "+claimPayment("1", "0xc"))
	functions := strings.Join(functionsOfPayments, ", ")
	f.again("payments", `alter table public.payments disable row level security;
		grant all on public.payments to public, anon, authenticated; revoke all on public.payments from project_admin;
		grant execute on function `+functions+` to public, anon, authenticated; revoke all on function `+functions+` from project_admin`)
	functions = strings.Join(functionsOfRecovery, ", ")
	f.again("payments-recovery", `grant select (settlement, answer) on public.payments to public, anon, authenticated;
		grant execute on function `+functions+` to public, anon, authenticated; revoke all on function `+functions+` from project_admin`)
	revoke := "revoke all on public.payments from public, anon, authenticated;"
	execute := "revoke all on function … from public, anon, authenticated;"
	for _, who := range users {
		f.check(
			probe{"reading payments", who, `select id from public.payments`, denied, revoke},
			probe{"reading one column", who, `select state from public.payments`, denied, revoke},
			probe{"reading signed authorizations", who, `select settlement from public.payments`, denied, revoke},
			probe{"reading answers", who, `select answer from public.payments`, denied, revoke},
			probe{"adding a payment", who, `insert into public.payments (state) values ('settled')`, denied, revoke},
			probe{"changing payments", who, `update public.payments set state = 'settled'`, denied, revoke},
			probe{"removing payments", who, `delete from public.payments`, denied, revoke},
			probe{"claiming a payment", who, `select ` + claimPayment("2", "0xd"), denied, execute},
			probe{"moving a payment", who, `select ` + movePayment("verified"), denied, execute},
			probe{"releasing a payment", who, `select public.release_payment('00000000-0000-4000-8000-000000000001')`, denied, execute},
			probe{"beginning a settlement", who, `select public.begin_settlement('00000000-0000-4000-8000-000000000001', '', '')`, denied, execute},
			probe{"leasing payments", who, `select public.lease_payments('test', 1, true)`, denied, execute},
			probe{"noting something about a payment", who, `select public.note_payment('00000000-0000-4000-8000-000000000001', null, '')`, denied, execute},
			probe{"forgetting payments", who, `select public.forget_payments()`, denied, execute},
		)
	}
	f.check(
		probe{"reading payments", server, `select id from public.payments where network = 'wall:test'`, "1 row", "grant select, insert, update, delete on public.payments to project_admin;"},
		probe{"removing payments", server, `delete from public.payments where network = 'wall:test'`, "1 row", "grant select, insert, update, delete on public.payments to project_admin;"},
		probe{"claiming a payment", server, `select ` + claimPayment("2", "0xd"), "1 row", "grant execute on function … to project_admin;"},
		probe{"moving a payment", server, `select ` + movePayment("verified"), "1 row", "grant execute on function … to project_admin;"},
		probe{"releasing a payment", server, `select public.release_payment('00000000-0000-4000-8000-000000000001')`, "1 row", "grant execute on function … to project_admin;"},
		probe{"beginning a settlement", server, `select public.begin_settlement('00000000-0000-4000-8000-000000000001', '', '')`, "1 row", "grant execute on function … to project_admin;"},
		probe{"leasing payments", server, `select public.lease_payments('test', 1, true)`, "1 row", "grant execute on function … to project_admin;"},
		probe{"noting something about a payment", server, `select public.note_payment('00000000-0000-4000-8000-000000000001', null, '')`, "1 row", "grant execute on function … to project_admin;"},
		probe{"forgetting payments", server, `select public.forget_payments()`, "1 row", "grant execute on function … to project_admin;"},
	)
	f.holds("row level security is on", `(select relrowsecurity from pg_class where oid = 'public.payments'::regclass)`,
		"alter table public.payments enable row level security;")
	// The rights are the first wall, the policies the second.
	f.do(root, "grant select on public.payments to anon, authenticated")
	for _, who := range users {
		f.check(probe{"reading payments with a right to", who, `select id from public.payments`, "0 rows", "no policy on public.payments but for project_admin"})
	}
	for _, role := range []string{"public", "anon", "authenticated"} {
		for _, function := range append(functionsOfPayments, functionsOfRecovery...) {
			f.holds(role+" may not call "+function, fmt.Sprintf("not has_function_privilege('%s', '%s', 'EXECUTE')", role, function), execute)
		}
	}
}

// TestPayments_order: an authorization buys one answer, and its states come in
// their order.
func TestPayments_order(t *testing.T) {
	f := open(t)
	if got := f.do(server, "select "+claimPayment("1", "0xc")+" ->> 'won'"); got != "true" {
		t.Fatalf("the first claim has won: %s", got)
	}
	if got := f.do(server, "select "+claimPayment("2", "0xc")+" ->> 'won'"); got != "false" {
		t.Errorf("the second claim of the same authorization has won: %s", got)
	}
	for _, step := range []struct{ state, moves string }{
		{"settled", "f"},
		{"settling", "f"},
		{"verified", "t"},
		{"settled", "f"},
		{"settling", "t"},
		{"claimed", "f"},
		{"settled", "t"},
		{"failed", "f"},
		{"settled", "t"},
	} {
		if got := f.do(server, "select "+movePayment(step.state)); got != step.moves {
			t.Errorf("moving to %s: %s, want %s", step.state, got, step.moves)
		}
	}
	if got := f.do(server, `select public.release_payment('00000000-0000-4000-8000-000000000001')`); got != "f" {
		t.Errorf("a settled payment was released: %s", got)
	}
	f.do(server, "select "+claimPayment("3", "0xe"))
	f.check(probe{
		"settling by the transaction of another payment", server,
		`update public.payments set transaction = '0x1' where payer = '0xe'`,
		`ERROR: duplicate key value violates unique constraint "payments_transaction_key" (SQLSTATE 23505)`,
		"alter table public.payments add constraint payments_transaction_key unique (transaction);",
	})
}

// TestPayments_recovery: a settlement that nobody finished is handed to one
// caller at a time, with all it takes to finish it and no number rounded.
func TestPayments_recovery(t *testing.T) {
	f := open(t)
	const begin = `select public.begin_settlement('00000000-0000-4000-8000-000000000001', 'the request', 'the answer')`
	lease := func(now string) string {
		return f.do(server, `select string_agg(concat_ws(' ', x ->> 'claim', jsonb_typeof(x -> 'amount'), x ->> 'amount', x ->> 'valid_before', x ->> 'transaction', x ->> 'settlement'), ',')
			from jsonb_array_elements(public.lease_payments('test', 10, `+now+`)) as x`)
	}
	const (
		step   = "select public.move_payment('00000000-0000-4000-8000-000000000001', '%s', null, 'none')"
		leased = "00000000-0000-4000-8000-000000000001 string 1 4102444800 the request"
	)
	f.do(server, "select "+claimPayment("1", "0xc"))
	if got := f.do(server, begin); got != "f" {
		t.Errorf("settling before verifying: %s", got)
	}
	f.do(server, fmt.Sprintf(step, "verified"))
	for range 2 {
		if got := f.do(server, begin); got != "t" {
			t.Errorf("beginning to settle: %s", got)
		}
	}
	if got := lease("true"); got != "" {
		t.Errorf("a settlement under way was leased: %s", got)
	}
	f.do(server, "update public.payments set claimed_until = now() - interval '1 second' where payer = '0xc'")
	if got := lease("false"); got != leased {
		t.Errorf("an interrupted settlement: leased %q, want %q", got, leased)
	}
	if got := f.do(server, "select state || ' ' || reason from public.payments where payer = '0xc'"); got != "unknown settlement was interrupted" {
		t.Errorf("an interrupted settlement is %s", got)
	}
	if got := lease("false"); got != "" {
		t.Errorf("leased twice: %s", got)
	}
	if got := lease("true"); got != leased {
		t.Errorf("leased at once: %q, want %q", got, leased)
	}
	if got := f.do(server, "select checks || ' ' || (next_check - now()) from public.payments where payer = '0xc'"); got != "2 00:02:00" {
		t.Errorf("looked at twice, next in: %s", got)
	}
	note := `select public.note_payment('00000000-0000-4000-8000-000000000001', %s, 'pending')`
	f.do(server, fmt.Sprintf(note, "'0x9'"))
	f.do(server, fmt.Sprintf(note, "null"))
	if got := lease("true"); got != strings.Replace(leased, " the", " 0x9 the", 1) {
		t.Errorf("leased after a note: %q", got)
	}
	f.do(server, "select public.move_payment('00000000-0000-4000-8000-000000000001', 'settled', '0x9')")
	if got := f.do(server, fmt.Sprintf(note, "'0x8'")); got != "f" {
		t.Errorf("a note about a settled payment: %s", got)
	}
	if got := f.do(server, begin); got != "f" {
		t.Errorf("settling a settled payment: %s", got)
	}
	if got := f.do(server, "select public.forget_payments()"); got != "0" {
		t.Errorf("forgot %s fresh payments", got)
	}
	f.do(server, "update public.payments set updated_at = now() - interval '25 hours' where payer = '0xc'")
	f.do(server, "select public.forget_payments()")
	if got := f.do(server, "select concat(settlement, answer, transaction) from public.payments where payer = '0xc'"); got != "0x9" {
		t.Errorf("kept for a day: %s", got)
	}
}

// TestPayments_plan: a page of the ledger costs one look into the index.
func TestPayments_plan(t *testing.T) {
	f := open(t)
	f.do(root, "set local enable_seqscan = off")
	plan := f.do(server, "explain (costs off) select id from public.payments order by created_at desc, id desc limit 20")
	if !strings.Contains(plan, "payments_created_at_idx") {
		t.Errorf("the plan does not use payments_created_at_idx:\n%s", plan)
	}
}

// TestPayments_realtime: each step of a payment is news to those who may watch,
// which are none of the users.
func TestPayments_realtime(t *testing.T) {
	f := open(t)
	f.again("payments-realtime", `alter table realtime.channels disable row level security;
		alter table realtime.messages disable row level security; delete from realtime.channels where pattern = 'payments';
		grant execute on function public.payments_publish() to public, anon, authenticated`)
	f.do(root, "delete from realtime.messages where channel_name = 'payments'")
	f.do(server, "select "+claimPayment("1", "0xc"))
	if got := f.do(root, "select event_name from realtime.messages where channel_name = 'payments'"); got != "payment_claimed" {
		t.Errorf("the events of a claim are %q", got)
	}
	f.do(server, "select "+claimPayment("2", "0xc"))
	f.do(server, "select "+movePayment("verified"))
	f.do(server, "select "+movePayment("verified"))
	if got := f.do(root, "select count(*) from realtime.messages where channel_name = 'payments'"); got != "2" {
		t.Errorf("%s events of a claim and a verification, want 2", got)
	}
	told := f.do(root, `select distinct key from realtime.messages, jsonb_object_keys(payload) as key where channel_name = 'payments' order by key`)
	if want := "amount asset id network resource state updated_at"; strings.ReplaceAll(told, "\n", " ") != want {
		t.Errorf("an event tells %q, want %q", told, want)
	}
	f.do(root, "select set_config('realtime.channel_name', 'payments', true)")
	for _, who := range users {
		f.check(
			probe{
				"subscribing", who, `select 1 from realtime.channels where enabled and pattern = 'payments'`, "0 rows",
				"alter table realtime.channels enable row level security; and no policy that lets this user see the channel payments",
			},
			probe{
				"sending", who, `insert into realtime.messages (event_name, channel_name) values ('payment_settled', 'payments')`, denied,
				"alter table realtime.messages enable row level security; and no policy that lets users send to payments",
			},
			probe{
				"publishing", who, `select realtime.publish('payments', 'payment_settled', '{}')`, denied,
				"revoke all on function realtime.publish from public, anon, authenticated;",
			},
		)
	}
	f.holds("the trigger publishes whoever writes to the ledger", `(select prosecdef from pg_proc where oid = 'public.payments_publish()'::regprocedure)`,
		"alter function public.payments_publish() security definer;")
	for _, role := range []string{"public", "anon", "authenticated"} {
		f.holds(role+" may not call the trigger's function", fmt.Sprintf("not has_function_privilege('%s', 'public.payments_publish()', 'EXECUTE')", role),
			"revoke all on function public.payments_publish() from public, anon, authenticated;")
	}
}
