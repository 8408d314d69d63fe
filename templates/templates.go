// Package templates holds what forge renders: one folder per layer, embedded.
package templates

import "embed"

// FS is the catalog's source; generator.Load reads it. Of a layer's folder it has
// what rendering takes, and not the page that people read there, README.md. Files
// that start with a dot or an underscore need the all: prefix.
//
//go:embed catalog.toml all:base
//go:embed auth/*/*.toml auth/*/modules.lock all:auth/*/files all:auth/*/fragments
//go:embed payment/*/*.toml payment/*/modules.lock all:payment/*/files all:payment/*/fragments all:payment/*/removal
var FS embed.FS
