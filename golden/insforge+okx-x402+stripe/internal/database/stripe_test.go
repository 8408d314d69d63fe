package database

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const (
	// fulfilment is where to look when a purchase does not become what it should.
	fulfilment = "the functions of the stripe-purchases migration"
	// session is InsForge's name for the checkout that Ada starts in these tests, intent Stripe's for its payment.
	session = "0c000000-0000-4000-8000-000000000001"
	intent  = "pi_ada"
)

// event is something that Stripe tells InsForge.
type event struct {
	id, kind string
	at       int // in Stripe's clock
	object   map[string]any
	previous map[string]any // what an update changed
	test     bool           // of the test environment
}

func (e event) environment() string {
	if e.test {
		return "test"
	}
	return "live"
}

// arrives is the event as InsForge keeps it: first its arrival, and then that it was processed.
func (f fixture) arrives(e event) {
	f.Helper()
	data := map[string]any{"object": e.object}
	if e.previous != nil {
		data["previous_attributes"] = e.previous
	}
	payload, err := json.Marshal(map[string]any{"id": e.id, "type": e.kind, "created": 1700000000 + e.at, "livemode": !e.test, "data": data})
	if err != nil {
		f.Fatal(err)
	}
	f.do(root, fmt.Sprintf(`insert into payments.webhook_events (environment, provider, provider_event_id, event_type, livemode, payload)
		values ('%s', 'stripe', '%s', '%s', %t, '%s')
		on conflict (provider, environment, provider_event_id) do update set processing_status = 'pending'`,
		e.environment(), e.id, e.kind, !e.test, strings.ReplaceAll(string(payload), "'", "''")))
	f.do(root, `update payments.webhook_events set processing_status = 'processed', processed_at = now() where provider_event_id = '`+e.id+`'`)
}

