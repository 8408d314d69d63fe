package golden

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/insforge/forge/internal/trial"
	"github.com/insforge/forge/templates"
)

// matrixLimit is how long one process may take to load the shipped templates and
// render every combination of them: a contributor waits for it.
const matrixLimit = 2 * time.Second

// BenchmarkMatrix renders every combination of the shipped catalog in one process,
// the loading of the templates included.
func BenchmarkMatrix(b *testing.B) { renderAll(b, templates.FS, matrixLimit) }

// BenchmarkMatrix_growth does so with two, four and eight times as many auth
// providers, copies of the shipped ones. The time for one combination should not
// grow with them.
func BenchmarkMatrix_growth(b *testing.B) {
	for _, times := range []int{1, 2, 4, 8} {
		fsys := copies(b, times)
		b.Run(fmt.Sprintf("%dx", times), func(b *testing.B) { renderAll(b, fsys, time.Duration(times)*matrixLimit) })
	}
}

func renderAll(b *testing.B, fsys fs.FS, limit time.Duration) {
	combos := 0
	for b.Loop() {
		c := loadFS(b, fsys)
		all := trial.Combinations(c)
		combos = len(all)
		for _, combo := range all {
			render(b, c, combo.Answers(c))
		}
	}
	each := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(float64(combos), "combinations")
	b.ReportMetric(float64(each.Microseconds())/float64(combos), "us/combination")
	b.ReportMetric(limit.Seconds(), "s-limit")
	if each > limit {
		b.Errorf("%d combinations took %s, more than %s", combos, each, limit)
	}
}

// copies is the shipped templates with each auth provider the given number of times.
func copies(b *testing.B, times int) fs.FS {
	b.Helper()
	all := fstest.MapFS{}
	err := fs.WalkDir(templates.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(templates.FS, name)
		all[name] = &fstest.MapFile{Data: data}
		rest, ok := strings.CutPrefix(name, "auth/")
		if id, file, _ := strings.Cut(rest, "/"); ok && !strings.HasPrefix(id, "_") {
			for n := 2; n <= times; n++ {
				all[path.Join("auth", fmt.Sprintf("%s-%d", id, n), file)] = &fstest.MapFile{Data: data}
			}
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return all
}
