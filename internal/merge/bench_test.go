package merge

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkLines merges files of many sizes, each side with an edit in every
// hundred lines. What counts is that the cost of a line stays flat.
func BenchmarkLines(b *testing.B) {
	for _, size := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			base, user, target := make([]string, size), make([]string, size), make([]string, size)
			for i := range size {
				// A third of all lines is unique, as in code.
				line := []string{"}\n", "\treturn nil\n", fmt.Sprintf("\tcall(%d)\n", i)}[i%3]
				base[i], user[i], target[i] = line, line, line
				switch i % 100 {
				case 5:
					user[i] = fmt.Sprintf("\tuser(%d)\n", i)
				case 55:
					target[i] = fmt.Sprintf("\tforge(%d)\n", i)
				}
			}
			s := joinSides(base, user, target)
			if r := s.merge(); len(r.Conflicts) > 0 {
				b.Fatalf("%d conflicts", len(r.Conflicts))
			}
			for b.Loop() {
				s.merge()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/line")
		})
	}
}

// BenchmarkLines_hard merges what is hard to align.
func BenchmarkLines_hard(b *testing.B) {
	stanza := "\tif err != nil {\n\t\treturn err\n\t}\n\n"
	long := make([]string, 50_000)
	for i := range long {
		long[i] = fmt.Sprintf("line %d\n", i%9973)
	}
	edited := func(every, from int) []string {
		lines := append([]string(nil), long...)
		for i := from; i < len(lines); i += every {
			lines[i] = "edit " + lines[i]
		}
		return lines
	}
	shuffled := func(step int) string {
		var text strings.Builder
		for i := range 5000 {
			text.WriteString(long[i*step%5000])
		}
		return text.String()
	}
	for name, s := range map[string]sides{
		"2800 repetitive lines":       {strings.Repeat(stanza, 700), strings.Repeat(stanza, 720), strings.Repeat(stanza, 680)},
		"50000 lines, 100 edits":      joinSides(long, edited(1000, 500), edited(1000, 1)),
		"5000 lines in another order": {shuffled(1), shuffled(7), shuffled(11)},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.merge()
			}
		})
	}
}