// aside runs something, and undoes it.
func (f fixture) aside(do func(f fixture)) {
	f.Helper()
	tx, err := f.tx.Begin(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	do(fixture{f.T, tx})
	if err := tx.Rollback(context.Background()); err != nil {
		f.Fatal(err)
	}
}

// started has Ada start a checkout for two packs, as InsForge notes it.
func (f fixture) started(environment string) {
	f.Helper()
	f.do(root, fmt.Sprintf(`delete from public.purchases; delete from public.stripe_states; delete from public.stripe_events;
		delete from payments.webhook_events; delete from payments.stripe_checkout_sessions; delete from payments.customer_mappings;
		insert into payments.stripe_checkout_sessions (id, environment, mode, subject_type, subject_id, line_items, success_url, cancel_url)
		values ('%s', '%s', 'payment', 'user', 'wall-test-ada', '[{"priceId": "price_pack", "quantity": 2}]', 'https://a.example', 'https://a.example')`,
		session, environment))
}

// ours is what InsForge writes on what it sells to Ada.
var ours = map[string]any{
	"insforge_subject_type": "user", "insforge_subject_id": "wall-test-ada", "insforge_checkout_session_id": session,
}

// with is an object of Stripe's that differs from another one.
func with(object map[string]any, more map[string]any) map[string]any {
	all := map[string]any{}
	for _, from := range []map[string]any{object, more} {
		for key, value := range from {
			all[key] = value
		}
	}
	return all
}

// The events of a purchase.
var (
	checkout = map[string]any{
		"id": "cs_1", "object": "checkout.session", "mode": "payment", "payment_intent": intent, "payment_status": "paid",
		"amount_total": 1500, "currency": "usd", "created": 1700000000, "metadata": ours,
	}
	completed   = event{id: "evt_completed", kind: "checkout.session.completed", at: 10, object: checkout}
	unpaid      = event{id: "evt_unpaid", kind: "checkout.session.completed", at: 10, object: with(checkout, map[string]any{"payment_status": "unpaid"})}
	free        = event{id: "evt_free", kind: "checkout.session.completed", at: 10, object: with(checkout, map[string]any{"payment_status": "no_payment_required", "payment_intent": nil, "amount_total": 0})}
	arrived     = event{id: "evt_arrived", kind: "checkout.session.async_payment_succeeded", at: 20, object: checkout}
	atOnce      = event{id: "evt_at_once", kind: "checkout.session.async_payment_succeeded", at: 10, object: checkout}
	bounced     = event{id: "evt_bounced", kind: "checkout.session.async_payment_failed", at: 20, object: with(checkout, map[string]any{"payment_status": "unpaid"})}
	refund      = map[string]any{"id": "re_1", "object": "refund", "payment_intent": intent, "amount": 1500, "status": "pending"}
	refunded    = event{id: "evt_refunded", kind: "refund.created", at: 30, object: refund}
	refundDone  = event{id: "evt_refund_done", kind: "refund.updated", at: 31, object: with(refund, map[string]any{"status": "succeeded"})}
	refundFails = event{id: "evt_refund_fails", kind: "refund.failed", at: 31, object: with(refund, map[string]any{"status": "failed"})}
	partly      = event{id: "evt_partly", kind: "refund.created", at: 30, object: with(refund, map[string]any{"id": "re_2", "amount": 500, "status": "succeeded"})}
	theRest     = event{id: "evt_the_rest", kind: "refund.created", at: 40, object: with(refund, map[string]any{"id": "re_3", "amount": 1000, "status": "succeeded"})}
	dispute     = map[string]any{"id": "dp_1", "object": "dispute", "payment_intent": intent, "amount": 1500, "status": "needs_response"}
	disputed    = event{id: "evt_disputed", kind: "charge.dispute.created", at: 50, object: dispute}
	inquiry     = event{id: "evt_inquiry", kind: "charge.dispute.created", at: 50, object: with(dispute, map[string]any{"status": "warning_needs_response"})}
	won         = event{id: "evt_won", kind: "charge.dispute.closed", at: 60, object: with(dispute, map[string]any{"status": "won"})}
	reviewed    = event{id: "evt_reviewed", kind: "charge.dispute.updated", at: 60, object: with(dispute, map[string]any{"status": "under_review"})}
	lost        = event{id: "evt_lost", kind: "charge.dispute.closed", at: 60, object: with(dispute, map[string]any{"status": "lost"})}
)

func plan(price string, quantity int) map[string]any {
	return map[string]any{
		"id": "si_" + price, "quantity": quantity, "current_period_end": 1800000000,
		"price": map[string]any{"id": price, "unit_amount": 900},
	}
}

func items(plans ...map[string]any) map[string]any {
	return map[string]any{"data": plans}
}

// The events of a subscription.
var (
	subscription = map[string]any{
		"id": "sub_1", "object": "subscription", "status": "active", "customer": "cus_ada", "currency": "usd", "created": 1700000000,
		"cancel_at_period_end": false, "items": items(plan("price_pro", 1)), "metadata": ours,
	}
	begun     = event{id: "evt_begun", kind: "customer.subscription.created", at: 10, object: with(subscription, map[string]any{"status": "incomplete"})}
	active    = event{id: "evt_active", kind: "customer.subscription.updated", at: 10, object: subscription, previous: map[string]any{"status": "incomplete"}}
	ending    = event{id: "evt_ending", kind: "customer.subscription.updated", at: 20, object: with(subscription, map[string]any{"cancel_at_period_end": true}), previous: map[string]any{"cancel_at_period_end": false}}
	staying   = event{id: "evt_staying", kind: "customer.subscription.updated", at: 25, object: subscription, previous: map[string]any{"cancel_at_period_end": true}}
	onADay    = event{id: "evt_on_a_day", kind: "customer.subscription.updated", at: 20, object: with(subscription, map[string]any{"cancel_at": 1750000000})}
	seats     = event{id: "evt_seats", kind: "customer.subscription.updated", at: 20, object: with(subscription, map[string]any{"items": items(plan("price_pro", 3))})}
	overdue   = event{id: "evt_overdue", kind: "customer.subscription.updated", at: 30, object: with(subscription, map[string]any{"status": "past_due"}), previous: map[string]any{"status": "active"}}
	givenUp   = event{id: "evt_given_up", kind: "customer.subscription.updated", at: 30, object: with(subscription, map[string]any{"status": "unpaid"}), previous: map[string]any{"status": "past_due"}}
	paidAgain = event{id: "evt_paid_again", kind: "customer.subscription.updated", at: 40, object: subscription, previous: map[string]any{"status": "past_due"}}
	ended     = event{id: "evt_ended", kind: "customer.subscription.deleted", at: 50, object: with(subscription, map[string]any{"status": "canceled", "ended_at": 1700000050})}
	lateWord  = event{id: "evt_late_word", kind: "customer.subscription.updated", at: 60, object: subscription}
	switched  = event{id: "evt_switched", kind: "customer.subscription.updated", at: 20, object: with(subscription, map[string]any{"items": items(plan("price_team", 5))})}
	both      = event{id: "evt_both", kind: "customer.subscription.updated", at: 20, object: with(subscription, map[string]any{"items": items(plan("price_pro", 1), plan("price_team", 2))})}
	paused    = event{id: "evt_paused", kind: "customer.subscription.paused", at: 20, object: with(subscription, map[string]any{"status": "paused"})}
	trial     = event{id: "evt_trial", kind: "customer.subscription.created", at: 10, object: with(subscription, map[string]any{"status": "trialing"})}
	oldStyle  = event{id: "evt_old_style", kind: "customer.subscription.created", at: 10, object: with(subscription, map[string]any{
		"current_period_end": 1800000000, "items": items(map[string]any{"price": map[string]any{"id": "price_pro", "unit_amount": 900}}),
	})}
)

// bought is what Ada has bought, as she sees it.
const bought = `select string_agg(concat_ws(' ', price_id, quantity, status, case when active then 'active' else 'closed' end, amount, amount_refunded,
	to_char(period_end at time zone 'UTC', 'YYYY'), to_char(ends_at at time zone 'UTC', 'YYYY')), ', ' order by price_id)
	from public.purchases`

// TestStripe_anyOrder: what comes of a purchase depends on what has happened, and not on the order or on how
// often InsForge is told. Every order of every story is tried, and every event comes twice.
func TestStripe_anyOrder(t *testing.T) {
	f := open(t)
	f.started("live")
	for name, story := range map[string]struct {
		want   string
		events []event
	}{
		"paid":                             {"price_pack 2 paid active 1500 0", []event{completed}},
		"nothing to pay":                   {"price_pack 2 paid active 0 0", []event{free}},
		"completed is not paid":            {"price_pack 2 pending closed 1500 0", []event{unpaid}},
		"the bank has paid":                {"price_pack 2 paid active 1500 0", []event{unpaid, arrived}},
		"the bank has paid in that second": {"price_pack 2 paid active 1500 0", []event{unpaid, atOnce}},
		"the bank does not pay":            {"price_pack 2 failed closed 1500 0", []event{unpaid, bounced}},
		"refunded":                         {"price_pack 2 refunded closed 1500 1500", []event{completed, refunded, refundDone}},
		"the refund fails":                 {"price_pack 2 paid active 1500 0", []event{completed, refunded, refundFails}},
		"a part is refunded":               {"price_pack 2 paid active 1500 500", []event{completed, partly}},
		"refunded in parts":                {"price_pack 2 refunded closed 1500 1500", []event{completed, partly, theRest}},
		"disputed":                         {"price_pack 2 disputed closed 1500 0", []event{completed, disputed}},
		"somebody asks":                    {"price_pack 2 paid active 1500 0", []event{completed, inquiry}},
		"disputed and won":                 {"price_pack 2 paid active 1500 0", []event{completed, disputed, won}},
		"disputed, looked at, and won":     {"price_pack 2 paid active 1500 0", []event{completed, disputed, reviewed, won}},
		"disputed and lost":                {"price_pack 2 disputed closed 1500 0", []event{completed, disputed, lost}},
		"late money, refunded, disputed":   {"price_pack 2 disputed closed 1500 1500", []event{unpaid, arrived, refunded, disputed}},
		"subscribed":                       {"price_pro 1 active active 900 0 2027", []event{begun, active}},
		"on trial":                         {"price_pro 1 trialing active 900 0 2027", []event{trial}},
		"as Stripe's older versions say":   {"price_pro 1 active active 900 0 2027", []event{oldStyle}},
		"not paid yet":                     {"price_pro 1 incomplete closed 900 0 2027", []event{begun}},
		"will end":                         {"price_pro 1 active active 900 0 2027 2027", []event{begun, active, ending}},
		"will stay after all":              {"price_pro 1 active active 900 0 2027", []event{active, ending, staying}},
		"will end on a day":                {"price_pro 1 active active 900 0 2027 2025", []event{active, onADay}},
		"more seats":                       {"price_pro 3 active active 2700 0 2027", []event{active, seats}},
		"overdue":                          {"price_pro 1 past_due closed 900 0 2027", []event{begun, active, overdue}},
		"given up in the second of that":   {"price_pro 1 unpaid closed 900 0 2027", []event{active, overdue, givenUp}},
		"paid again":                       {"price_pro 1 active active 900 0 2027", []event{active, overdue, paidAgain}},
		"paused":                           {"price_pro 1 paused closed 900 0 2027", []event{active, paused}},
		"ended":                            {"price_pro 1 canceled closed 900 0 2027 2023", []event{active, ending, ended}},
		"ended for good":                   {"price_pro 1 canceled closed 900 0 2027 2023", []event{ended, lateWord}},
		"another plan":                     {"price_team 5 active active 4500 0 2027", []event{active, switched}},
		"one plan more":                    {"price_pro 1 active active 900 0 2027, price_team 2 active active 1800 0 2027", []event{active, both}},
		"one of each":                      {"price_pack 2 paid active 1500 0, price_pro 1 active active 900 0 2027", []event{completed, active}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, order := range permutations(story.events) {
				f.aside(func(f fixture) {
					f.T = t
					for range 2 {
						for _, e := range order {
							f.arrives(e)
						}
					}
					if got := f.do(ada, bought); got != story.want {
						t.Errorf("after %s: Ada has %q, want %q\n\tin a new migration: %s", kinds(order), got, story.want, fulfilment)
					}
					if open := f.do(server, `select id from public.stripe_catch_up('live', 100)`); open != "" {
						t.Errorf("after %s: still open: %s", kinds(order), open)
					}
					if got := f.do(bob, bought); got != "" {
						t.Errorf("Bob has %q", got)
					}
					if twice := f.do(server, `select id from public.stripe_events where attempts > 1`); twice != "" {
						t.Errorf("after %s: done twice: %s", kinds(order), twice)
					}
				})
			}
		})
	}
}

