package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/insforge/forge/internal/usertoken"
)

const (
	checkIdentity = "requesting_user_id()"
	checkForged   = "forged tokens"
	callIdentity  = "/api/database/rpc/requesting_user_id"
)

// whoever is what the project makes of a token that is signed with its secret.
type whoever struct {
	secret, identity Check
	token            string // empty unless the project takes it
}

// trySecret calls requesting_user_id() as a user that nobody is.
func (p *project) trySecret(ctx context.Context, files *migrationFiles) whoever {
	secret, wrong := p.vars.check(nameSecret, usertoken.WrongSecret)
	both := func(c Check) whoever {
		skip, _ := unmade(checkIdentity, &c)
		return whoever{secret: c, identity: skip}
	}
	if wrong != nil {
		return both(*wrong)
	}
	p.secrets.add(secret)
	if skip, unmet := unmade(nameSecret, &p.url); unmet {
		return both(skip)
	}
	subject := nobody()
	token := usertoken.Sign(secret, subject, time.Now(), tokenLife)
	p.secrets.add(token)
	a, err := p.client.get(ctx, callIdentity, token)
	switch {
	case err != nil:
		return both(p.outOfOrder(nameSecret, "cannot be tried: the project ", err))
	case a.unknown():
		return both(p.wrongSignature())
	case a.status >= 500, !a.done() && a.Code == "":
		return both(failed(nameSecret, "cannot be tried: the project "+p.client.unexpected(a), fixWait))
	}
	return whoever{
		secret: ok(nameSecret, "signs tokens that the project accepts"), token: token,
		identity: p.identity(a, subject, files),
	}
}

// wrongSignature is about a token that the project does not take. A clock that is
// wrong looks the same.
func (p *project) wrongSignature() Check {
	if late := p.ahead.Abs(); late > tokenLife/2 {
		return failed(nameSecret,
			fmt.Sprintf("cannot be tried: this machine's clock and the project's are %v apart, and tokens live for %v", late.Round(time.Second), tokenLife),
			"set this machine's clock")
	}
	_, from := p.vars.Get(nameSecret)
	return failed(nameSecret, "is not this project's: a token that is signed with it is refused, so every user's is", set(nameSecret, from))
}

func (p *project) identity(a *answer, subject string, files *migrationFiles) Check {
	again := p.restore(files)
	var is *string
	switch {
	case a.denied():
		return failed(checkIdentity, "users may not call it, so every policy fails",
			inMigration("call-requesting-user-id", "grant execute on function public.requesting_user_id() to authenticated;"))
	case a.Code == "PGRST202" || a.Code == "42883":
		return failed(checkIdentity, "is not in the database, and every policy calls it", again)
	case !a.done():
		return failed(checkIdentity, "fails: the project "+p.client.unexpected(a), again)
	case json.Unmarshal(a.body, &is) == nil && is == nil:
		return failed(checkIdentity, "returns nothing for a signed-in user, so no user sees a row", again)
	case is == nil || *is != subject:
		return failed(checkIdentity, "returns something else than the token's sub, so users may see each other's rows", again)
	}
	return ok(checkIdentity, "returns the sub of a user's token")
}

// restore is how the function gets into the database, for good or again.
func (p *project) restore(files *migrationFiles) string {
	for _, f := range files.list {
		if f.name != "requesting-user-id" {
			continue
		}
		for _, m := range p.ledger {
			if m.Version == f.version {
				return "npx @insforge/cli db import " + f.path()
			}
		}
		return applyAll
	}
	return "write a migration that creates public.requesting_user_id(), returning nullif(auth.jwt() ->> 'sub', '')"
}

