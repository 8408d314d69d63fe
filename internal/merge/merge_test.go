package merge

import (
	"fmt"
	"strings"
	"testing"
)

// lineCase is one merge by lines. Its result is checked against git too.
type lineCase struct {
	name string
	sides
	want string // with conflicts, as Lines writes them
}

func TestLines(t *testing.T) {
	dir := t.TempDir()
	for _, c := range lineCases() {
		t.Run(c.name, func(t *testing.T) {
			r := Lines([]byte(c.base), []byte(c.user), []byte(c.target), Labels{User: "yours", Base: "base", Target: "forge"})
			if got := string(r.Data); got != c.want {
				t.Errorf("Lines(%q, %q, %q) = %q, want %q", c.base, c.user, c.target, got, c.want)
			}
			checkPlaces(t, r)
			v, problem, err := compare(dir, c.sides)
			if err != nil || v == wrong || v == extraConflict {
				t.Errorf("verdict %d, want git's: %s %v", v, problem, err)
			}
		})
	}
}

// checkPlaces checks that each conflict of r is where it says.
func checkPlaces(t *testing.T, r Result) {
	t.Helper()
	lines := splitLines(r.Data)
	if HasMarkers(r.Data) != (len(r.Conflicts) > 0) {
		t.Errorf("%d conflicts in %q", len(r.Conflicts), r.Data)
	}
	for _, c := range r.Conflicts {
		if c.Line < 1 || c.Line > len(lines) || !strings.HasPrefix(lines[c.Line-1], markUser) {
			t.Errorf("no conflict at line %d of %q", c.Line, r.Data)
		}
	}
}

func lineCases() []lineCase {
	conflict := func(user, base, target string) string {
		return "<<<<<<< yours\n" + user + "||||||| base\n" + base + "=======\n" + target + ">>>>>>> forge\n"
	}
	toCRLF := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	repetitive := strings.Repeat("\tif err != nil {\n\t\treturn err\n\t}\n\n", 700)
	return []lineCase{
		{"only the user edits", sides{"a\nb\nc\n", "a\nB\nc\n", "a\nb\nc\n"}, "a\nB\nc\n"},
		{"only forge edits", sides{"a\nb\nc\n", "a\nb\nc\n", "a\nB\nc\n"}, "a\nB\nc\n"},
		{"edits apart", sides{"a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"}, "A\nb\nC\n"},
		{"edits on one line", sides{"a\nb\nc\n", "a\nU\nc\n", "a\nT\nc\n"}, "a\n" + conflict("U\n", "b\n", "T\n") + "c\n"},
		{"equal edits", sides{"a\nb\nc\nd\n", "a\nX\nc\nd\n", "a\nX\nc\nD\n"}, "a\nX\nc\nD\n"},
		{
			"edits on adjacent lines",
			sides{"a\nb\nc\nd\n", "a\nB\nc\nd\n", "a\nb\nC\nd\n"},
			"a\n" + conflict("B\nc\n", "b\nc\n", "b\nC\n") + "d\n",
		},
		{"both add the same line at the end", sides{"a\n", "a\nx\n", "a\nx\n"}, "a\nx\n"},
		{"both add, one adds one more", sides{"a\n", "a\nx\n", "a\nx\ny\n"}, "a\nx\n" + conflict("", "", "y\n")},
		{"different insertions at one place", sides{"a\nb\n", "a\nu\nb\n", "a\nt\nb\n"}, "a\n" + conflict("u\n", "", "t\n") + "b\n"},
		{"insertion beside an edit", sides{"a\nb\n", "a\nu\nb\n", "a\nB\n"}, "a\n" + conflict("u\nb\n", "b\n", "B\n")},
		{
			"user turned the file to CRLF, forge edits",
			sides{"a\nb\nc\n", "a\r\nb\r\nc\r\n", "a\nB\nc\n"},
			toCRLF("<<<<<<< yours\na\nb\nc\n||||||| base\n") + "a\nb\nc\n=======\r\na\nB\nc\n>>>>>>> forge\r\n",
		},
		{"all three in CRLF", sides{"a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n"}, "A\r\nb\r\nC\r\n"},
		{"conflict in CRLF", sides{"a\r\n", "u\r\n", "t\r\n"}, toCRLF(conflict("u\n", "a\n", "t\n"))},
		{"no final newline on any side", sides{"a\nb\nc", "A\nb\nc", "a\nb\nC"}, "A\nb\nC"},
		{"user takes the final newline away", sides{"a\nb\nc\n", "a\nb\nc", "A\nb\nc\n"}, "A\nb\nc"},
		{"forge adds the final newline", sides{"a\nb\nc", "A\nb\nc", "a\nb\nc\n"}, "A\nb\nc\n"},
		{"conflict with no final newline", sides{"a\nb", "a\nu", "a\nt"}, "a\n" + conflict("u\n", "b\n", "t\n")},
		{"empty base, both add the same", sides{"", "x\n", "x\n"}, "x\n"},
		{"empty base, both add different text", sides{"", "u\n", "t\n"}, conflict("u\n", "", "t\n")},
		{"user emptied the file, forge edits", sides{"a\nb\n", "", "a\nB\n"}, conflict("", "a\nb\n", "a\nB\n")},
		{"forge emptied the file, user edits", sides{"a\nb\n", "a\nB\n", ""}, conflict("a\nB\n", "a\nb\n", "")},
		{"deletion against an edit", sides{"a\nb\nc\n", "a\nc\n", "a\nB\nc\n"}, "a\n" + conflict("", "b\n", "B\n") + "c\n"},
		{"equal deletions", sides{"a\nb\nc\nd\n", "a\nc\nd\n", "a\nc\nD\n"}, "a\nc\nD\n"},
		{
			"a new function beside an edit of the one above",
			sides{
				"func a() {\n\tx()\n}\n\nfunc c() {\n}\n",
				"func a() {\n\tx()\n}\n\nfunc b() {\n\ty()\n}\n\nfunc c() {\n}\n",
				"func a() {\n\tX()\n}\n\nfunc c() {\n}\n",
			},
			"func a() {\n\tX()\n}\n\nfunc b() {\n\ty()\n}\n\nfunc c() {\n}\n",
		},
		{
			"2,800 repetitive lines",
			sides{repetitive, "user\n" + repetitive, repetitive + "forge\n"},
			"user\n" + repetitive + "forge\n",
		},
	}
}