func permutations(events []event) [][]event {
	if len(events) < 2 {
		return [][]event{events}
	}
	var all [][]event
	for i := range events {
		rest := append(append([]event{}, events[:i]...), events[i+1:]...)
		for _, order := range permutations(rest) {
			all = append(all, append([]event{events[i]}, order...))
		}
	}
	return all
}

func kinds(events []event) string {
	var all []string
	for _, e := range events {
		all = append(all, e.id)
	}
	return strings.Join(all, ", ")
}

// TestStripe_sameSecond: of two events in one second that do not say which came first, the later to arrive
// counts.
func TestStripe_sameSecond(t *testing.T) {
	f := open(t)
	f.started("live")
	f.arrives(active)
	soon := ending
	soon.at = active.at
	f.arrives(soon)
	if got, want := f.do(ada, bought), "price_pro 1 active active 900 0 2027 2027"; got != want {
		t.Errorf("Ada has %q, want %q", got, want)
	}
}

// TestStripe_notOurs: what was not sold to a user of this server gives nobody anything, and is no trouble.
func TestStripe_notOurs(t *testing.T) {
	f := open(t)
	f.started("live")
	stranger := map[string]any{"metadata": map[string]any{"order": "1"}}
	team := map[string]any{"metadata": with(ours, map[string]any{"insforge_subject_type": "team"})}
	for what, e := range map[string]event{
		"a payment link":                 {id: "evt_1", kind: "checkout.session.completed", object: with(checkout, stranger)},
		"a team's checkout":              {id: "evt_1", kind: "checkout.session.completed", object: with(checkout, team)},
		"the checkout of a subscription": {id: "evt_1", kind: "checkout.session.completed", object: with(checkout, map[string]any{"mode": "subscription"})},
		"an expired checkout":            {id: "evt_1", kind: "checkout.session.expired", object: checkout},
		"a stranger's subscription":      {id: "evt_1", kind: "customer.subscription.created", object: with(subscription, stranger)},
		"a team's subscription":          {id: "evt_1", kind: "customer.subscription.created", object: with(subscription, team)},
		"a refund without a payment":     {id: "evt_1", kind: "refund.created", object: with(refund, map[string]any{"payment_intent": nil})},
		"another payment's refund":       {id: "evt_1", kind: "refund.created", object: with(refund, map[string]any{"payment_intent": "pi_other"})},
		"a paid invoice":                 {id: "evt_1", kind: "invoice.paid", object: with(subscription, map[string]any{"object": "invoice"})},
		"a customer":                     {id: "evt_1", kind: "customer.created", object: map[string]any{"id": "cus_1"}},
	} {
		f.aside(func(f fixture) {
			f.arrives(e)
			if got := f.do(root, bought); got != "" {
				t.Errorf("%s gave somebody %s\n\tin a new migration: %s", what, got, fulfilment)
			}
			if open := f.do(server, `select reason from public.stripe_catch_up('live', 100)`); open != "" {
				t.Errorf("%s needs an operator: %s", what, open)
			}
		})
	}
	for what, kind := range map[string]string{"evt_expired": "checkout.session.expired", "evt_invoice": "invoice.paid", "evt_customer": "customer.updated"} {
		f.arrives(event{id: what, kind: kind, object: checkout})
	}
	if noted := f.do(server, `select id from public.stripe_events`); noted != "" {
		t.Errorf("events that say nothing about a purchase are noted: %s", noted)
	}
	// A customer of the same name elsewhere is somebody else, and so is one who is no user.
	f.do(root, `insert into payments.customer_mappings (provider, environment, subject_type, subject_id, provider_customer_id) values
		('razorpay', 'live', 'user', 'wall-test-bob', 'cus_ada'), ('stripe', 'test', 'user', 'wall-test-bob', 'cus_ada'),
		('stripe', 'live', 'team', 'wall-test-bob', 'cus_team'), ('stripe', 'live', 'user', 'wall-test-ada', 'cus_other')`)
	for _, customer := range []string{"cus_ada", "cus_team"} {
		f.arrives(event{id: "evt_of_" + customer, kind: "customer.subscription.created", object: with(with(subscription, stranger), map[string]any{"customer": customer})})
	}
	if got := f.do(root, bought); got != "" {
		t.Errorf("a subscription of some other customer gave somebody %s", got)
	}
	// One that was made at Stripe for a customer who bought here is the customer's.
	f.do(root, `insert into payments.customer_mappings (provider, environment, subject_type, subject_id, provider_customer_id) values ('stripe', 'live', 'user', 'wall-test-bob', 'cus_ada')`)
	f.arrives(event{id: "evt_2", kind: "customer.subscription.created", object: with(subscription, stranger)})
	if got := f.do(bob, `select status from public.purchases`); got != "active" {
		t.Errorf("a subscription made at Stripe for Bob is %q, want active", got)
	}
	// Other providers have events of their own.
	f.do(root, `insert into payments.webhook_events (environment, provider, provider_event_id, event_type, livemode, processing_status, payload)
		values ('live', 'razorpay', 'evt_3', 'refund.created', true, 'processed', '{}')`)
	f.do(server, `select public.stripe_catch_up('live', 100)`)
	if n := f.do(server, `select count(*) from public.stripe_events where id = 'evt_3'`); n != "0" {
		t.Error("an event of another provider was taken for Stripe's")
	}
	// What InsForge is at is left alone until it is done.
	f.do(root, `insert into payments.webhook_events (environment, provider, provider_event_id, event_type, livemode, processing_status, payload)
		values ('live', 'stripe', 'evt_4', 'refund.created', true, 'pending', '{}')`)
	f.do(server, `select public.stripe_catch_up('live', 100)`)
	if n := f.do(server, `select count(*) from public.stripe_events where id = 'evt_4'`); n != "0" {
		t.Error("an event was taken from under InsForge's hands")
	}
}

