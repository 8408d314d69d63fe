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

// verifyPayment moves the payment of attempt 1.
const verifyPayment = `public.move_payment('00000000-0000-4000-8000-000000000001', 'verified', '0x1')`

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
	revoke := "revoke all on public.payments from public, anon, authenticated;"
	execute := "revoke all on function … from public, anon, authenticated;"
	for _, who := range users {
		f.check(
			probe{"reading payments", who, `select id from public.payments`, denied, revoke},
			probe{"reading one column", who, `select state from public.payments`, denied, revoke},
			probe{"adding a payment", who, `insert into public.payments (state) values ('settled')`, denied, revoke},
			probe{"changing payments", who, `update public.payments set state = 'settled'`, denied, revoke},
			probe{"removing payments", who, `delete from public.payments`, denied, revoke},
			probe{"claiming a payment", who, `select ` + claimPayment("2", "0xd"), denied, execute},
			probe{"moving a payment", who, `select ` + verifyPayment, denied, execute},
			probe{"releasing a payment", who, `select public.release_payment('00000000-0000-4000-8000-000000000001')`, denied, execute},
		)
	}
	f.check(
		probe{"reading payments", server, `select id from public.payments where network = 'wall:test'`, "1 row", "grant select, insert, update, delete on public.payments to project_admin;"},
		probe{"removing payments", server, `delete from public.payments where network = 'wall:test'`, "1 row", "grant select, insert, update, delete on public.payments to project_admin;"},
		probe{"claiming a payment", server, `select ` + claimPayment("2", "0xd"), "1 row", "grant execute on function … to project_admin;"},
		probe{"moving a payment", server, `select ` + verifyPayment, "1 row", "grant execute on function … to project_admin;"},
		probe{"releasing a payment", server, `select public.release_payment('00000000-0000-4000-8000-000000000001')`, "1 row", "grant execute on function … to project_admin;"},
	)
	f.holds("row level security is on", `(select relrowsecurity from pg_class where oid = 'public.payments'::regclass)`,
		"alter table public.payments enable row level security;")
	f.holds("the policy lets project_admin use every row, should it not bypass policies", `exists (select from pg_policy
		where polrelid = 'public.payments'::regclass and polcmd = '*' and polroles = array['project_admin'::regrole::oid]
		  and pg_get_expr(polqual, polrelid) = 'true' and pg_get_expr(polwithcheck, polrelid) = 'true')`,
		"create policy payments_server on public.payments for all to project_admin using (true) with check (true);")
	for _, role := range []string{"public", "anon", "authenticated"} {
		f.holds(role+" has no right to the ledger", fmt.Sprintf(`not has_any_column_privilege('%[1]s', 'public.payments', 'SELECT, INSERT, UPDATE, REFERENCES')
			and not has_table_privilege('%[1]s', 'public.payments', 'DELETE, TRUNCATE, TRIGGER')`, role), revoke)
	}
	// The rights are the first wall, the policies the second.
	f.do(root, "grant select on public.payments to anon, authenticated")
	for _, who := range users {
		f.check(probe{"reading payments with a right to", who, `select id from public.payments`, "0 rows", "no policy on public.payments but for project_admin"})
	}
	for _, function := range functionsOfPayments {
		f.holds("with the rights of who calls it acts "+function, fmt.Sprintf("not (select prosecdef from pg_proc where oid = '%s'::regprocedure)", function),
			"alter function … security invoker;")
	}
	for _, role := range []string{"public", "anon", "authenticated"} {
		for _, function := range functionsOfPayments {
			f.holds(role+" may not call "+function, fmt.Sprintf("not has_function_privilege('%s', '%s', 'EXECUTE')", role, function), execute)
		}
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
	if strings.Contains(plan, "Sort") {
		t.Errorf("the index does not give the order:\n%s", plan)
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
	f.do(server, "select "+verifyPayment)
	f.do(server, "select "+verifyPayment)
	if got := f.do(root, "select count(*) from realtime.messages where channel_name = 'payments'"); got != "2" {
		t.Errorf("%s events of a claim and a verification, want 2", got)
	}
	told := f.do(root, `select distinct key from realtime.messages, jsonb_object_keys(payload) as key where channel_name = 'payments' order by key`)
	if want := "amount asset id network resource state updated_at"; strings.ReplaceAll(told, "\n", " ") != want {
		t.Errorf("an event tells %q, want %q", told, want)
	}
	f.holds("an event tells what the ledger holds", `(select count(*) = 1 from realtime.messages join public.payments as p on network = 'wall:test'
		where event_name = 'payment_verified' and payload = jsonb_build_object('id', p.id, 'state', p.state, 'network', p.network, 'asset', p.asset,
			'amount', p.amount::text, 'resource', p.resource, 'updated_at', p.updated_at))`, "the function payments_publish of the payments-realtime migration")
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
	f.do(root, "alter function realtime.publish(text, text, jsonb) rename to publish_no_more")
	f.check(probe{
		"claiming a payment that cannot be published", server, `select ` + claimPayment("3", "0xd"), "1 row",
		"exception when others in public.payments_publish(): a payment does not fail because the news of it does",
	})
}
