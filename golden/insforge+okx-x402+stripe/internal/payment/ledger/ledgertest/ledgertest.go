// Package ledgertest stands in for the database functions of the payments
// migration, in memory and over HTTP, so that tests need no database.
package ledgertest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"example.com/shop/internal/insforge"
)

// Key is the only credential the database accepts.
const Key = "ik_ledgertest0"

// Row is one payment, by column.
type Row map[string]any

// Database is a payments table.
type Database struct {
	*insforge.Client

	// Fail, when set, decides which calls fail. It is told the called function
	// and its arguments, and must not be changed while calls are made.
	Fail func(function string, args map[string]string) bool

	mu   sync.Mutex
	rows []Row
}

// steps is the order in which payments move.
var steps = map[string][]string{
	"claimed":  {"verified"},
	"verified": {"settling"},
	"settling": {"settled", "failed", "unknown"},
	"unknown":  {"settled", "failed"},
}

// New starts an empty database that ends with the test.
func New(t testing.TB) *Database {
	t.Helper()
	db := &Database{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/database/records/payments", db.list)
	mux.HandleFunc("POST /api/database/rpc/{function}", db.call)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	db.Client = insforge.New(insforge.Config{URL: server.URL, APIKey: Key})
	return db
}

// Rows returns a copy of the table, oldest first.
func (db *Database) Rows() []Row {
	db.mu.Lock()
	defer db.mu.Unlock()
	rows := make([]Row, len(db.rows))
	for i, row := range db.rows {
		rows[i] = make(Row, len(row))
		for column, value := range row {
			rows[i][column] = value
		}
	}
	return rows
}

// Abandon makes all claims run out.
func (db *Database) Abandon() {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, row := range db.rows {
		row["abandoned"] = true
	}
}

// list answers rows that equal the query's filters, newest first.
func (db *Database) list(w http.ResponseWriter, r *http.Request) {
	if !authorized(w, r) {
		return
	}
	if db.Fail != nil && db.Fail("select", nil) {
		answer(w, http.StatusInternalServerError, Row{"code": "XX000", "message": "out of order"})
		return
	}
	rows := slices.DeleteFunc(db.Rows(), func(row Row) bool {
		for column, values := range r.URL.Query() {
			if value, filter := strings.CutPrefix(values[0], "eq."); filter && row[column] != value {
				return true
			}
		}
		return false
	})
	slices.Reverse(rows)
	query := r.URL.Query()
	from, _ := strconv.Atoi(query.Get("offset"))
	if from > len(rows) {
		answer(w, http.StatusRequestedRangeNotSatisfiable, Row{"code": "PGRST103", "message": "Requested range not satisfiable"})
		return
	}
	to := len(rows)
	if limit, err := strconv.Atoi(query.Get("limit")); err == nil {
		to = min(from+limit, to)
	}
	page := make([]Row, 0, to-from)
	for _, row := range rows[from:to] {
		shown := Row{}
		for column := range strings.SplitSeq(query.Get("select"), ",") {
			column, _, _ = strings.Cut(column, "::")
			shown[column] = row[column]
		}
		page = append(page, shown)
	}
	w.Header().Set("Content-Range", fmt.Sprintf("*/%d", len(rows)))
	answer(w, http.StatusOK, page)
}

func (db *Database) call(w http.ResponseWriter, r *http.Request) {
	if !authorized(w, r) {
		return
	}
	var args map[string]string
	if err := json.NewDecoder(r.Body).Decode(&args); err != nil {
		answer(w, http.StatusBadRequest, Row{"code": "22P02", "message": err.Error()})
		return
	}
	function := r.PathValue("function")
	if db.Fail != nil && db.Fail(function, args) {
		answer(w, http.StatusInternalServerError, Row{"code": "XX000", "message": "out of order"})
		return
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	switch function {
	case "claim_payment":
		answer(w, http.StatusOK, db.claim(args))
	case "move_payment":
		if db.taken(args) {
			answer(w, http.StatusConflict, Row{"code": "23505", "message": "duplicate key value"})
			return
		}
		answer(w, http.StatusOK, db.move(args))
	case "begin_settlement":
		answer(w, http.StatusOK, db.begin(args))
	case "lease_payments":
		answer(w, http.StatusOK, db.lease(args))
	case "note_payment":
		answer(w, http.StatusOK, db.note(args))
	case "forget_payments":
		answer(w, http.StatusOK, 0)
	case "payments_version":
		answer(w, http.StatusOK, db.version())
	case "payment_totals":
		answer(w, http.StatusOK, Row{"version": db.version(), "totals": db.totals()})
	case "release_payment":
		before := len(db.rows)
		db.rows = slices.DeleteFunc(db.rows, func(row Row) bool {
			return row["claim"] == args["p_claim"] && (row["state"] == "claimed" || row["state"] == "verified")
		})
		answer(w, http.StatusOK, len(db.rows) < before)
	default:
		answer(w, http.StatusNotFound, Row{"code": "PGRST202", "message": "no such function"})
	}
}

func (db *Database) claim(args map[string]string) Row {
	var held Row
	for _, row := range db.rows {
		if row["payer"] == args["p_payer"] && row["nonce"] == args["p_nonce"] {
			held = row
		}
	}
	if held == nil {
		held = Row{"created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z"}
		db.rows = append(db.rows, held)
	}
	if held["state"] == nil || held["state"] == "failed" {
		for name, value := range args {
			held[strings.TrimPrefix(name, "p_")] = value
		}
		held["state"], held["transaction"], held["reason"] = "claimed", nil, nil
	}
	return Row{
		"won":         held["claim"] == args["p_claim"] && held["state"] == "claimed",
		"state":       held["state"],
		"fingerprint": held["fingerprint"],
		"transaction": held["transaction"],
	}
}

func (db *Database) begin(args map[string]string) bool {
	for _, row := range db.rows {
		if row["claim"] == args["p_claim"] && (row["state"] == "verified" || row["state"] == "settling") {
			row["state"], row["settlement"], row["answer"] = "settling", args["p_settlement"], args["p_answer"]
			return true
		}
	}
	return false
}

func (db *Database) lease(args map[string]string) []Row {
	leased := []Row{}
	for _, row := range db.rows {
		open := row["state"] == "unknown" || row["state"] == "settling" && row["abandoned"] == true
		if open && row["facilitator"] == args["p_facilitator"] && (args["p_now"] == "true" || row["leased"] == nil) {
			row["state"], row["leased"] = "unknown", true
			leased = append(leased, row)
		}
	}
	return leased
}

func (db *Database) note(args map[string]string) bool {
	for _, row := range db.rows {
		if row["claim"] == args["p_claim"] && row["state"] == "unknown" {
			if args["p_transaction"] != "" && (row["transaction"] == nil || row["transaction"] == "") {
				row["transaction"] = args["p_transaction"]
			}
			row["reason"] = args["p_reason"]
			return true
		}
	}
	return false
}

// version is another one after each step that a payment takes.
func (db *Database) version() string {
	var all strings.Builder
	for _, row := range db.rows {
		fmt.Fprintf(&all, "%v %v\n", row["claim"], row["state"])
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(all.String())))
}

func (db *Database) totals() []Row {
	all := []Row{}
	for _, row := range db.rows {
		kind := map[any]string{"settled": "settled", "settling": "open", "unknown": "open"}[row["state"]]
		if kind == "" {
			continue
		}
		mock := row["facilitator"] == "mock"
		i := slices.IndexFunc(all, func(t Row) bool {
			return t["network"] == row["network"] && t["asset"] == row["asset"] && t["mock"] == mock
		})
		if i < 0 {
			i = len(all)
			all = append(all, Row{
				"network": row["network"], "asset": row["asset"], "mock": mock,
				"settled": 0, "settled_amount": "0", "open": 0, "open_amount": "0",
			})
		}
		all[i][kind] = all[i][kind].(int) + 1
		sum, _ := new(big.Int).SetString(all[i][kind+"_amount"].(string), 10)
		amount, _ := new(big.Int).SetString(row["amount"].(string), 10)
		all[i][kind+"_amount"] = sum.Add(sum, amount).String()
	}
	return all
}

func (db *Database) move(args map[string]string) bool {
	for _, row := range db.rows {
		from, _ := row["state"].(string)
		if row["claim"] != args["p_claim"] || from != args["p_state"] && !slices.Contains(steps[from], args["p_state"]) {
			continue
		}
		row["state"] = args["p_state"]
		if args["p_transaction"] != "" {
			row["transaction"] = args["p_transaction"]
		}
		row["reason"] = args["p_reason"]
		return true
	}
	return false
}

func (db *Database) taken(args map[string]string) bool {
	return slices.ContainsFunc(db.rows, func(row Row) bool {
		return args["p_transaction"] != "" && row["transaction"] == args["p_transaction"] && row["claim"] != args["p_claim"]
	})
}

func authorized(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("Authorization") == "Bearer "+Key {
		return true
	}
	answer(w, http.StatusUnauthorized, Row{"code": "42501", "message": "permission denied"})
	return false
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
