package merge

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawSides draws a file and two edits of it: text, or Go in which everything
// that is imported is used.
func drawSides(t *rapid.T) (path string, s sides) {
	if rapid.Bool().Draw(t, "go") {
		base := drawProgram(t, "base")
		return "a.go", sides{base.String(), base.edited(t, "user").String(), base.edited(t, "target").String()}
	}
	line := rapid.SampledFrom([]string{"a\n", "b\n", "}\n", "\n", "c\r\n", "d", "\x00\n"})
	text := func(name string) string {
		return strings.Join(rapid.SliceOfN(line, 0, 8).Draw(t, name), "")
	}
	return "a.txt", sides{text("base"), text("user"), text("target")}
}

func mergeFile(path string, s sides) (Result, bool) {
	r, err := File(path, []byte(s.base), []byte(s.user), []byte(s.target), Labels{})
	return r, err == nil
}

func TestFile_oneSided(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path, s := drawSides(t)
		if r, ok := mergeFile(path, sides{s.base, s.base, s.target}); !ok || string(r.Data) != s.target {
			t.Errorf("without an edit of the user's: %q, %v, want %q", r.Data, ok, s.target)
		}
		if r, ok := mergeFile(path, sides{s.base, s.user, s.base}); !ok || string(r.Data) != s.user {
			t.Errorf("without an edit of forge's: %q, %v, want %q", r.Data, ok, s.user)
		}
	})
}

// TestFile_losesNothing checks that each line the user wrote is in the result.
// White space and imports may move.
func TestFile_losesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path, s := drawSides(t)
		r, ok := mergeFile(path, s)
		if !ok {
			return
		}
		words := func(text string) string { return strings.Join(strings.Fields(text), " ") }
		for line := range strings.Lines(s.user) {
			line = strings.TrimPrefix(words(line), "import ")
			if !strings.Contains(words(s.base), line) && !strings.Contains(words(string(r.Data)), line) {
				t.Errorf("lost the user's line %q: %q", line, r.Data)
			}
		}
	})
}

// TestFile_again checks that once a merge is clean, neither the same upgrade nor
// none at all changes the file again.
func TestFile_again(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path, s := drawSides(t)
		r, ok := mergeFile(path, s)
		if !ok || len(r.Conflicts) > 0 {
			return
		}
		again, ok := mergeFile(path, sides{s.target, string(r.Data), s.target})
		if !ok || string(again.Data) != string(r.Data) || len(again.Conflicts) > 0 {
			t.Errorf("merged again: %q, want %q", again.Data, r.Data)
		}
	})
}

// TestLines_symmetric checks that it does not matter which side is whose.
func TestLines_symmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, s := drawSides(t)
		r, mirrored := s.merge(), sides{s.base, s.target, s.user}.merge()
		if len(r.Conflicts) != len(mirrored.Conflicts) {
			t.Fatalf("%d conflicts, but %d with the sides swapped", len(r.Conflicts), len(mirrored.Conflicts))
		}
		if len(r.Conflicts) == 0 && string(r.Data) != string(mirrored.Data) {
			t.Errorf("merged to %q, but to %q with the sides swapped", r.Data, mirrored.Data)
		}
	})
}

// TestFile_importsFit checks that a clean merge of programs that import what
// they use is one more.
func TestFile_importsFit(t *testing.T) {
	clean := 0
	rapid.Check(t, func(t *rapid.T) {
		base := drawProgram(t, "base")
		s := sides{base.String(), base.edited(t, "user").String(), base.edited(t, "target").String()}
		r, _ := mergeFile("a.go", s)
		if len(r.Conflicts) > 0 {
			return
		}
		clean++
		file, err := parseGo(splitLines(r.Data))
		if err != nil {
			t.Fatalf("the merged file does not parse: %v: %q", err, r.Data)
		}
		imported := make(nameSet)
		for _, spec := range file.imports.specs {
			imported[impliedName(spec.path)] = true
		}
		if got, want := fmt.Sprint(imported), fmt.Sprint(file.uses); got != want {
			t.Errorf("imports %s, uses %s: %q", got, want, r.Data)
		}
	})
	if clean < 20 {
		t.Errorf("%d clean merges prove too little", clean)
	}
}

// packages are what a drawn program may import.
var packages = []string{"bytes", "fmt", "net/http", "os", "github.com/a/jwt/v5", "github.com/b/chi", "example.com/shop/internal/auth"}

// program is a Go file: for each of its functions, the package it uses or "".
type program []string

func drawProgram(t *rapid.T, name string) program {
	return rapid.SliceOfN(rapid.SampledFrom(append([]string{""}, packages...)), 1, 8).Draw(t, name)
}

// edited returns p with some functions changed or added at the end.
func (p program) edited(t *rapid.T, name string) program {
	p = slices.Clone(p)
	for range rapid.IntRange(0, 3).Draw(t, name+" edits") {
		at := rapid.IntRange(0, len(p)-1).Draw(t, name+" at")
		p[at] = rapid.SampledFrom(append([]string{""}, packages...)).Draw(t, name+" package")
	}
	if rapid.Bool().Draw(t, name+" adds") {
		p = append(p, rapid.SampledFrom(packages).Draw(t, name+" added"))
	}
	return p
}

func (p program) String() string {
	var used []importSpec
	var body strings.Builder
	for i, importPath := range p {
		use := ""
		if importPath != "" {
			use = impliedName(importPath) + ".Do()"
			used = append(used, importSpec{importKey: importKey{path: importPath}, text: fmt.Sprintf("%q", importPath)})
		}
		fmt.Fprintf(&body, "\nfunc f%d() {\n\t%s\n} // %d\n", i, use, i)
	}
	slices.SortFunc(used, func(a, b importSpec) int { return strings.Compare(a.path, b.path) })
	used = slices.CompactFunc(used, func(a, b importSpec) bool { return a.path == b.path })
	block := importBlock{}.edited(used, importBlock{specs: used})
	if len(block) > 0 {
		block = append([]string{"\n"}, block...)
	}
	return "package a\n" + strings.Join(block, "") + body.String()
}