// TestStripe_environments: what was bought for nothing in the test environment is told apart, and a mixture is
// nobody's.
func TestStripe_environments(t *testing.T) {
	f := open(t)
	f.started("test")
	mixed := completed
	mixed.test = false // its session is of the test environment
	f.arrives(mixed)
	if got, want := f.do(server, `select reason from public.stripe_catch_up('live', 100)`), "InsForge has no checkout of cs_1 for this user"; got != want {
		t.Errorf("a live payment for a test checkout: %q, want %q", got, want)
	}
	if got := f.do(server, `select count(*) from public.stripe_catch_up('test', 100)`); got != "0" {
		t.Error("the test environment has the live one's trouble")
	}
	free := completed
	free.test = true
	f.arrives(free)
	if got := f.do(ada, `select environment from public.purchases`); got != "test" {
		t.Errorf("a test purchase is of the environment %q", got)
	}
	f.do(root, `update payments.webhook_events set payload = jsonb_set(payload, '{livemode}', 'false') where environment = 'live'`)
	if got := f.do(server, `select reason from public.stripe_catch_up('live', 100)`); !strings.Contains(got, "livemode false") {
		t.Errorf("an event that came to the wrong environment: %q", got)
	}
}

// TestStripe_trouble: whatever is wrong, InsForge keeps its event, nothing is half done, and what was not done
// is done later.
func TestStripe_trouble(t *testing.T) {
	f := open(t)
	const openEvents = `select concat_ws(' ', id, attempts) from public.stripe_catch_up('live', 100)`
	for what, trouble := range map[string]struct{ breaks, repairs string }{
		"InsForge has no such checkout": {
			`update payments.stripe_checkout_sessions set id = gen_random_uuid()`,
			`update payments.stripe_checkout_sessions set id = '` + session + `'`,
		},
		"it has no line items": {
			`update payments.stripe_checkout_sessions set line_items = '[]'`,
			`update payments.stripe_checkout_sessions set line_items = '[{"priceId": "price_pack", "quantity": 2}]'`,
		},
		"it was a team's": {
			`update payments.stripe_checkout_sessions set subject_type = 'team'`,
			`update payments.stripe_checkout_sessions set subject_type = 'user'`,
		},
		"it was somebody else's": {
			`update payments.stripe_checkout_sessions set subject_id = 'wall-test-bob'`,
			`update payments.stripe_checkout_sessions set subject_id = 'wall-test-ada'`,
		},
		"purchases cannot be written": {
			`alter table public.purchases add constraint broken check (quantity <> 2)`,
			`alter table public.purchases drop constraint broken`,
		},
	} {
		t.Run(what, func(t *testing.T) {
			f := fixture{t, f.tx}
			f.aside(func(f fixture) {
				f.started("live")
				f.do(root, trouble.breaks)
				f.arrives(completed)
				f.arrives(refunded)
				if got := f.do(root, bought); got != "" {
					t.Errorf("somebody has %s", got)
				}
				if got := f.do(root, `select string_agg(processing_status, ' ') from payments.webhook_events`); got != "processed processed" {
					t.Errorf("InsForge's events are %s", got)
				}
				if got := f.do(server, openEvents); got != "evt_completed 2" {
					t.Errorf("open is %q, want evt_completed, tried twice", got)
				}
				f.do(root, trouble.repairs)
				if got := f.do(server, openEvents); got != "" {
					t.Errorf("after the repair is still open: %s", got)
				}
				if got, want := f.do(ada, bought), "price_pack 2 refunded closed 1500 1500"; got != want {
					t.Errorf("Ada has %q, want %q", got, want)
				}
			})
		})
	}

	// What the trigger has not seen is found, too: before the migration, or while nothing of this worked.
	f.started("live")
	f.aside(func(f fixture) {
		f.arrives(event{id: "evt_other", kind: "refund.created", at: 1, object: with(refund, map[string]any{"id": "re_9", "payment_intent": "pi_other"})})
		f.do(root, `alter table payments.webhook_events disable trigger stripe_fulfil`)
		f.arrives(completed)
		f.do(server, openEvents)
		if got, want := f.do(ada, bought), "price_pack 2 paid active 1500 0"; got != want {
			t.Errorf("what the trigger missed: Ada has %q, want %q", got, want)
		}
	})
	f.aside(func(f fixture) {
		f.do(root, `alter table public.stripe_events rename to elsewhere`)
		f.arrives(completed) // not even a note can be made, and InsForge is not held up
		f.do(root, `alter table public.elsewhere rename to stripe_events`)
		f.do(server, openEvents)
		if got, want := f.do(ada, bought), "price_pack 2 paid active 1500 0"; got != want {
			t.Errorf("what could not be noted: Ada has %q, want %q", got, want)
		}
	})
	// Whatever fails again and again does not keep the rest waiting, and each look has a limit.
	f.aside(func(f fixture) {
		broken := with(checkout, map[string]any{"metadata": with(ours, map[string]any{"insforge_subject_id": "wall-test-eve"})})
		f.arrives(event{id: "evt_broken_1", kind: "checkout.session.completed", object: broken})
		f.arrives(event{id: "evt_broken_2", kind: "checkout.session.completed", object: broken})
		f.do(root, `alter table payments.webhook_events disable trigger stripe_fulfil`)
		f.arrives(completed)
		f.arrives(partly)
		if got := f.do(server, `select count(*) from public.stripe_catch_up('live', 1)`); got != "1" {
			t.Errorf("with a limit of one, %s open events are told", got)
		}
		if got := f.do(server, `select count(*) from public.stripe_events where outcome = 'applied'`); got != "1" {
			t.Errorf("with a limit of one, %s missed events are applied, want one that was never tried", got)
		}
	})
	// An event that InsForge itself did not get done with has happened all the same.
	f.aside(func(f fixture) {
		f.arrives(completed)
		f.do(root, `delete from public.purchases; delete from public.stripe_states; delete from public.stripe_events; update payments.webhook_events set processing_status = 'failed'`)
		if got, want := f.do(ada, bought), "price_pack 2 paid active 1500 0"; got != want {
			t.Errorf("what InsForge failed at: Ada has %q, want %q", got, want)
		}
	})
}

