package insforgetest

import (
	"context"

	"github.com/insforge/forge/internal/sqlguard"
)

// Report is what a dry run says of a migration.
type Report struct {
	Valid          bool          `json:"valid"`
	StatementCount int           `json:"statementCount"`
	Statements     []string      `json:"statements"`
	RiskLevel      sqlguard.Risk `json:"riskLevel"`
	RiskFactors    []RiskFactor  `json:"riskFactors"`
	Error          string        `json:"error,omitempty"`
}

// RiskFactor is one reason for the risk level.
type RiskFactor struct {
	Code        string        `json:"code"`
	Description string        `json:"description"`
	Level       sqlguard.Risk `json:"level"`
	Statement   string        `json:"statement,omitempty"`
}

// DryRun runs a migration and takes it back. What is wrong with the migration is
// in the report; the error is for everything else. The backend does not ask here
// whether the version is new (database/database-migration.service.ts).
func (d *Database) DryRun(ctx context.Context, sql string) (Report, error) {
	a := sqlguard.Assess(sql)
	r := Report{Valid: a.Valid, StatementCount: a.Statements, Statements: statements(sql), RiskLevel: a.Risk, RiskFactors: []RiskFactor{}}
	for _, f := range a.Factors {
		r.RiskFactors = append(r.RiskFactors, RiskFactor{f.Code, f.Description, f.Risk, f.Statement})
	}
	if err := guarded(sql); err != nil {
		r.Error = err.Message
		return r, nil
	}
	tx, err := d.pool.Begin(ctx)
	if err != nil {
		return r, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // the pool drops a connection it cannot roll back
	if err := asAdmin(ctx, tx, sql); err != nil {
		r.Valid = false
		r.Error = asAPIError(err).Message
		r.RiskLevel = sqlguard.Danger
		r.RiskFactors = append(r.RiskFactors, RiskFactor{Code: "SYNTAX_OR_EXECUTION_ERROR", Description: r.Error, Level: sqlguard.Danger})
	}
	return r, ctx.Err()
}

// statements are the texts of the statements of sql; none where it does not parse.
func statements(sql string) []string {
	all := []string{}
	parsed, err := sqlguard.Split(sql)
	if err != nil {
		return all
	}
	for _, s := range parsed {
		all = append(all, s.Text)
	}
	return all
}
