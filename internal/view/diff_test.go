package view

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/insforge/forge/generator"
)

func file(text string) *generator.File {
	return &generator.File{Path: "a.txt", Mode: 0o644, Data: []byte(text)}
}

func TestDiff(t *testing.T) {
	script := file("#!/bin/sh\n")
	script.Mode = 0o755
	for _, test := range []struct {
		name          string
		from, to      string
		before, after *generator.File
		want          string
	}{
		{
			"new", "a.txt", "a.txt", nil, file("one\n"),
			"diff --git a/a.txt b/a.txt\nnew file mode 100644\n--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+one\n",
		},
		{
			"new script", "run", "run", nil, script,
			"diff --git a/run b/run\nnew file mode 100755\n--- /dev/null\n+++ b/run\n@@ -0,0 +1 @@\n+#!/bin/sh\n",
		},
		{
			"deleted", "a.txt", "a.txt", file("one\n"), nil,
			"diff --git a/a.txt b/a.txt\ndeleted file mode 100644\n--- a/a.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n",
		},
		{
			"mode alone", "run", "run", file("#!/bin/sh\n"), script,
			"diff --git a/run b/run\nold mode 100644\nnew mode 100755\n",
		},
		{
			"moved alone", "a.txt", "b.txt", file("one\n"), file("one\n"),
			"diff --git a/a.txt b/b.txt\nrename from a.txt\nrename to b.txt\n",
		},
		{
			"moved and changed", "a.txt", "b.txt", file("one\n"), file("two\n"),
			"diff --git a/a.txt b/b.txt\nrename from a.txt\nrename to b.txt\n--- a/a.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-one\n+two\n",
		},
		{
			"no last newline", "a.txt", "a.txt", file("one\n"), file("one"),
			"diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+one\n\\ No newline at end of file\n",
		},
		{
			"binary", "a.png", "a.png", file("a\x00"), file("b\x00"),
			"diff --git a/a.png b/a.png\nBinary files a/a.png and b/a.png differ\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := diff(test.from, test.to, test.before, test.after); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestDiffs_moved is one diff for a file that moves.
func TestDiffs_moved(t *testing.T) {
	base := generator.File{Path: "old.txt", Mode: 0o644, Data: []byte("one\n")}
	target := generator.File{Path: "new.txt", Mode: 0o644, Data: []byte("two\n")}
	plan := generator.NewPlan(tree(t, base), tree(t, base), tree(t, target), generator.Rename{From: "old.txt", To: "new.txt"})
	diffs := Diffs(plan)
	if len(diffs) != 1 || diffs[0].Path != "new.txt" || !strings.Contains(diffs[0].Diff, "rename from old.txt\n") {
		t.Errorf("got %+v, want one diff that moves old.txt to new.txt", diffs)
	}
}

func tree(t *testing.T, files ...generator.File) *generator.Tree {
	t.Helper()
	tree, err := generator.NewTree(files)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestConflict_long keeps what is asked about it on the screen.
func TestConflict_long(t *testing.T) {
	var user, target bytes.Buffer
	for i := range 100 {
		fmt.Fprintf(&user, "yours %d\n", i)
		fmt.Fprintf(&target, "ours %d\n", i)
	}
	var out bytes.Buffer
	Conflict(&out, generator.Change{
		Path: "a.txt", Conflict: &generator.Conflict{Kind: generator.BothEdited},
		Base: file("base\n"), Actual: file(user.String()), Target: file(target.String()),
	})
	if lines := strings.Count(out.String(), "\n"); lines != 2+2*31 {
		t.Errorf("%d lines:\n%s", lines, out.String())
	}
	if n := strings.Count(out.String(), "... and 75 more lines, which edit shows too\n"); n != 2 {
		t.Errorf("%d of 2 sides say what is left out:\n%s", n, out.String())
	}
}

// TestDiff_lineNumbers: hunks say where they begin in the new file, also behind one
// in which lines stay between two edits.
func TestDiff_lineNumbers(t *testing.T) {
	var before, after []string
	for i := range 60 {
		line := fmt.Sprintf("line %d", i)
		before = append(before, line)
		switch i {
		case 5, 9, 40:
			after = append(after, line+" changed")
		case 20:
			after = append(after, line, "new")
		case 30:
		default:
			after = append(after, line)
		}
	}
	text := diff("a", "a",
		&generator.File{Path: "a", Mode: 0o644, Data: []byte(strings.Join(before, "\n") + "\n")},
		&generator.File{Path: "a", Mode: 0o644, Data: []byte(strings.Join(after, "\n") + "\n")})
	seen := 0
	for _, hunk := range strings.Split(text, "\n@@ -")[1:] {
		var from, fromLines, to, toLines int
		if _, err := fmt.Sscanf(hunk, "%d,%d +%d,%d @@", &from, &fromLines, &to, &toLines); err != nil {
			t.Fatalf("%v: %s", err, hunk)
		}
		lines := strings.Split(hunk, "\n")
		for _, want := range []struct {
			lines []string
			at    int
			sign  string
		}{{before, from, "-"}, {after, to, "+"}} {
			n := want.at - 1
			for _, line := range lines[1:] {
				if line == "" || line[:1] != " " && line[:1] != want.sign {
					continue
				}
				if line[1:] != want.lines[n] {
					t.Fatalf("line %d is %q, and the hunk says %q:\n%s", n+1, want.lines[n], line[1:], hunk)
				}
				n++
			}
		}
		seen++
	}
	if seen != 4 {
		t.Errorf("%d hunks, want 4:\n%s", seen, text)
	}
}
