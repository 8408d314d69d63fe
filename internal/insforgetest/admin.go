package insforgetest

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// The administrator's database routes (routes/database/{migrations,advance}.routes.ts).

func (p *Project) listMigrations(w http.ResponseWriter, r *http.Request) error {
	ledger, err := p.Migrations(r.Context())
	if err != nil {
		return err
	}
	if ledger == nil {
		ledger = []Migration{}
	}
	answer(w, http.StatusOK, map[string]any{"migrations": ledger})
	return nil
}

var (
	versionRule = regexp.MustCompile(`^\d{1,64}$`)
	nameRule    = regexp.MustCompile(`^[a-z0-9-]+$`)
)

func (p *Project) createMigration(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Version, Name, SQL string }
	if err := decode(r, &in); err != nil {
		return err
	}
	in.Name, in.SQL = strings.TrimSpace(in.Name), strings.TrimSpace(in.SQL)
	switch {
	case !versionRule.MatchString(in.Version):
		return refuse(http.StatusBadRequest, codeInvalidInput, "version has to be a number of at most 64 digits, as a string")
	case !nameRule.MatchString(in.Name):
		return refuse(http.StatusBadRequest, codeInvalidInput, "name takes lower-case letters, digits and hyphens")
	case in.SQL == "":
		return refuse(http.StatusBadRequest, codeInvalidInput, "sql is missing")
	}
	m, mark, err := p.migrate(r.Context(), in.Version, in.Name, in.SQL)
	if err != nil {
		return err
	}
	if err := p.awaitLoad(r.Context(), mark); err != nil {
		return err
	}
	answer(w, http.StatusCreated, struct {
		Migration

		Message string `json:"message"`
	}{m, "migration applied"})
	return nil
}

func (p *Project) dryRun(w http.ResponseWriter, r *http.Request) error {
	var in struct{ SQL string }
	if err := decode(r, &in); err != nil {
		return err
	}
	if in.SQL = strings.TrimSpace(in.SQL); in.SQL == "" {
		return refuse(http.StatusBadRequest, codeInvalidInput, "sql is missing")
	}
	report, err := p.DryRun(r.Context(), in.SQL)
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, report)
	return nil
}

var changesSchema = regexp.MustCompile(`(?i)CREATE|ALTER|DROP`)

// rawSQL runs a query as project_admin, guarded like a migration. With parameters
// it takes one statement; without, several, and then it answers no rows. EXPLAIN
// is not modelled.
func (p *Project) rawSQL(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Query  string
		Params []any
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	if in.Query == "" {
		return refuse(http.StatusBadRequest, codeInvalidInput, "query is missing")
	}
	if err := guarded(in.Query); err != nil {
		return err
	}
	result, err := p.query(r.Context(), in.Query, in.Params)
	if err != nil {
		return err
	}
	if changesSchema.MatchString(in.Query) {
		if err := p.Reload(r.Context()); err != nil {
			return err
		}
	}
	answer(w, http.StatusOK, result)
	return nil
}

func (p *Project) query(ctx context.Context, sql string, params []any) (any, error) {
	pooled, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	// Its role is set for good: it does not go back.
	conn := pooled.Hijack()
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // everything was read
	const asAdmin = `set statement_timeout = 30000; set role project_admin;
		select set_config('request.jwt.claims', '{"role":"project_admin"}', false)`
	if err := run(ctx, conn, asAdmin); err != nil {
		return nil, err
	}
	var results []*pgconn.Result
	if len(params) == 0 {
		results, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	} else {
		var values [][]byte
		if values, err = texts(params); err != nil {
			return nil, err
		}
		one := conn.PgConn().ExecParams(ctx, sql, values, nil, nil, nil).Read()
		results, err = []*pgconn.Result{one}, one.Err
	}
	if err != nil {
		return nil, err
	}
	out := map[string]any{"rows": []any{}, "rowCount": nil}
	if len(results) != 1 {
		return out, nil
	}
	rows, fields := table(results[0])
	out["rows"], out["fields"] = rows, fields
	out["rowCount"] = results[0].CommandTag.RowsAffected()
	return out, nil
}

func texts(params []any) ([][]byte, error) {
	values := make([][]byte, len(params))
	for i, param := range params {
		switch param := param.(type) {
		case nil:
		case string:
			values[i] = []byte(param)
		default:
			text, err := json.Marshal(param)
			if err != nil {
				return nil, err
			}
			values[i] = text
		}
	}
	return values, nil
}

// table turns a result into rows and fields as the backend's driver does: small
// numbers, booleans, JSON and times are themselves, all else is text.
func table(result *pgconn.Result) (rows, fields []map[string]any) {
	rows, fields = []map[string]any{}, []map[string]any{}
	for _, f := range result.FieldDescriptions {
		fields = append(fields, map[string]any{"name": f.Name, "dataTypeID": f.DataTypeOID})
	}
	for _, cells := range result.Rows {
		row := map[string]any{}
		for i, f := range result.FieldDescriptions {
			row[f.Name] = value(f.DataTypeOID, cells[i])
		}
		rows = append(rows, row)
	}
	return rows, fields
}

func value(kind uint32, text []byte) any {
	if text == nil {
		return nil
	}
	switch kind {
	case pgtype.BoolOID:
		return string(text) == "t"
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.OIDOID, pgtype.Float4OID, pgtype.Float8OID, pgtype.JSONOID, pgtype.JSONBOID:
		if json.Valid(text) { // NaN is not
			return json.RawMessage(text)
		}
	case pgtype.TimestamptzOID:
		var t pgtype.Timestamptz
		if err := pgtype.NewMap().Scan(kind, pgtype.TextFormatCode, text, &t); err == nil && t.InfinityModifier == pgtype.Finite {
			return t.Time.UTC().Format(time.RFC3339Nano)
		}
	}
	return string(text)
}
