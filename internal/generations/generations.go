// Package generations holds the template sets of earlier and later versions of
// forge, for tests of upgrades between them.
//
// Generation 1 is complete and frozen. Each later one is an overlay: its folder
// holds the files that differ from the generation before, and a list, called
// deleted, of those that are gone. The module locks in an overlay are what
// internal/modlock writes beside a copy of the composed set.
//
// All paths below are of the generated project. The layers they belong to are
// part of every combination, so what a generation adds, renames and deletes is
// the same for all; a migration's number differs.
//
// # Generation 1, version 0.1.0
//
// What forge 0.1.0 shipped. Projects rendered from it exist, and a test holds
// it to what they got.
//
// # Generation 2, version 0.1.1
//
// Adds internal/httpapi/callers.go, callers_test.go, favicon.go,
// favicon_test.go, favicon.png, overload.go and overload_test.go;
// scripts/release.sh and scripts/smoke.sh; migrations/N_forget-user.sql.
//
// Renames internal/httpapi/json.go to codec.go, and json_test.go to
// codec_test.go. Deletes nothing.
//
// It proves that an upgrade
//   - moves a file that users edit, together with its test, and merges a fix
//     into it;
//   - asks a question that earlier projects have no answer to: image, whose
//     answer stands in scripts/release.sh and README.md;
//   - brings security fixes into config.go (no loopback origin in production)
//     and routes.go (a limit on minted tokens), in lines close to those where
//     users add their own;
//   - adds a middleware, configuration fields and endpoints to lists that users
//     add to;
//   - adds a migration, and emits a changed one, todos, under a new number;
//   - adds LOG_LEVEL and MAX_IN_FLIGHT to .env.example and README.md, *.pem and
//     /coverage.out to .gitignore, an item, a key and a table to insforge.toml;
//   - requires golang-lru and x/sync, makes x/time direct where it was
//     indirect, and with okx-x402 raises secp256k1;
//   - writes a script with its exec bit and one without, and a binary file
//     that the build needs.
//
// # Generation 3, version 0.1.2
//
// Adds nothing.
//
// Renames internal/httpapi/codec.go to bodies.go, and codec_test.go to
// bodies_test.go. Deletes .dockerignore, internal/httpapi/overload.go and
// overload_test.go.
//
// It proves that an upgrade
//   - follows two renames in a row, from json.go to bodies.go;
//   - deletes a file of generation 1, and Go files of generation 2 with the
//     lines that used them;
//   - drops the question image, and changes the default of price, which
//     answered questions must not follow;
//   - brings fixes right beside those of generation 2, in config.go (no debug
//     lines in production), bodies.go and health.go, and one more in routes.go;
//   - changes what one provider owns: with clerk, verifier.go no longer reads
//     CLERK_ISSUER; with okx-x402, config.go takes no facilitator but OKX's in
//     production, and the migration payments changes;
//   - takes MAX_IN_FLIGHT out of .env.example, /coverage.out out of .gitignore,
//     and changes a value in insforge.toml;
//   - raises golang-lru, and no longer requires x/sync, which with better-auth
//     becomes indirect again;
//   - takes the exec bit from scripts/smoke.sh and gives it to
//     scripts/release.sh, and replaces the binary file.
package generations

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"testing/fstest"
)

// Latest is the newest generation.
const Latest = 3

// deletedList is the file in an overlay that names the files of the generation
// before that are gone, one on each line.
const deletedList = "deleted"

//go:embed all:1 all:2 all:3
var overlays embed.FS

// FS returns generation n, 1 to Latest, as generator.Load reads it. It is a
// copy in memory that belongs to the caller. FS panics for any other n.
func FS(n int) fs.FS {
	if n < 1 || n > Latest {
		panic(fmt.Sprintf("generations: there is no generation %d, only 1 to %d", n, Latest))
	}
	set := fstest.MapFS{}
	for i := 1; i <= n; i++ {
		if err := overlay(set, strconv.Itoa(i)); err != nil {
			panic(fmt.Sprintf("generations: %v", err)) // what is embedded is broken
		}
	}
	return set
}

// overlay makes set the next generation, whose differences are in dir.
func overlay(set fstest.MapFS, dir string) error {
	return fs.WalkDir(overlays, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(overlays, name)
		if err != nil {
			return err
		}
		if name == path.Join(dir, deletedList) {
			return remove(set, name, data)
		}
		set[strings.TrimPrefix(name, dir+"/")] = &fstest.MapFile{Data: data, Mode: 0o644}
		return nil
	})
}

func remove(set fstest.MapFS, list string, data []byte) error {
	for name := range strings.Lines(string(data)) {
		name = strings.TrimSuffix(name, "\n")
		if set[name] == nil {
			return fmt.Errorf("%s: there was no %s to delete", list, name)
		}
		delete(set, name)
	}
	return nil
}