// functionsOfStripe are the server's and the triggers'.
var functionsOfStripe = []string{
	"public.stripe_remember(text, text, text, text, bigint, jsonb)", "public.stripe_settle(text)", "public.stripe_apply(text, jsonb)",
	"public.stripe_note(text, text, jsonb)", "public.stripe_concerns(text)", "public.stripe_fulfil()",
	"public.stripe_catch_up(text, integer)", "public.purchases_forget()",
}

// TestPurchases_closed: users read their own purchases, and nobody but the server writes any; also where
// somebody granted more.
func TestPurchases_closed(t *testing.T) {
	f := open(t)
	functions := strings.Join(functionsOfStripe, ", ")
	f.again("stripe-purchases", `grant all on public.purchases, public.stripe_states, public.stripe_events to public, anon, authenticated;
		alter table public.purchases disable row level security; alter table public.stripe_states disable row level security;
		grant execute on function `+functions+` to public, anon, authenticated; revoke all on function public.stripe_catch_up(text, integer) from project_admin`)
	f.started("live")
	f.arrives(completed)
	const revoke = "revoke all on … from public, anon, authenticated;"
	f.check(
		probe{"reading one's own purchases", ada, `select id from public.purchases`, "1 row", "the policy purchases_select_own"},
		probe{"reading those of others", bob, `select id from public.purchases`, "0 rows", "the policy purchases_select_own"},
		probe{"reading purchases", nameless, `select id from public.purchases`, "0 rows", "the policy purchases_select_own"},
		probe{"reading purchases", anonymous, `select id from public.purchases`, denied, revoke},
		probe{"looking for what was missed", server, `select count(*) from public.stripe_catch_up('live', 10)`, "1 row", "grant execute on function … to project_admin;"},
	)
	for _, who := range users {
		f.check(
			probe{"making a purchase", who, `insert into public.purchases (id, price_id, environment, user_id, mode, quantity, status, bought_at)
				values ('cs_2', 'price_pack', 'live', 'wall-test-ada', 'payment', 1, 'paid', now())`, denied, revoke},
			probe{"changing purchases", who, `update public.purchases set status = 'paid'`, denied, revoke},
			probe{"removing purchases", who, `delete from public.purchases`, denied, revoke},
			probe{"emptying the table", who, `truncate public.purchases`, denied, revoke},
			probe{"reading states", who, `select id from public.stripe_states`, denied, revoke},
			probe{"writing states", who, `update public.stripe_states set status = 'paid'`, denied, revoke},
			probe{"reading events", who, `select id from public.stripe_events`, denied, revoke},
			probe{"writing events", who, `delete from public.stripe_events`, denied, revoke},
			probe{"looking for what was missed", who, `select public.stripe_catch_up('live', 10)`, denied, "revoke all on function … from public, anon, authenticated;"},
			probe{"applying an event of one's own", who, `select public.stripe_apply('live', '{}')`, denied, "revoke all on function … from public, anon, authenticated;"},
			probe{"noting an event of one's own", who, `select public.stripe_note('live', 'evt', '{}')`, denied, "revoke all on function … from public, anon, authenticated;"},
			probe{"reading InsForge's events", who, `select id from payments.webhook_events`, denied, "InsForge keeps these to itself"},
		)
	}
	for _, role := range []string{"public", "anon", "authenticated"} {
		for _, function := range functionsOfStripe {
			f.holds(role+" may not call "+function, fmt.Sprintf("not has_function_privilege('%s', '%s', 'EXECUTE')", role, function),
				"revoke all on function … from public, anon, authenticated;")
		}
	}
	for _, function := range functionsOfStripe {
		// The trigger acts as project_admin, and not with all the rights of InsForge. The others act as who calls them.
		f.holds("whose rights count in "+function, fmt.Sprintf(`(select prosecdef = (proname = 'stripe_fulfil') and proowner = 'project_admin'::regrole
			from pg_proc where oid = '%s'::regprocedure)`, function), "alter function … security invoker, or definer for stripe_fulfil;")
	}
}

