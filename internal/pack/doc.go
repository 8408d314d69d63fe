// Package pack brings template packs in from outside: from a folder, or from a Go
// module that the Go tool downloads and checks. What it returns is a snapshot in
// memory, read once, within limits and hashed, so that nothing can change between
// the check and the use. It executes nothing of a pack, and writes nothing.
//
// What the names and the sizes of files must be is decided here. What the files
// may say is for [generator.Load] to decide.
package pack
