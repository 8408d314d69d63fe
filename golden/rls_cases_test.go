package golden

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/insforge/forge/internal/insforgetest"
)

const (
	idA    = "00000000-0000-0000-0000-00000000000a"
	idB    = "00000000-0000-0000-0000-00000000000b"
	idFree = "00000000-0000-0000-0000-0000000000ee"
)

// rlsCases are requests for more than a verb and a row. There is one todo of each
// of A, B, somebody gone and nobody. Want is the status, Content-Range where
// rows were counted, the body or the error's code, and what became of the table;
// of PostgREST | of the gateway, where they differ.
var rlsCases = []struct{ name, who, method, path, body, prefer, want string }{
	{"all rows", "user A", "GET", "todos?select=user_id", "", "count=exact", `200 0-0/1 [{"user_id":"user_a"}]`},
	{"all rows of B", "user B", "GET", "todos?select=user_id", "", "count=exact", `200 0-0/1 [{"user_id":"user_b"}]`},
	{"a count alone", "user A", "HEAD", "todos", "", "count=exact", `200 0-0/1`},
	{"rows of B", "user A", "GET", "todos?user_id=eq.user_b", "", "count=exact", `200 */0 []`},
	{"all but own", "user A", "GET", "todos?user_id=neq.user_a", "", "count=exact", `200 */0 []`},
	{"not own", "user A", "GET", "todos?user_id=not.eq.user_a", "", "count=exact", `200 */0 []`},
	{"or", "user A", "GET", "todos?select=user_id&or=(user_id.eq.user_b,id.eq." + idB + ",title.neq.zz)", "", "count=exact", `200 0-0/1 [{"user_id":"user_a"}]`},
	{"in", "user A", "GET", "todos?select=user_id&user_id=in.(user_b,user_gone,\"\")", "", "count=exact", `200 */0 []`},
	{"in, with own", "user A", "GET", "todos?select=user_id&id=in.(" + idA + "," + idB + ")", "", "count=exact", `200 0-0/1 [{"user_id":"user_a"}]`},
	{"like", "user A", "GET", "todos?select=user_id&user_id=like.*", "", "count=exact", `200 0-0/1 [{"user_id":"user_a"}]`},
	{"no owner", "no sub", "GET", "todos?user_id=eq.", "", "count=exact", `200 */0 [] | 401 AUTH_UNAUTHORIZED`},
	{"no owner, named", "no sub", "GET", "todos?user_id=is.null", "", "count=exact", `200 */0 [] | 401 AUTH_UNAUTHORIZED`},
	{"beyond the own rows", "user A", "GET", "todos?offset=2&limit=1", "", "count=exact", `416 PGRST103`},
	{"an alias", "user A", "GET", "todos?select=owner:user_id,t:title&order=user_id.desc", "", "", `200 [{"owner":"user_a","t":"a"}]`},
	{"a cast", "user A", "GET", "todos?select=o:user_id::text", "", "", `200 [{"o":"user_a"}]`},
	{"an embedded table", "user A", "GET", "todos?select=id,payments(payer)", "", "", `400 PGRST200`},
	{"an aggregate", "user A", "GET", "todos?select=id.count()", "", "", `400 PGRST123`},
	{"one object of B", "user A", "GET", "todos?id=eq." + idB, "", "object", `406 PGRST116`},
	{"the plan", "user A", "GET", "todos", "", "plan", `415 PGRST107`},

	{"named as B's", "user A", "POST", "todos", `[{"title":"x","user_id":"user_b"}]`, "return=representation", `403 42501`},
	{"named as B's, unseen", "user A", "POST", "todos", `[{"title":"x","user_id":"user_b"}]`, "return=minimal", `403 42501`},
	{"named as own", "user A", "POST", "todos", `[{"title":"x","user_id":"user_a"}]`, "return=representation", `403 42501`},
	{"named as nobody's", "user A", "POST", "todos", `[{"title":"x","user_id":null}]`, "return=representation", `403 42501`},
	{"with an id", "user A", "POST", "todos", `[{"title":"x","id":"` + idFree + `"}]`, "return=representation", `403 42501`},
	{"with B's id", "user A", "POST", "todos", `[{"title":"x","id":"` + idB + `"}]`, "return=representation", `403 42501`},
	{"with its time", "user A", "POST", "todos", `[{"title":"x","created_at":"2000-01-01"}]`, "return=representation", `403 42501`},
	{"own and B's", "user A", "POST", "todos?select=user_id", `[{"title":"x","user_id":"user_a"},{"title":"y","user_id":"user_b"}]`, "return=representation", `403 42501`},
	{"unlike rows", "user A", "POST", "todos?select=user_id", `[{"title":"x"},{"title":"y","user_id":"user_b"}]`, "return=representation", `400 PGRST102`},
	{"unlike rows, filled", "user A", "POST", "todos?select=user_id&columns=title,user_id", `[{"title":"x"},{"title":"y","user_id":"user_b"}]`, "return=representation,missing=default", `403 42501`},
	{"an owner that is not asked for", "user A", "POST", "todos?select=user_id&columns=title", `[{"title":"x"},{"title":"y","user_id":"user_b"}]`, "return=representation", `201 [{"user_id":"user_a"},{"user_id":"user_a"}] added:user_a,added:user_a`},
	{"two own", "user A", "POST", "todos?select=user_id", `[{"title":"x"},{"title":"y"}]`, "return=representation", `201 [{"user_id":"user_a"},{"user_id":"user_a"}] added:user_a,added:user_a`},
	{"one good, one too long", "user A", "POST", "todos", `[{"title":"x"},{"title":""}]`, "return=representation", `400 23514`},

	{"given to B", "user A", "PATCH", "todos?id=eq." + idA, `{"user_id":"user_b"}`, "return=representation", `403 42501`},
	{"given to nobody", "user A", "PATCH", "todos?id=eq." + idA, `{"user_id":null}`, "return=representation", `403 42501`},
	{"given to oneself", "user A", "PATCH", "todos?id=eq." + idA, `{"user_id":"user_a"}`, "return=representation", `403 42501`},
	{"B's, taken", "user A", "PATCH", "todos?id=eq." + idB, `{"user_id":"user_a"}`, "return=representation", `403 42501`},
	{"another id", "user A", "PATCH", "todos?id=eq." + idA, `{"id":"` + idFree + `"}`, "return=representation", `403 42501`},
	{"its time", "user A", "PATCH", "todos?id=eq." + idA, `{"updated_at":"2000-01-01"}`, "return=representation", `403 42501`},
	{"every row", "user A", "PATCH", "todos?select=user_id&title=not.is.null", `{"title":"x"}`, "return=representation,count=exact", `200 0-0/1 [{"user_id":"user_a"}] changed:user_a's:title`},
	{"own and B's, changed", "user A", "PATCH", "todos?select=user_id&id=in.(" + idA + "," + idB + ")", `{"title":"x"}`, "return=representation", `200 [{"user_id":"user_a"}] changed:user_a's:title`},
	{"B's, changed", "user A", "PATCH", "todos?user_id=eq.user_b", `{"title":"x"}`, "return=representation,count=exact", `200 */0 []`},
	{"every row, gone", "user A", "DELETE", "todos?select=user_id&title=not.is.null", "", "return=representation,count=exact", `200 */1 [{"user_id":"user_a"}] removed:user_a's`},
	{"B's, gone", "user A", "DELETE", "todos?user_id=eq.user_b", "", "return=representation,count=exact", `200 */0 []`},

	{"own, given to B", "user A", "POST", "todos?on_conflict=id", `[{"id":"` + idA + `","title":"x","user_id":"user_b"}]`, "return=representation,resolution=merge-duplicates", `403 42501`},
	{"B's, taken by its id", "user A", "POST", "todos?on_conflict=id", `[{"id":"` + idB + `","title":"x","user_id":"user_a"}]`, "return=representation,resolution=merge-duplicates", `403 42501`},
	{"B's, by its id alone", "user A", "POST", "todos?on_conflict=id", `[{"id":"` + idB + `","title":"x"}]`, "return=representation,resolution=merge-duplicates", `403 42501`},
	{"B's, tried for being there", "user A", "POST", "todos?on_conflict=id", `[{"id":"` + idB + `","title":"x"}]`, "return=representation,resolution=ignore-duplicates", `403 42501`},
	{"own and B's, merged", "user A", "POST", "todos?on_conflict=id", `[{"id":"` + idA + `","title":"x"},{"id":"` + idB + `","title":"x"}]`, "return=representation,resolution=merge-duplicates", `403 42501`},
	{"without an id", "user A", "POST", "todos?select=user_id&on_conflict=id", `[{"title":"x"}]`, "return=representation,resolution=merge-duplicates", `201 [{"user_id":"user_a"}] added:user_a`},
	{"by the owner", "user A", "POST", "todos?on_conflict=user_id", `[{"title":"x"}]`, "return=representation,resolution=merge-duplicates", `400 42P10`},
	{"put", "user A", "PUT", "todos?id=eq." + idB, `{"id":"` + idB + `","user_id":"user_a","title":"x","done":false,"created_at":"2000-01-01","updated_at":"2000-01-01"}`, "return=representation", `403 42501`},
	{"an id twice", "API key", "POST", "todos", `[{"id":"` + idB + `","title":"x","user_id":"user_a"}]`, "return=representation", `409 23505`},
	{"the ledger's key twice", "API key", "POST", "payments", `[{"network":"eip155:196","asset":"0xa","payer":"0xb","nonce":"0x1","recipient":"0xc","amount":1,"valid_before":9,"resource":"/","fingerprint":"f","facilitator":"o","state":"claimed","claim":"` + idFree + `","claimed_until":"infinity"}]`, "", `409 23505`},
}

