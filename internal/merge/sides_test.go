package merge

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
)

// sides are the inputs of a merge.
type sides struct{ base, user, target string }

func (s sides) merge() Result {
	return Lines([]byte(s.base), []byte(s.user), []byte(s.target), Labels{})
}

// kinds are the ways to make random sides, each hard in its own way.
var kinds = map[string]func(random) sides{
	// A few letters on a few lines: nearly all of it is ambiguous.
	"short": func(r random) sides {
		letters := r.letters(2 + r.IntN(4))
		return r.edited(r.lines(r.IntN(13), letters), 1+r.IntN(4), letters)
	},
	// Long enough for edits to be apart.
	"repetitive": func(r random) sides {
		letters := r.letters(2 + r.IntN(12))
		return r.edited(r.lines(10+r.IntN(60), letters), 1+r.IntN(12), letters)
	},
	// Lines that occur once among lines that occur often, as in code.
	"frequent": func(r random) sides {
		letters, often := r.letters(1+r.IntN(3)), r.IntN(100)
		line := func() string {
			if r.IntN(100) < often {
				return letters()
			}
			return r.unique()
		}
		return r.edited(r.lines(5+r.IntN(80), line), 1+r.IntN(8), line)
	},
	// One side rewrites a stretch but for its frequent lines.
	"rewritten": func(r random) sides {
		letters, often := r.letters(1+r.IntN(4)), 10+r.IntN(50)
		line := func() string {
			if r.IntN(100) < often {
				return letters()
			}
			return r.unique()
		}
		base := r.lines(20+r.IntN(200), line)
		rewritten := slices.Clone(base)
		from := r.IntN(len(base))
		for i := from; i < min(len(base), from+5+r.IntN(60)); i++ {
			if len(base[i]) > len("a\n") && r.IntN(30) > 0 {
				rewritten[i] = r.unique()
			}
		}
		user, target := r.edit(rewritten, r.IntN(4), line), r.edit(base, r.IntN(5), line)
		if r.IntN(2) == 0 {
			user, target = target, user
		}
		return joinSides(base, user, target)
	},
	// Real files, with the edits that people make.
	"code": func(r random) sides {
		files := goldenFiles()
		base, other := files[r.IntN(len(files))], files[r.IntN(len(files))]
		common := base
		if r.IntN(4) == 0 {
			common = r.develop(base, other)
		}
		return joinSides(base, r.develop(common, other), r.develop(common, base))
	},
}

// goldenFiles are the files of a generated project, by their lines.
var goldenFiles = sync.OnceValue(func() (files [][]string) {
	root := os.DirFS("../../golden/clerk+okx-x402")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Base(name) == "go.sum" {
			return err
		}
		data, err := fs.ReadFile(root, name)
		files = append(files, splitLines(data))
		return err
	})
	if err != nil {
		panic(err)
	}
	return files
})

// random makes sides of a merge.
type random struct{ *rand.Rand }

// newSides returns the sides of a kind that seed stands for, with the ends of
// lines and files that are easily got wrong.
func newSides(kind string, seed uint64) sides {
	r := random{rand.New(rand.NewPCG(seed, 0))}
	s := kinds[kind](r)
	crlf := r.IntN(10) == 0
	for _, side := range []*string{&s.base, &s.user, &s.target} {
		if r.IntN(8) == 0 {
			*side = strings.TrimSuffix(*side, "\n")
		}
		if crlf || r.IntN(60) == 0 {
			*side = strings.ReplaceAll(*side, "\n", "\r\n")
		}
		if r.IntN(60) == 0 {
			*side = ""
		}
	}
	return s
}

func joinSides(base, user, target []string) sides {
	return sides{strings.Join(base, ""), strings.Join(user, ""), strings.Join(target, "")}
}

func (r random) letters(n int) func() string {
	return func() string { return string(rune('a'+r.IntN(n))) + "\n" }
}

func (r random) unique() string { return fmt.Sprintf("line %d\n", r.IntN(10000)) }

func (r random) lines(n int, line func() string) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = line()
	}
	return lines
}

// edited returns base with up to n edits on each side, some of them on both.
func (r random) edited(base []string, n int, line func() string) sides {
	common := base
	if r.IntN(3) == 0 {
		common = r.edit(base, 1+r.IntN(3), line)
	}
	return joinSides(base, r.edit(common, r.IntN(n+1), line), r.edit(common, r.IntN(n+1), line))
}

// edit returns lines with n edits.
func (r random) edit(lines []string, n int, line func() string) []string {
	lines = slices.Clone(lines)
	for range n {
		at := r.IntN(len(lines) + 1)
		end := min(len(lines), at+1+r.IntN(4))
		switch r.IntN(5) {
		case 0, 1:
			lines = slices.Insert(lines, at, line())
		case 2:
			lines = slices.Delete(lines, at, end)
		case 3:
			for i := at; i < end; i += 2 {
				lines[i] = line()
			}
		case 4:
			lines = slices.Insert(lines, r.IntN(len(lines)+1), slices.Clone(lines[at:end])...)
		}
	}
	return lines
}

// develop returns lines with a few edits such as a developer makes. Paragraphs
// come from other.
func (r random) develop(lines, other []string) []string {
	lines = slices.Clone(lines)
	for range 1 + r.IntN(4) {
		at := r.IntN(len(lines) + 1)
		start, end := paragraph(lines, at)
		switch r.IntN(7) {
		case 0: // a paragraph, as if it was copied and renamed
			from, to := paragraph(other, r.IntN(len(other)+1))
			added := slices.Clone(other[from:to])
			if len(added) > 0 {
				added[0] = strings.Replace(added[0], "(", fmt.Sprintf("%d(", r.IntN(100)), 1)
			}
			lines = slices.Insert(lines, end, added...)
		case 1, 2:
			if at < len(lines) {
				lines[at] = fmt.Sprintf("%s // %d\n", strings.TrimSuffix(lines[at], "\n"), r.IntN(1000))
			}
		case 3:
			lines = slices.Insert(lines, at, fmt.Sprintf("\tcall(%d)\n", r.IntN(1000)))
		case 4:
			lines = slices.Delete(lines, at, min(len(lines), at+1+r.IntN(4)))
		case 5:
			lines = slices.Delete(lines, start, end)
		case 6:
			lines = slices.Insert(lines, at, "\tif err != nil {\n", "\t\treturn err\n", "\t}\n")
		}
	}
	return lines
}

// paragraph returns where the paragraph around the line at starts and ends, the
// blank line below it included.
func paragraph(lines []string, at int) (start, end int) {
	start, end = at, at
	for start > 0 && !blank(lines[start-1]) {
		start--
	}
	for end < len(lines) && !blank(lines[end]) {
		end++
	}
	return start, min(end+1, len(lines))
}
