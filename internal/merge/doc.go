// Package merge joins what forge wants in a file with what the user already
// has there.
//
// # Three-way
//
// [File] merges what changed between two renderings, base and target, into the
// user's file. Most files are merged by [Lines]. It takes after git
// merge-file, which is the oracle of its tests: it never merges what git calls
// a conflict, and where both merge they give the same bytes. Go files are
// merged by lines too, but their imports are a set, their formatting does not
// count, and the result has to be Go again.
//
// Some files cannot be merged line by line, because what they mean is not in
// the order of their lines: go.mod, go.sum, insforge.toml, .env.example and
// .gitignore. Those are merged by their structure.
//
// A conflict is a part of the result, between git's markers and with the base
// section, and never an error. Nothing that the user wrote is missing from a
// result, be it clean or not.
//
// # Two-way
//
// [Adopt] is for a file that was there before forge: forge adds what it needs
// beside what the user has, and nothing records what forge wrote before. Only
// files that are merged by their structure can be adopted. What Adopt cannot
// add without touching the user's text in ways they would not expect is an
// error that names the place and the way out, and the caller reports it as a
// conflict.
//
// The package is pure: bytes in, bytes out.
package merge