// TestPurchases_shape: each policy, and what the functions rely on, is as the migrations made it.
func TestPurchases_shape(t *testing.T) {
	f := open(t)
	const ours = `polrelid in ('public.purchases'::regclass, 'public.stripe_states'::regclass, 'public.stripe_events'::regclass)
		or polname like 'stripe\_%' and polrelid in ('payments.stripe_checkout_sessions'::regclass, 'payments.stripe_customer_portal_sessions'::regclass)`
	const tables = `in ('public.purchases'::regclass, 'public.stripe_states'::regclass, 'public.stripe_events'::regclass)`
	const own = `((subject_type = 'user'::text) AND (subject_id = ( SELECT public.requesting_user_id() AS requesting_user_id)))`
	f.do(root, `set local search_path = ''`) // names are written in full then
	for what, tt := range map[string]struct {
		sql  string
		want []string
	}{
		"policies": {
			`select concat_ws(' ', polname, polcmd, (select string_agg(r::regrole::text, ',') from unnest(polroles) as r), pg_get_expr(polqual, polrelid), '/', pg_get_expr(polwithcheck, polrelid))
				from pg_policy where ` + ours + ``,
			[]string{
				"purchases_select_own r authenticated (user_id = ( SELECT public.requesting_user_id() AS requesting_user_id)) /",
				"purchases_server * project_admin true / true",
				"stripe_checkout_own_insert a authenticated / " + own,
				"stripe_checkout_own_select r authenticated " + own + " /",
				"stripe_events_server * project_admin true / true",
				"stripe_portal_own_insert a authenticated / " + own,
				"stripe_portal_own_select r authenticated " + own + " /",
				"stripe_states_server * project_admin true / true",
			},
		},
		"what may be missing": {
			`select concat_ws('.', attrelid::regclass, attname) from pg_attribute where attrelid ` + tables + ` and attnum > 0 and not attnotnull`,
			[]string{
				"public.purchases.amount", "public.purchases.currency", "public.purchases.ends_at", "public.purchases.payment_intent", "public.purchases.period_end",
				"public.stripe_events.detail", "public.stripe_events.outcome",
				"public.stripe_states.amount", "public.stripe_states.payment_intent", "public.stripe_states.previous",
			},
		},
		"constraints": {
			`select concat_ws(' ', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint where conrelid ` + tables + ` and contype <> 'n'`,
			[]string{
				"public.purchases CHECK ((environment = ANY (ARRAY['test'::text, 'live'::text])))",
				"public.purchases CHECK ((mode = ANY (ARRAY['payment'::text, 'subscription'::text])))",
				"public.purchases CHECK ((quantity > 0))",
				"public.purchases CHECK ((user_id <> ''::text))",
				"public.purchases PRIMARY KEY (id, price_id)",
				"public.stripe_events CHECK ((environment = ANY (ARRAY['test'::text, 'live'::text])))",
				"public.stripe_events CHECK ((outcome = ANY (ARRAY['applied'::text, 'ignored'::text])))",
				"public.stripe_events PRIMARY KEY (environment, id)",
				"public.stripe_states PRIMARY KEY (id)",
			},
		},
		"indexes": {
			`select pg_get_indexdef(indexrelid) from pg_index where indrelid ` + tables + ` and not indisprimary`,
			[]string{
				"CREATE INDEX purchases_payment_intent_idx ON public.purchases USING btree (payment_intent)",
				"CREATE INDEX purchases_user_id_bought_at_idx ON public.purchases USING btree (user_id, bought_at DESC)",
				"CREATE INDEX stripe_events_open_idx ON public.stripe_events USING btree (environment) WHERE (outcome IS NULL)",
				"CREATE INDEX stripe_states_payment_intent_idx ON public.stripe_states USING btree (payment_intent)",
			},
		},
		"defaults": {
			`select concat_ws(' ', adrelid::regclass, attname, pg_get_expr(adbin, adrelid)) from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum
				where adrelid ` + tables + ``,
			[]string{
				"public.purchases active (status = ANY (ARRAY['paid'::text, 'active'::text, 'trialing'::text]))",
				"public.purchases amount_refunded 0",
				"public.stripe_events attempts 1",
				"public.stripe_events first_at now()",
			},
		},
	} {
		if got, want := f.do(root, `select line from (`+tt.sql+`) as all_of_them (line) order by line collate "C"`), strings.Join(tt.want, "\n"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s\n\tin a new migration: as in those of stripe-purchases and stripe-checkout", what, got, want)
		}
	}
}

