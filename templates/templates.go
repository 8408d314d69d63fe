// Package templates holds what forge renders: one folder per layer, embedded.
package templates

import "embed"

// FS is the catalog's source; generator.Load reads it. Folders that start with
// an underscore and files that start with a dot need the all: prefix.
//
//go:embed catalog.toml all:base all:auth all:payment
var FS embed.FS