// forged wants a token to be refused that is signed with a secret nobody has.
func (p *project) forged(ctx context.Context) Check {
	if skip, unmet := unmade(checkForged, &p.url); unmet {
		return skip
	}
	token := usertoken.Sign(nobody(), nobody(), time.Now(), tokenLife)
	p.secrets.add(token)
	a, err := p.client.get(ctx, callIdentity, token)
	switch {
	case err != nil:
		return p.outOfOrder(checkForged, "cannot be tried: the project ", err)
	case a.unknown():
		return ok(checkForged, "are refused with 401")
	case a.status >= 500:
		return failed(checkForged, "cannot be tried: the project "+p.client.unexpected(a), fixWait)
	}
	return failed(checkForged, fmt.Sprintf("are accepted: a token that was signed with another secret got %d and not 401, so anybody can be any user", a.status),
		"take the project off the network; update InsForge, and do not put anything in front of it that answers for it")
}

const (
	ledgerTable = "payments"
	checkLedger = "payment ledger"
)

func (p *project) isLedger(t relation) bool {
	return p.paid && t.Schema == "public" && t.Name == ledgerTable
}

// ledgerFunctions is a query for the functions on the ledger that callers of the
// API may run.
const ledgerFunctions = `
select coalesce(json_agg(f.oid::regprocedure::text order by f.proname), '[]') as result
from pg_proc as f
where f.pronamespace = 'public'::regnamespace and f.proname in
  ('claim_payment', 'move_payment', 'release_payment', 'begin_settlement', 'lease_payments', 'note_payment', 'forget_payments',
   'payments_version', 'payment_totals')
  and (has_function_privilege('anon', f.oid, 'execute') or has_function_privilege('authenticated', f.oid, 'execute'))`

// payments wants the ledger to be the server's alone.
func (p *project) payments(ctx context.Context, tables []relation, wrong *Check, as whoever) []Check {
	needs := []*Check{&p.apiKey, &p.anonKey}
	if !p.noLogin {
		needs = append(needs, &as.secret)
	}
	if wrong != nil {
		needs = append(needs, wrong)
	}
	if skip, unmet := unmade(checkLedger, needs...); unmet {
		return []Check{skip}
	}
	var ledger *relation
	for _, t := range tables {
		if p.isLedger(t) {
			ledger = &t
		}
	}
	if ledger == nil {
		return []Check{failed(checkLedger, "there is no table public.payments, and without it no payment is taken", applyAll)}
	}
	var open []string
	if err := p.client.query(ctx, p.admin, ledgerFunctions, &open); err != nil {
		return []Check{p.outOfOrder(checkLedger, "", err)}
	}
	var all []Check
	for _, caller := range []struct {
		role, who, credential string
		rights                []string
	}{
		{"anon", "the anon key, which is public,", p.anon, ledger.Anon},
		{"authenticated", "every user", as.token, ledger.User},
	} {
		fix := inMigration("close-payments", ledger.revoke(caller.role))
		if caller.credential == "" { // nobody has one here: the rights alone can be looked at
			if len(caller.rights) > 0 {
				all = append(all, failed(checkLedger, fmt.Sprintf("%s holds %s on it", caller.who, enumerate(caller.rights)), fix))
			}
			continue
		}
		a, err := p.client.get(ctx, ledger.records(), caller.credential)
		switch {
		case err != nil:
			all = append(all, p.outOfOrder(checkLedger, "cannot be tried: the project ", err))
		case a.done():
			all = append(all, failed(checkLedger, fmt.Sprintf("%s gets an answer from it, and not a refusal: GET %s answers %d", caller.who, ledger.records(), a.status), fix))
		case len(caller.rights) > 0:
			all = append(all, failed(checkLedger, fmt.Sprintf("%s holds %s on it", caller.who, enumerate(caller.rights)), fix))
		case !a.denied():
			all = append(all, failed(checkLedger, "cannot be tried: the project "+p.client.unexpected(a), fixWait))
		}
	}
	for _, function := range open {
		all = append(all, failed(checkLedger, "callers of the API may run "+function,
			inMigration("close-payments", "revoke all on function "+qualified(function)+" from public, anon, authenticated;")))
	}
	if all == nil {
		all = append(all, ok(checkLedger, "is closed to the anon key and to users"))
	}
	return all
}

// qualified names a function of public, as Postgres may leave the schema out.
func qualified(function string) string {
	if strings.HasPrefix(function, "public.") {
		return function
	}
	return "public." + function
}