// TestCheckout_ownOnly: users start checkouts and open the portal for themselves alone.
func TestCheckout_ownOnly(t *testing.T) {
	f := open(t)
	f.again("stripe-checkout", `drop policy stripe_checkout_own_insert on payments.stripe_checkout_sessions;
		alter table payments.stripe_checkout_sessions disable row level security; alter table payments.stripe_customer_portal_sessions disable row level security`)
	f.started("live")
	start := func(kind, id string) string {
		return fmt.Sprintf(`insert into payments.stripe_checkout_sessions (environment, mode, subject_type, subject_id, line_items, success_url, cancel_url, idempotency_key)
			values ('live', 'payment', %s, %s, '[]', 'https://a.example', 'https://a.example', 'key')
			on conflict (environment, idempotency_key) where idempotency_key is not null do nothing`, kind, id)
	}
	manage := func(kind, id string) string {
		return fmt.Sprintf(`insert into payments.stripe_customer_portal_sessions (environment, subject_type, subject_id) values ('live', '%s', '%s')`, kind, id)
	}
	const policies = "the policies of the stripe-checkout migration"
	for _, table := range []string{"payments.stripe_checkout_sessions", "payments.stripe_customer_portal_sessions"} {
		f.holds("row level security is on", "(select relrowsecurity from pg_class where oid = '"+table+"'::regclass)", "alter table "+table+" enable row level security;")
	}
	f.check(
		probe{"buying for oneself", ada, start("'user'", "'wall-test-ada'"), "1 row", policies},
		probe{"seeing one's own checkout", ada, `select id from payments.stripe_checkout_sessions`, "1 row", policies},
		probe{"seeing the checkouts of others", bob, `select id from payments.stripe_checkout_sessions`, "0 rows", policies},
		probe{"opening one's own portal", ada, manage("user", "wall-test-ada"), "1 row", policies},
	)
	for _, who := range []caller{bob, nameless, anonymous} {
		f.check(
			probe{"buying for somebody else", who, start("'user'", "'wall-test-ada'"), denied, policies},
			probe{"buying as a guest", who, start("null", "null"), denied, policies},
			probe{"buying for a team", who, start("'team'", "'wall-test-bob'"), denied, policies},
			probe{"opening the portal of somebody else", who, manage("user", "wall-test-ada"), denied, policies},
			probe{"opening the portal of a team", who, manage("team", "wall-test-bob"), denied, policies},
			probe{"seeing checkouts", who, `select id from payments.stripe_checkout_sessions`, "0 rows", policies},
			probe{"seeing portals", who, `select id from payments.stripe_customer_portal_sessions`, "0 rows", policies},
		)
	}
}

// TestPurchases_forget: a user's purchases go with the user, and those of others stay.
func TestPurchases_forget(t *testing.T) {
	f := open(t)
	f.started("live")
	f.do(server, `select public.see_user('wall-test-ada', 'Ada', null), public.see_user('wall-test-bob', 'Bob', null)`)
	f.arrives(completed)
	f.do(server, `select public.delete_user('wall-test-bob')`)
	if got := f.do(server, `select count(*) from public.purchases`); got != "1" {
		t.Errorf("after Bob is gone there are %s purchases, want Ada's", got)
	}
	f.do(server, `select public.delete_user('wall-test-ada')`)
	if got := f.do(server, `select count(*) from public.purchases`); got != "0" {
		t.Errorf("after Ada is gone there are %s purchases, want none", got)
	}
}
