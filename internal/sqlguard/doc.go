// Package sqlguard says, without a backend, what an InsForge backend says about
// the SQL of a migration: whether it would take the text at all, and how risky
// its dry run would call it.
//
// The text is parsed by Postgres' own parser. A pass here is necessary and not
// sufficient: the backend then runs the SQL as the role project_admin, which
// owns none of InsForge's tables, and Postgres may still refuse it.
//
// # Differences from the backend
//
//   - The backend stops at its first objection; Check lists all of them.
//   - The backend counts statements with a second splitter, which knows neither
//     nested comments nor bodies that are BEGIN ATOMIC; here the parser counts. A
//     text of nothing but semicolons or nested comments is refused here and does
//     nothing there.
//   - A NUL byte is refused here. Postgres' wire protocol cannot carry one.
//   - The dry run also executes the SQL. Assess does not, so it never reports
//     what only execution finds.
package sqlguard
