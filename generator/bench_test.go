package generator

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/insforge/forge/templates"
)

// BenchmarkRender renders every combination of the shipped catalog.
func BenchmarkRender(b *testing.B) {
	c, err := Load(templates.FS)
	if err != nil {
		b.Fatal(err)
	}
	for _, auth := range c.Auth {
		for _, payments := range [][]string{{}, {"okx-x402"}} {
			a := Answers{Name: "shop", Module: "example.com/shop", Auth: auth.ID, Payments: payments}
			for _, q := range c.Questions(a) {
				if _, ok := a.Get(q.Key); !ok {
					a = a.Set(q.Key, q.Default)
				}
			}
			s, err := c.Resolve(a, Numbering{})
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprint(auth.ID, payments), func(b *testing.B) { benchRender(b, s) })
		}
	}
}

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
			benchRender(b, s)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/file")
		})
	}
}

func benchRender(b *testing.B, s *Spec) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Render(s); err != nil {
			b.Fatal(err)
		}
	}
}
