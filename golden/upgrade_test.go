package golden

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/generations"
	"github.com/insforge/forge/internal/trial"
)

func loadFS(t testing.TB, fsys fs.FS) *generator.Catalog {
	t.Helper()
	c, err := generator.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// userProject writes a combination by the templates of c and has the user work
// on it.
func userProject(t *testing.T, c *generator.Catalog, combo trial.Combination) (dir string, wrote map[string][]string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "shop")
	_, target, rec := render(t, c, combo.Answers(c))
	write(t, dir, target, rec)
	return dir, userWorks(t, dir)
}

// checkUpgraded holds a project to what its user relies on after an upgrade:
// it builds, passes its tests and theirs, and an upgrade again does nothing.
// cmd/server's own test starts the server, so that building is part of testing. The
// project is tried at a place.
func checkUpgraded(t *testing.T, c *generator.Catalog, dir, place string) {
	t.Helper()
	tryAt(t, place, dir, func(dir string) error {
		return errors.Join(
			trial.Passes(t.Context(), dir),
			trial.Silent(t.Context(), dir, "gofmt", "-l", "."),
		)
	})
	again := plan(t, c, dir, nil)
	if writes, err := again.Writes(dir); err != nil || writes {
		t.Errorf("an upgrade right after an upgrade writes: %v, %v", writes, err)
	}
}

// TestUpgrade brings a user's project of the first release to today's
// templates, for every combination.
func TestUpgrade(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles every combination; make test runs it")
	}
	first, now := loadFS(t, generations.FS(1)), load(t)
	for _, combo := range trial.Combinations(first) {
		t.Run(combo.String(), func(t *testing.T) {
			t.Parallel()
			dir, wrote := userProject(t, first, combo)
			upgrade(t, now, dir, nil)
			hasAll(t, dir, wrote, nil)
			checkUpgraded(t, now, dir, combo.String())
		})
	}
}

// TestUpgrade_generations takes a user's project through two releases at once
// and one after the other: a renamed file that the user edited, a deleted one,
// a new question, and security fixes in files that they edited.
func TestUpgrade_generations(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles projects; make test runs it")
	}
	first, second, third := loadFS(t, generations.FS(1)), loadFS(t, generations.FS(2)), loadFS(t, generations.FS(3))
	for _, combo := range trial.Combinations(first) {
		t.Run(combo.String(), func(t *testing.T) {
			t.Parallel()
			dir, wrote := userProject(t, first, combo)
			upgrade(t, second, dir, nil)
			hasAll(t, dir, wrote, map[string]string{"internal/httpapi/json.go": "internal/httpapi/codec.go"})
			upgrade(t, third, dir, nil)
			moved := map[string]string{"internal/httpapi/json.go": "internal/httpapi/bodies.go"}
			hasAll(t, dir, wrote, moved)

			atOnce, wrote := userProject(t, first, combo)
			upgrade(t, third, atOnce, nil)
			hasAll(t, atOnce, wrote, moved)
			// Two that reach every layer; TestUpgrade compiles them all.
			if combo.String() == "clerk+okx-x402" || combo.String() == "better-auth" {
				checkUpgraded(t, third, atOnce, combo.String())
			}
		})
	}
}

// TestChange adds and removes payments and changes the auth provider of a
// user's project.
func TestChange(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles projects; make test runs it")
	}
	c := load(t)
	for _, p := range c.Payments {
		t.Run("payment "+p.ID, func(t *testing.T) {
			t.Parallel()
			dir, wrote := userProject(t, c, trial.Of("clerk"))
			userEdits(t, dir, "appends.txtar", wrote)
			for _, payments := range []string{p.ID, generator.None, p.ID} {
				upgrade(t, c, dir, func(a generator.Answers) generator.Answers { return a.Set(generator.KeyPayments, payments) })
				hasAll(t, dir, wrote, nil)
				checkUpgraded(t, c, dir, "clerk "+p.ID)
			}
		})
	}
	for _, to := range c.Auth {
		t.Run("auth "+to.ID, func(t *testing.T) {
			t.Parallel()
			from := "better-auth"
			if to.ID == from {
				from = "auth0"
			}
			dir, wrote := userProject(t, c, trial.Of(from, "okx-x402"))
			upgrade(t, c, dir, func(a generator.Answers) generator.Answers { return a.Set(generator.KeyAuth, to.ID) })
			hasAll(t, dir, wrote, nil)
			checkUpgraded(t, c, dir, to.ID)
		})
	}
}
