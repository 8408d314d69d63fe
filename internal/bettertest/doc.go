// Package bettertest runs the generated project with Better Auth as its users do:
// the real Better Auth server of npm, compiled from the generated auth-server, and
// the generated Go server in front of it, on one Postgres shaped like InsForge's.
// There is nothing here but tests.
package bettertest
