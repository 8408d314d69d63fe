// Package insforgetest starts InsForge projects on this machine: a private
// Postgres shaped like InsForge's, and where HTTP is wanted a real PostgREST with
// a small gateway in front that decides who is calling as the backend does.
//
// # What is faithful
//
// Roles, rights and default privileges; the schemas auth, realtime, storage and
// system; which schemas the data API serves; who may manage policies on tables of
// InsForge's; how migrations are named, guarded, run and recorded; how
// credentials are told apart, verified and exchanged; what happens to a data
// request on its way to PostgREST and back; both error shapes; the settings that
// `config plan` compares. Each is written down where it is done, with the
// upstream file it stands for.
//
// # What is not
//
//   - Routes besides records, rpc, migrations, rawsql, metadata, health, the
//     configuration and those that Stripe is sold with answer 404. There are no
//     sockets: MaySubscribe and Send ask the database what the realtime server
//     would ask it.
//   - Of InsForge's tables only those are here that migrations and policies
//     touch. Schedules and the like are empty schemas; there is no cron.
//   - There is no Stripe behind Stripe's routes: it makes pages that nobody can pay
//     on, and what happens there is told to the project by a call.
//   - PostgREST is 12.0.2 where upstream pins 12.2.12. The gateway does not retry.
//   - Nothing is limited in rate, InsForge's own RS256 sessions do not exist, and
//     a change of the schema is visible when Migrate returns, not a moment later.
package insforgetest