func checkCases(t *testing.T, w *wall, whos []person) {
	ran := 0
	newWall(t, w.p, paymentsWall) // its row
	for _, test := range rlsCases {
		who := whos[slices.IndexFunc(whos, func(p person) bool { return p.name == test.who })]
		for _, way := range []string{"postgrest", "gateway"} {
			w.reset(t)
			headers := []string{"Prefer", test.prefer}
			switch test.prefer {
			case "object":
				headers = []string{"Accept", "application/vnd.pgrst.object+json"}
			case "plan":
				headers = []string{"Accept", "application/vnd.pgrst.plan"}
			}
			var body any
			if test.body != "" {
				body = test.body
			}
			r := who.ask(t, w.p, way, test.method, test.path, body, headers...)
			got := fmt.Sprint(r.status)
			if r.code != "" {
				got += " " + r.code
			} else {
				if strings.Contains(test.prefer, "count=") {
					got += " " + r.header.Get("Content-Range")
				}
				if r.body != "" {
					data, err := json.Marshal(r.rows)
					if err != nil {
						t.Fatal(err)
					}
					got += " " + string(data)
				}
			}
			if effect := w.effect(t); effect != "" {
				got += " " + effect
			}
			want, other, differ := strings.Cut(test.want, " | ")
			if differ && way == "gateway" {
				want = other
			}
			if got != want {
				t.Errorf("%s %s: %s %s %s: %s, want %s", test.who, way, test.name, test.method, test.path, got, want)
			}
			ran++
		}
	}
	if ran != 2*len(rlsCases) {
		t.Errorf("%d requests ran, want %d", ran, 2*len(rlsCases))
	}
	t.Logf("%d requests", ran)
}

