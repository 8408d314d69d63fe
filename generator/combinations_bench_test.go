package generator_test

import (
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/trial"
)

// BenchmarkRender renders every combination of the shipped catalog.
func BenchmarkRender(b *testing.B) {
	c := shipped(b)
	for _, combo := range trial.Combinations(c) {
		s, err := c.Resolve(combo.Answers(c), generator.Numbering{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(combo.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := generator.Render(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
