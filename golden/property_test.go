package golden

import (
	"bytes"
	"fmt"
	"go/format"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/generations"
	"github.com/insforge/forge/internal/trial"
)

// world is one project and what its user has done to it.
type world struct {
	t    *rapid.T
	test *testing.T
	dir  string
	// lines are the lines the user wrote, each unlike any other.
	lines []string
	// own are the user's own files, which forge must not touch.
	own map[string][]byte
	n   int
}

// TestProperty_nothingIsLost edits a project at random, then upgrades it, adds
// to it and removes from it in any order. Every line the user wrote is still in
// the project afterwards, with conflict markers around it if need be, and every
// file of theirs is as it was.
func TestProperty_nothingIsLost(t *testing.T) {
	var catalogs []*generator.Catalog
	for n := 1; n <= generations.Latest; n++ {
		catalogs = append(catalogs, loadFS(t, generations.FS(n)))
	}
	combos := trial.Combinations(catalogs[0])
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t, r, catalogs[0], combos[rapid.IntRange(0, len(combos)-1).Draw(r, "project")])
		w.edits(rapid.IntRange(1, 12).Draw(r, "edits"))
		generation := 0
		for left := rapid.IntRange(1, 4).Draw(r, "steps"); left > 0; left-- {
			step := rapid.SampledFrom([]string{"upgrade", "payment", "no payment", "auth"}).Draw(r, "step")
			change := func(a generator.Answers) generator.Answers { return a }
			switch step {
			case "upgrade":
				generation = rapid.IntRange(generation, len(catalogs)-1).Draw(r, "generation")
			case "payment":
				change = func(a generator.Answers) generator.Answers { return a.Set(generator.KeyPayments, "okx-x402") }
			case "no payment":
				change = func(a generator.Answers) generator.Answers { return a.Set(generator.KeyPayments, generator.None) }
			case "auth":
				id := catalogs[0].Auth[rapid.IntRange(0, len(catalogs[0].Auth)-1).Draw(r, "provider")].ID
				change = func(a generator.Answers) generator.Answers { return a.Set(generator.KeyAuth, id) }
			}
			w.change(catalogs[generation], change, rapid.SampledFrom([]generator.Decision{
				generator.DecideKeep, generator.DecideMarkers,
			}).Draw(r, "decision"))
			w.check(step)
			// The last change is made once more, so nothing comes in between: forge
			// takes notice of a file that is gone by then.
			if left > 1 && rapid.Bool().Draw(r, "edit again") {
				w.edits(2)
			}
		}
		w.idle(catalogs[generation])
	})
}

// TestProperty_addThenRemove adds a payment provider to an edited project and
// removes it again. What is left is what was there, but for the migrations: a
// database may have run them.
func TestProperty_addThenRemove(t *testing.T) {
	c := load(t)
	rapid.Check(t, func(r *rapid.T) {
		auth := c.Auth[rapid.IntRange(0, len(c.Auth)-1).Draw(r, "auth")].ID
		w := newWorld(t, r, c, trial.Of(auth))
		pristine := w.snapshot()
		w.edits(rapid.IntRange(0, 6).Draw(r, "edits"))
		before := w.snapshot()
		payment := rapid.SampledFrom(c.Payments).Draw(r, "payment").ID
		add := func(a generator.Answers) generator.Answers { return a.Set(generator.KeyPayments, payment) }
		u := plan(t, c, w.dir, add)
		if len(u.Plan.Conflicts()) > 0 {
			r.Skip("edited where the payment provider goes")
		}
		w.apply(u)
		remove := func(a generator.Answers) generator.Answers { return a.Set(generator.KeyPayments, generator.None) }
		w.apply(plan(t, c, w.dir, remove))
		after := w.snapshot()
		for path := range after {
			if _, had := before[path]; !had && strings.HasPrefix(path, "migrations/") {
				delete(after, path)
			}
		}
		// What the user requires may need what the provider required: forge
		// leaves it, and go mod tidy takes it out.
		for _, path := range []string{"go.mod", "go.sum"} {
			if before[path] != pristine[path] {
				w.holds(path, before[path], after[path])
				delete(before, path)
				delete(after, path)
			}
		}
		w.same(before, after)
	})
}

