// Package advisor scans a database by the rules of InsForge's database advisor,
// without a backend: it needs a connection to Postgres and nothing else.
//
// # Rules
//
// Eighteen, under the names the backend gives them, and with its severities,
// thresholds and exempt schemas. They come in three scopes: what follows from the
// schema alone, what depends on the rows in it, and what the server is doing at
// the moment.
//
// # Differences from the backend
//
//   - A security definer function that both anon and authenticated may call is
//     one finding here and two equal ones there.
//   - A blocked autovacuum is told from its blockers by Postgres' own account of
//     who blocks whom; the backend lists everybody with a lock on the table.
//   - Expressions of policies are printed with an empty search path, so that the
//     rules that read them do not depend on who connects.
//   - Advice is written for migrations and user IDs that are text.
//   - Suppressions, which live in the backend's tables, are not looked at.
package advisor
