package doctor

import "context"

// database checks the project's database: what was applied to it, and who may do
// what in it.
func (p *project) database(ctx context.Context) []Check {
	files := readMigrations(p.files, p.ledger)
	all := []Check{p.url, p.anonKey, p.apiKey}
	var secret whoever
	if !p.noLogin {
		secret = p.trySecret(ctx, files)
		all = append(all, secret.secret)
	}
	all = append(all, p.notes...)
	all = append(all, files.problems...)
	all = append(all, p.applied(files)...)
	all = append(all, p.unedited(files)...)
	if !p.noLogin {
		all = append(all, secret.identity)
	}
	all = append(all, p.forged(ctx))

	tables, err := p.rights(ctx)
	all = append(all, p.rowSecurity(tables, err)...)
	all = append(all, p.anonymous(ctx, tables, err)...)
	if p.paid {
		all = append(all, p.payments(ctx, tables, err, secret)...)
	}
	return all
}