func newWorld(t *testing.T, r *rapid.T, c *generator.Catalog, combo trial.Combination) *world {
	w := &world{t: r, test: t, own: map[string][]byte{}}
	w.dir = filepath.Join(t.TempDir(), "shop")
	_, target, rec := render(t, c, combo.Answers(c))
	for _, tree := range []*generator.Tree{target, rec} {
		for f := range tree.All() {
			w.write(f.Path, f.Data, f.Mode)
		}
	}
	w.own[".env"] = []byte("INSFORGE_API_KEY=ik_secret\n")
	w.write(".env", w.own[".env"], 0o600)
	return w
}

func (w *world) must(err error) {
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) at(path string) string { return filepath.Join(w.dir, filepath.FromSlash(path)) }

func (w *world) write(path string, data []byte, mode fs.FileMode) {
	w.must(os.MkdirAll(filepath.Dir(w.at(path)), 0o755))
	_ = os.Remove(w.at(path))
	w.must(os.WriteFile(w.at(path), data, mode))
	w.must(os.Chmod(w.at(path), mode))
}

// managed lists the files of forge's that are there, in order.
func (w *world) managed() []string {
	p, err := generator.OpenProject(w.dir)
	w.must(err)
	var paths []string
	for _, f := range p.Manifest.Files {
		if info, err := os.Lstat(w.at(f.Path)); err == nil && info.Mode().IsRegular() {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

// edits has the user do n things to the project.
func (w *world) edits(n int) {
	for range n {
		path := rapid.SampledFrom(w.managed()).Draw(w.t, "path")
		data, err := os.ReadFile(w.at(path))
		w.must(err)
		info, err := os.Stat(w.at(path))
		w.must(err)
		lines := strings.SplitAfter(string(data), "\n")
		i := rapid.IntRange(0, len(lines)-1).Draw(w.t, "line")
		save := func(text string) { w.write(path, []byte(text), info.Mode()) }
		switch what := rapid.SampledFrom([]string{
			"insert", "insert", "insert", "append", "delete line", "replace", "delete", "rename", "chmod", "CRLF", "binary", "own file", "link", "empty",
		}).Draw(w.t, "edit"); what {
		case "insert":
			save(strings.Join(lines[:i], "") + w.line(path) + "\n" + strings.Join(lines[i:], ""))
		case "append":
			save(string(data) + w.line(path))
		case "delete line":
			w.forget(lines[i])
			save(strings.Join(lines[:i], "") + strings.Join(lines[i+1:], ""))
		case "replace":
			w.forget(lines[i])
			save(strings.Join(lines[:i], "") + w.line(path) + "\n" + strings.Join(lines[i+1:], ""))
		case "delete":
			w.forget(string(data))
			w.must(os.Remove(w.at(path)))
		case "rename":
			w.n++
			to := fmt.Sprintf("own/%d", w.n)
			w.own[to] = data
			w.forget(string(data))
			w.write(to, data, info.Mode())
			w.must(os.Remove(w.at(path)))
		case "chmod":
			w.must(os.Chmod(w.at(path), info.Mode()^0o111))
		case "CRLF":
			save(strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n", "\r\n"))
		case "binary":
			w.forget(string(data))
			w.n++
			line := fmt.Sprintf("user-binary-%d", w.n)
			w.lines = append(w.lines, line)
			save("\x00\x01" + line + "\n")
		case "own file":
			w.n++
			own := filepath.ToSlash(filepath.Dir(path)) + fmt.Sprintf("/own%d.txt", w.n)
			w.own[own] = []byte(w.line(own))
			w.write(own, w.own[own], 0o644)
		case "link":
			w.forget(string(data))
			w.must(os.Remove(w.at(path)))
			w.must(os.Symlink(".env", w.at(path)))
		case "empty":
			w.forget(string(data))
			save("")
		}
	}
}

// line is a new line of the user's, as a comment where the format has them.
func (w *world) line(path string) string {
	w.n++
	word := fmt.Sprintf("user-line-%d.", w.n)
	w.lines = append(w.lines, word)
	switch {
	case strings.HasSuffix(path, ".go") || path == "go.mod":
		return "// " + word
	case path == "go.sum":
		return fmt.Sprintf("example.com/user/line%d v1.0.%d h1:%s", w.n, w.n, word)
	case strings.HasSuffix(path, ".sql"):
		return "-- " + word
	}
	return "# " + word
}

// forget drops the lines that the user has taken out again.
func (w *world) forget(text string) {
	w.lines = slices.DeleteFunc(w.lines, func(line string) bool { return strings.Contains(text, line) })
}

// change brings the project to other answers or templates. Conflicts are
// decided, and markers resolved by taking out nothing but the markers.
func (w *world) change(c *generator.Catalog, to func(generator.Answers) generator.Answers, d generator.Decision) {
	u := plan(w.test, c, w.dir, to)
	u.Plan = u.Plan.Decide(d, generator.Labels{User: "yours", Base: "before", Target: "after"})
	w.apply(u)
	state, err := generator.ReadState(w.dir)
	w.must(err)
	if len(state.Conflicts) == 0 {
		return
	}
	w.check("markers")
	for _, path := range state.Conflicts {
		_ = os.Remove(w.at(path + generator.BesideSuffix))
		data, err := os.ReadFile(w.at(path))
		if os.IsNotExist(err) {
			continue
		}
		w.must(err)
		var resolved strings.Builder
		for line := range strings.Lines(string(data)) {
			if !strings.HasPrefix(line, "<<<<<<<") && !strings.HasPrefix(line, "|||||||") &&
				!strings.HasPrefix(line, "=======") && !strings.HasPrefix(line, ">>>>>>>") {
				resolved.WriteString(line)
			}
		}
		info, err := os.Lstat(w.at(path))
		w.must(err)
		if info.Mode().IsRegular() {
			w.write(path, []byte(resolved.String()), info.Mode())
		}
	}
	w.must(generator.Finish(w.test.Context(), w.dir))
}

func (w *world) apply(u *generator.Upgrade) {
	w.must(generator.Apply(w.test.Context(), w.dir, u.Plan, u.Record, nil))
}

// check finds the user's lines and files.
func (w *world) check(after string) {
	var all bytes.Buffer
	for path, data := range w.snapshot() {
		if !strings.HasPrefix(path, generator.RecordDir+"/") {
			all.WriteString(data)
		}
	}
	for _, line := range w.lines {
		if !bytes.Contains(all.Bytes(), []byte(line)) {
			w.t.Errorf("after %s: the user's %s is gone", after, line)
		}
	}
	for path, data := range w.own {
		got, err := os.ReadFile(w.at(path))
		if err != nil || !bytes.Equal(got, data) {
			w.t.Errorf("after %s: the user's own file %s has changed: %v", after, path, err)
		}
	}
}

// idle checks that there is nothing more to do.
func (w *world) idle(c *generator.Catalog) {
	u := plan(w.test, c, w.dir, nil)
	if writes, err := u.Writes(w.dir); err != nil || writes || len(u.Plan.Conflicts()) > 0 {
		for _, change := range u.Plan.Changes {
			if change.Action != generator.NoOp && change.Action != generator.Keep {
				w.t.Errorf("once more: %s %s %s", change.Action, change.Path, change.Note)
			}
		}
		w.t.Errorf("the same again writes: %v, %v", writes, err)
	}
}

// snapshot is every file but forge's record: its bytes and its mode.
func (w *world) snapshot() map[string]string {
	files := map[string]string{}
	w.must(filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(w.dir, path)
		if err != nil || d.IsDir() {
			if rel == generator.RecordDir {
				return filepath.SkipDir
			}
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data := []byte("-> link")
		if info.Mode().IsRegular() {
			if data, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		files[filepath.ToSlash(rel)] = fmt.Sprintf("%v\n%s", info.Mode(), data)
		return nil
	}))
	return files
}

// formatted is a file of a snapshot as gofmt would have it, if it is Go.
func formatted(path, file string) string {
	mode, text, _ := strings.Cut(file, "\n")
	if !strings.HasSuffix(path, ".go") {
		return file
	}
	if pretty, err := format.Source([]byte(text)); err == nil {
		text = string(pretty)
	}
	return mode + "\n" + text
}

// holds checks that each line of want is in got. A requirement may have come
// into a block.
func (w *world) holds(path, want, got string) {
	for line := range strings.Lines(want) {
		if !strings.Contains(got, strings.TrimPrefix(strings.TrimRight(line, "\r\n"), "require ")) {
			w.t.Errorf("%s has lost %q", path, line)
		}
	}
}

// same compares two snapshots. How a Go file is formatted does not count: the
// user's odd indentation does not survive a merge.
func (w *world) same(want, got map[string]string) {
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if formatted(path, got[path]) != formatted(path, want[path]) {
			w.t.Errorf("%s is not what it was:\n%s\nbut\n%s", path, want[path], got[path])
		}
	}
	for _, path := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[path]; !ok {
			w.t.Errorf("%s is left over", path)
		}
	}
}
