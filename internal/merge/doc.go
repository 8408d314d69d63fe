// Package merge joins what forge wants in a file with what the user already
// has there.
//
// Some files cannot be merged line by line, because what they mean is not in
// the order of their lines: go.mod, go.sum, insforge.toml, .env.example and
// .gitignore. [Adopt] merges those by their structure. It is the two-way case:
// forge adds its files beside the user's, and nothing records what forge wrote
// before.
//
// The package is pure: bytes in, bytes out. It never decides against the user.
// What it cannot add without touching the user's text in ways they would not
// expect is an error that names the place and the way out, and the caller
// reports it as a conflict.
package merge
