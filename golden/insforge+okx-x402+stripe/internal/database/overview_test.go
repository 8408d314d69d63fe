package database

import (
	"fmt"
	"strings"
	"testing"
)

// functionsOfOverview say what payments come to, and whether any has changed.
var functionsOfOverview = []string{"public.payments_version()", "public.payment_totals()"}

// overview is where to look when a test of one of them fails.
const overview = "the functions of the payments-overview migration"

// TestOverview_closed: what payments come to is for the server alone, which may
// show it to whomever it wants.
func TestOverview_closed(t *testing.T) {
	f := open(t)
	functions := strings.Join(functionsOfOverview, ", ")
	f.again("payments-overview", `grant execute on function `+functions+` to public, anon, authenticated;
		revoke all on function `+functions+` from project_admin`)
	execute := "revoke all on function … from public, anon, authenticated;"
	for _, function := range functionsOfOverview {
		for _, who := range users {
			f.check(probe{"calling " + function, who, "select " + function, denied, execute})
		}
		f.check(probe{"calling " + function, server, "select " + function, "1 row", "grant execute on function … to project_admin;"})
		f.holds("with the rights of who calls it acts "+function, fmt.Sprintf("not (select prosecdef from pg_proc where oid = '%s'::regprocedure)", function),
			"alter function … security invoker;")
		f.holds("nothing is changed by "+function, fmt.Sprintf("(select provolatile = 's' from pg_proc where oid = '%s'::regprocedure)", function),
			"alter function … stable;")
		for _, role := range []string{"public", "anon", "authenticated"} {
			f.holds(role+" may not call "+function, fmt.Sprintf("not has_function_privilege('%s', '%s', 'EXECUTE')", role, function), execute)
		}
	}
}

// TestOverview_totals: money is added to money of the same asset, and to nothing
// else; no sum is rounded.
func TestOverview_totals(t *testing.T) {
	f := open(t)
	expect := func(want string) {
		t.Helper()
		if got := f.do(server, `select public.payment_totals() -> 'totals'`); got != want {
			t.Errorf("the totals are %s, want %s\n\tin a new migration: %s", got, want, overview)
		}
	}
	f.do(server, `delete from public.payments`)
	expect("[]")
	n := 0
	put := func(network, asset, facilitator, state, amount string) {
		n++
		f.do(server, pay(map[string]string{
			"network": "'" + network + "'", "asset": "'" + asset + "'", "facilitator": "'" + facilitator + "'", "state": "'" + state + "'", "amount": amount,
			"nonce": fmt.Sprintf("'0x%d'", n), "transaction": fmt.Sprintf("'0x%d'", n), "claim": attempt(n),
		}))
	}
	const wei = "100000000000000000000000000000000000000000"
	for _, kind := range [][3]string{
		{"wall:a", "0xa", "mock"},
		{"wall:b", "0xa", "test"},
		{"wall:a", "0xb", "test"},
		{"wall:a", "0xa", "other"},
		{"wall:a", "0xa", "test"},
	} {
		for i, state := range states {
			put(kind[0], kind[1], kind[2], state, fmt.Sprintf("1%[1]s + %[2]d", strings.Repeat("0", 6), i))
			put(kind[0], kind[1], kind[2], state, wei)
		}
	}
	// Of all but one asset there is one payment of each amount and state: settled
	// is the fourth state, settling the third and unknown the last.
	const once = `"mock": %[3]t, "open": 4, "asset": "%[2]s", "network": "%[1]s", "settled": 2, "open_amount": "200000000000000000000000000000000002000007", "settled_amount": "100000000000000000000000000000000001000003"`
	const twice = `"mock": false, "open": 8, "asset": "0xa", "network": "wall:a", "settled": 4, "open_amount": "400000000000000000000000000000000004000014", "settled_amount": "200000000000000000000000000000000002000006"`
	expect("[{" + strings.Join([]string{
		twice, fmt.Sprintf(once, "wall:a", "0xb", false), fmt.Sprintf(once, "wall:b", "0xa", false), fmt.Sprintf(once, "wall:a", "0xa", true),
	}, "}, {") + "}]")
	f.holds("totals say of which version they are", "public.payment_totals() ->> 'version' = public.payments_version()", overview)
	f.do(server, `delete from public.payments`)
	put("wall:a", "0xa", "test", "unknown", "1")
	expect(`[{"mock": false, "open": 1, "asset": "0xa", "network": "wall:a", "settled": 0, "open_amount": "1", "settled_amount": "0"}]`)
	f.do(server, `delete from public.payments`)
	put("wall:a", "0xa", "test", "settled", "1")
	expect(`[{"mock": false, "open": 0, "asset": "0xa", "network": "wall:a", "settled": 1, "open_amount": "0", "settled_amount": "1"}]`)
}

// TestOverview_version: there is another version after each change that anybody
// can see, also after one that began before the change before it.
func TestOverview_version(t *testing.T) {
	f := open(t)
	seen := map[string]string{}
	now := ""
	expect := func(what string, changes bool) {
		t.Helper()
		before := now
		now = f.do(server, `select public.payments_version()`)
		if changes && seen[now] != "" || !changes && now != before {
			t.Errorf("%s: the version is %s, and was so after %q\n\tin a new migration: %s", what, now, seen[now], overview)
		}
		if len(now) != 64 {
			t.Errorf("%s: the version is %q, want a hash", what, now)
		}
		seen[now] = what
	}
	put := func(n int) {
		f.do(server, pay(map[string]string{
			"nonce": fmt.Sprintf("'0x%d'", n), "transaction": fmt.Sprintf("'0x%d'", n), "claim": attempt(n), "state": "'unknown'",
			"updated_at": fmt.Sprintf("timestamptz '2000-01-01' + interval '%d seconds'", n),
		}))
	}
	f.do(server, `delete from public.payments`)
	expect("there is no payment", true)
	expect("nothing has happened", false)
	for n := 100; n < 200; n++ {
		put(n)
	}
	expect("payments have come", true)
	f.do(server, `update public.payments set state = 'failed' where claim = `+attempt(100))
	expect("the oldest of them has failed", true)
	f.do(server, `update public.payments set updated_at = updated_at + interval '1 microsecond' where claim = `+attempt(199))
	expect("the newest was changed", true)
	f.do(server, `update public.payments set checks = 9, next_check = now(), settlement = 's' where claim = `+attempt(150))
	expect("one was looked at, which nobody sees", false)
	f.do(server, `delete from public.payments where claim = `+attempt(150))
	expect("one was released", true)
	put(50)
	put(51)
	expect("one has come late", true)
	// What is older than a hundred others cannot have changed since.
	f.do(server, `update public.payments set state = 'failed' where claim = `+attempt(50))
	expect("one of long ago has another state", false)
}

// TestOverview_plan: looking for changes costs one look into an index.
func TestOverview_plan(t *testing.T) {
	f := open(t)
	f.do(root, "set local enable_seqscan = off")
	f.do(root, "set local enable_bitmapscan = off")
	plan := f.do(server, "explain (costs off) select id, state, updated_at from public.payments order by updated_at desc, id desc limit 100")
	if !strings.Contains(plan, "payments_updated_at_idx") || strings.Contains(plan, "Sort") {
		t.Errorf("the plan does not use payments_updated_at_idx alone:\n%s", plan)
	}
}