// functions are what the migrations define besides accountFunctions. The ones that
// triggers call are no API, and the ledger's are the server's.
var functions = []string{"claim_payment", "move_payment", "release_payment", "begin_settlement", "lease_payments", "note_payment", "forget_payments", "payments_version", "payment_totals", "payments_publish", "todos_set_updated_at", "requesting_user_id"}

var arguments = map[string]map[string]any{
	"claim_payment": {
		"p_claim": idFree, "p_network": "eip155:196", "p_asset": "0xa", "p_payer": "0xb", "p_nonce": "0x2", "p_recipient": "0xc",
		"p_amount": 1, "p_valid_before": 9, "p_resource": "/r", "p_fingerprint": "f", "p_facilitator": "okx",
	},
	"move_payment":    {"p_claim": paymentClaim, "p_state": "verified"},
	"release_payment": {"p_claim": paymentClaim},
	// The payment is neither verified nor open, nor at its end, so it stays as it is.
	"begin_settlement": {"p_claim": paymentClaim, "p_settlement": "s", "p_answer": "a"},
	"lease_payments":   {"p_facilitator": "okx", "p_limit": 1, "p_now": true},
	"see_user":         {"p_user_id": "user_b", "p_name": "Eve", "p_email": nil},
	"delete_user":      {"p_user_id": "user_b"},
	"begin_session": {
		"p_id": newSessionID, "p_replaces": sessionID, "p_user_id": "user_b", "p_name": "Eve", "p_email": nil,
		"p_sealed": "x", "p_renew_at": nil, "p_expires_at": "2999-01-01T00:00:00Z",
	},
	"lease_session": {"p_id": sessionID, "p_renew_at": "2000-01-01T00:00:00Z"},
	"note_payment":  {"p_claim": paymentClaim, "p_transaction": nil, "p_reason": "r"},
}

