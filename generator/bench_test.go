package generator

import (
	"fmt"
	"testing"
	"testing/fstest"
)

// BenchmarkRender_growth renders synthetic catalogs of 10 to 1,000 files; the
// time for one file should not grow with their number.
func BenchmarkRender_growth(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		files := fstest.MapFS{}
		for name, f := range small(nil) {
			files[name] = f
		}
		for i := range n {
			files[fmt.Sprintf("base/files/internal/p%d/p.go.tmpl", i)] = &fstest.MapFile{
				Data: []byte("package p\n\nimport _ \"{{ .Module }}/internal/q\"\n\nfunc f() int { return 1 }\n"),
			}
		}
		c, err := Load(files)
		if err != nil {
			b.Fatal(err)
		}
		s, err := c.Resolve(acmeCoin, Numbering{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%dfiles", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Render(s); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/file")
		})
	}
}