// TestLines_ambiguous merges sides that are equal but for their last line. They
// can be aligned with base in several ways, and git 2.39 picks two that overlap.
func TestLines_ambiguous(t *testing.T) {
	s := sides{"a\nd\nd\nd\na\n", "d\na\nd\na\nd\na\nd\nd\na\n", "d\na\nd\na\nd\na\nd\nd\na\nd\n"}
	r := s.merge()
	if len(r.Conflicts) != 1 || r.Conflicts[0].Reason != reasonAmbiguous || r.Conflicts[0].User != r.Conflicts[0].Target || r.Conflicts[0].User == "" {
		t.Errorf("conflicts = %+v, want one between equal sides, with the reason", r.Conflicts)
	}
}

// TestLines_rewrittenStretch looks for the borders of what git leaves out of an
// alignment. The user rewrites the rare lines of a stretch, forge edits one of
// the frequent lines among them. Whether that is one place or two is up to git.
func TestLines_rewrittenStretch(t *testing.T) {
	dir := t.TempDir()
	verdicts := make(map[verdict]int)
	check := func(gone, goneAfter, frequent, copies int) {
		t.Helper()
		s := stretch(gone, goneAfter, frequent, copies)
		v, problem, err := compare(dir, s)
		if err != nil || v == wrong || v == extraConflict {
			t.Errorf("%d lines gone, %d frequent, %d gone, %d copies: verdict %d, want git's: %s %v", gone, frequent, goneAfter, copies, v, problem, err)
		}
		verdicts[v]++
	}
	// How many lines must be gone.
	for gone := range 16 {
		check(gone, gone, 3, 40)
		check(gone, 0, 3, 40)
		check(gone, 1, 3, 40)
	}
	// How often a line must occur, in files of several sizes.
	for copies := range 20 {
		for _, gone := range []int{8, 20, 40} {
			check(gone, gone, 3, copies)
		}
	}
	// How far around a line git looks.
	for frequent := 44; frequent < 54; frequent++ {
		check(300, 300, frequent, 80)
	}
	if verdicts[bothClean] < 20 || verdicts[bothConflict] < 20 {
		t.Errorf("verdicts %v are too few of one kind", verdicts)
	}
}

// stretch returns sides whose base holds lines that the user rewrites around
// frequent lines, of which forge edits the second. More copies of the frequent
// ones are spread over the rest of the file.
func stretch(gone, goneAfter, frequent, copies int) sides {
	var base, user, target []string
	add := func(b, u, t string) {
		base, user, target = append(base, b), append(user, u), append(target, t)
	}
	rewritten := func(lines int) {
		for range lines {
			line := fmt.Sprintf("gone %d\n", len(base))
			add(line, "new for "+line, line)
		}
	}
	often := []string{"}\n", "\n", "return\n"}
	for range copies {
		kept := fmt.Sprintf("kept %d\n", len(base))
		for _, line := range append([]string{kept}, often...) {
			add(line, line, line)
		}
	}
	rewritten(gone)
	for i := range frequent {
		line := often[i%len(often)]
		forge := line
		if i == 1 {
			forge = "forge\n"
		}
		add(line, line, forge)
	}
	rewritten(goneAfter)
	add("end\n", "end\n", "end\n")
	add("last\n", "user's last\n", "last\n") // or the stretch would end with what the files have in common
	return joinSides(base, user, target)
}