// call runs a function and says what became of the ledger, and what came back
// where that is of interest.
func (w *wall) call(t *testing.T, who person, way, function, _ string) string {
	t.Helper()
	w.reset(t)
	var r reply
	value := "ok"
	if way == "sql" {
		named, args := []string{}, []any{pgx.QueryExecModeSimpleProtocol}
		for name, arg := range arguments[function] {
			args = append(args, arg)
			named = append(named, fmt.Sprintf("%s => $%d", name, len(args)-1))
		}
		r = w.run(t, who, "select jsonb_build_object('value', public."+function+"("+strings.Join(named, ", ")+"))", args...)
		if function == "requesting_user_id" && len(r.rows) == 1 {
			if value = "null"; r.rows[0]["value"] != nil {
				value = fmt.Sprint(r.rows[0]["value"])
			}
		}
	} else {
		args := arguments[function]
		if args == nil {
			args = map[string]any{}
		}
		r = who.ask(t, w.p, way, "POST", "rpc/"+function, args)
		if function == "requesting_user_id" {
			value = strings.Trim(r.body, `"`)
		}
	}
	if r.code != "" {
		value = r.code
	}
	if r.status != 0 {
		value = fmt.Sprintf("%d/%s", r.status, value)
	}
	if effect := w.effect(t); effect != "" {
		value += "(" + effect + ")"
	}
	return value
}

// checkViews looks at todos through two views. The one that runs as its owner
// leaks, to anon too, and lets others write: that the probe can see such a hole
// is why its silence about the table means something.
func checkViews(t *testing.T, p *insforgetest.Project, whos []person) {
	if err := p.Migrate(t.Context(), "9000_views.sql", `
		create view public.tight with (security_invoker = true) as select * from public.todos;
		create view public.leaky as select * from public.todos`); err != nil {
		t.Fatal(err)
	}
	w := newWall(t, p, todosWall)
	checkCells(t, viewsCells, whos, []string{"sql", "postgrest", "gateway"}, []string{"select", "update"}, []string{"tight", "leaky"},
		func(t *testing.T, who person, way, verb, view string) string {
			w.dirty = true
			w.reset(t)
			switch {
			case way == "sql" && verb == "select":
				return w.run(t, who, "select to_jsonb(t) from public."+view+" as t").String()
			case way == "sql":
				return w.run(t, who, "update public."+view+" as t set title = 'x' returning to_jsonb(t)").String()
			case verb == "select":
				return who.ask(t, p, way, "GET", view, nil).String()
			}
			return who.ask(t, p, way, "PATCH", view+"?title=not.is.null", `{"title":"x"}`, "Prefer", "return=representation").String()
		})
}

// checkRealtime subscribes and sends as everybody: on the channel of payments, on
// one with the policy that the migration suggests, on one without, and on the
// channel of payments of a project without the migrations, where all may.
func checkRealtime(t *testing.T, server *insforgetest.Server, p *insforgetest.Project, whos []person) {
	const channel = `insert into realtime.channels (pattern) values `
	superuser(t, p, channel+`('news'), ('other')`)
	if err := p.Apply(t.Context(), `create policy news_subscribe on realtime.channels for select to authenticated using (pattern = 'news')`); err != nil {
		t.Fatal(err)
	}
	fresh, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	if err := fresh.Apply(t.Context(), channel+`('payments')`); err != nil {
		t.Fatal(err)
	}
	uuid := insforgetest.Caller{Role: "authenticated", Sub: idA} // what a sender has to be
	whos = append(slices.Clone(whos), person{name: "uuid user", caller: uuid})
	checkCells(t, realtimeCells, whos, []string{"socket"}, []string{"subscribe", "send"}, []string{"payments", "news", "other", "fresh"},
		func(t *testing.T, who person, _, verb, channel string) string {
			d := p.Database
			if channel == "fresh" {
				d, channel = fresh, "payments"
			}
			switch {
			case who.refusal != nil:
				return errorCode(who.refusal)
			case verb == "send":
				if err := d.Send(t.Context(), who.caller, channel, "payment_settled", json.RawMessage(`{}`)); err != nil {
					return errorCode(err)
				}
				return "sent"
			case d.MaySubscribe(t.Context(), who.caller, channel):
				return "yes"
			}
			return "no"
		})
	// What was refused has not arrived, and what was sent has, from both admins.
	var messages int
	if err := newWall(t, p, paymentsWall).db.QueryRow(t.Context(), `select count(*) from realtime.messages
		where event_name = 'payment_settled' or sender_type = 'user'`).Scan(&messages); err != nil || messages != 6 {
		t.Errorf("%d messages were stored (%v), want 6", messages, err)
	}
}
