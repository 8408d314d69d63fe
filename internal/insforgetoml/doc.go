// Package insforgetoml reads insforge.toml, the settings that the InsForge CLI
// applies to a project, more strictly than the CLI itself.
//
// The CLI drops a key it does not know without a word, stops at the first value
// it does not like, and leaves it to the backend to look into redirect URLs and
// subdomains. [Parse] refuses all of that before anything is applied, and says
// where each problem stands. It accepts nothing that the CLI refuses.
//
// [Config.Canonical] is the form in which the CLI exports settings, so a file
// that equals its own canonical text is one that the CLI reads and writes back
// without a change. [FromMetadata] and [Diff] tell how a live project differs
// from a file.
//
// The package is pure: bytes in, bytes out.
package insforgetoml
