package generator

import (
	"io/fs"
	"strings"
	"testing"
)

// Three lines, with an edit of each side and what comes of both.
const (
	three  = "one\ntwo\nthree\n"
	first  = "ONE\ntwo\nthree\n"
	third  = "one\ntwo\nTHREE\n"
	both   = "ONE\ntwo\nTHREE\n"
	first2 = "1\ntwo\nthree\n"
)

// TestNewPlan is the decision table of NewPlan, row for row. A file is given
// as its bytes, as one says.
func TestNewPlan(t *testing.T) {
	for _, row := range []struct {
		name, base, actual, target string
		action                     Action
		result                     string
		conflict                   ConflictKind
	}{
		{"new file", "", "", "T", Create, "T", ""},
		{"adopted", "", "T", "T", NoOp, "", ""},
		{"adopted with the user's mode", "", "T*", "T", NoOp, "", ""},
		{"user's own file", "", "X", "T", Clashes, "", AlreadyExists},
		{"user's own binary", "", "X\x00", "T", Clashes, "", BothReplaced},
		{"binary where the user has text", "", "X", "T\x00", Clashes, "", BothReplaced},
		{"user's own link", "", "@", "T", Clashes, "", BothReplaced},
		{"user's own folder", "", "/", "T", Clashes, "", BothReplaced},

		{"nothing changed", "B", "B", "B", NoOp, "", ""},
		{"templates changed", "B", "B", "T", Update, "T", ""},
		{"templates dropped it", "B", "B", "", Delete, "", ""},
		{"user edited", "B", "X", "B", Keep, "", ""},
		{"user made it already", "B", "T", "T", NoOp, "", ""},
		{"user made it already, but for the mode", "B", "T", "T*", Update, "T*", ""},
		{"user deleted", "B", "", "B", Keep, "", ""},
		{"user deleted, templates changed", "B", "", "T", Keep, "", ""},
		{"user edited, templates dropped it", "B", "X", "", Keep, "", ""},
		{"user changed the mode, templates dropped it", "B", "B*", "", Keep, "", ""},
		{"gone on both sides", "B", "", "", NoOp, "", ""},

		{"other lines", three, first, third, Merge, both, ""},
		{"other lines, one of them the same", three, both, third, Keep, "", ""},
		{"same lines", three, first, first2, Clashes, "", BothEdited},
		{"same lines, and templates made it executable", three, first, first2 + "*", Clashes, "", BothEdited},
		{"binary, user edited", "B\x00", "X\x00", "B\x00", Keep, "", ""},
		{"binary, templates changed", "B\x00", "B\x00", "T\x00", Update, "T\x00", ""},
		{"binary, both changed", "B\x00", "X\x00", "T\x00", Clashes, "", BothReplaced},
		{"binary, both made the same", "B\x00", "T\x00", "T\x00", NoOp, "", ""},
		{"link in its place", "B", "@", "B", Keep, "", ""},
		{"link in its place, templates changed", "B", "@", "T", Clashes, "", BothReplaced},
		{"link in its place, templates dropped it", "B", "@", "", Keep, "", ""},
		{"folder in its place", "B", "/", "B", Keep, "", ""},
		{"folder in its place, templates changed", "B", "/", "T", Clashes, "", BothReplaced},
		{"folder in its place, templates dropped it", "B", "/", "", Keep, "", ""},

		{"templates made it executable", "B", "B", "B*", Update, "B*", ""},
		{"templates made it executable, user edited", "B", "X", "B*", Update, "X*", ""},
		{"templates made it executable, user too", "B", "B*", "B*", NoOp, "", ""},
		{"user made it executable", "B", "B*", "B", Keep, "", ""},
		{"user made it executable, templates changed", "B", "B*", "T", Update, "T*", ""},
		{"user made it executable, both edited", three, first + "*", third, Merge, both + "*", ""},
		{"templates made it executable, both edited", three, first, third + "*", Merge, both + "*", ""},
		{"user took the mode away", "B*", "B", "T*", Update, "T", ""},
		{"user took the mode away, both edited", three + "*", first, third + "*", Merge, both, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			plan := NewPlan(one(t, row.base), one(t, row.actual), one(t, row.target))
			if len(plan.Changes) != 1 {
				t.Fatalf("%d changes, want 1", len(plan.Changes))
			}
			c := plan.Changes[0]
			if c.Action != row.action {
				t.Errorf("action is %s, want %s", c.Action, row.action)
			}
			if got := show(c.Result); got != row.result {
				t.Errorf("result is %q, want %q", got, row.result)
			}
			if got := kindIn(c); got != row.conflict {
				t.Errorf("conflict is %q, want %q", got, row.conflict)
			}
			if c.Action.Writes() != (c.Result != nil || c.Action == Delete) {
				t.Errorf("%s writes: %v, but result is %v", c.Action, c.Action.Writes(), c.Result)
			}
		})
	}
}

func kindIn(c Change) ConflictKind {
	if c.Conflict == nil {
		return ""
	}
	return c.Conflict.Kind
}

// one is a tree with the file f, or without any if text is "".
func one(t *testing.T, text string) *Tree { return oneAt(t, "f", text) }

// oneAt is a tree with one file of the bytes text; a trailing * makes it
// executable, @ alone is a symbolic link and / a folder.
func oneAt(t *testing.T, path, text string) *Tree {
	t.Helper()
	f := File{Path: path, Mode: 0o644, Data: []byte(strings.TrimSuffix(text, "*"))}
	switch {
	case text == "":
		return &Tree{}
	case text == "@":
		f.Mode, f.Data = fs.ModeSymlink, nil
	case text == "/":
		f.Mode, f.Data = fs.ModeDir, nil
	case strings.HasSuffix(text, "*"):
		f.Mode = 0o755
	}
	tree, err := NewTree([]File{f})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func show(f *File) string {
	if f == nil {
		return ""
	}
	if f.Mode == 0o755 {
		return string(f.Data) + "*"
	}
	return string(f.Data)
}

func TestNewPlan_adoptsStructuredFiles(t *testing.T) {
	tree := func(data string) *Tree {
		made, err := NewTree([]File{{Path: ".gitignore", Mode: 0o644, Data: []byte(data)}})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	plan := NewPlan(&Tree{}, tree("mine\n"), tree(".env\n"))
	c := plan.Changes[0]
	if c.Action != Merge || !strings.HasPrefix(string(c.Result.Data), "mine\n") || !strings.Contains(string(c.Result.Data), "\n.env\n") {
		t.Errorf("change is %+v with result %q, want a merge that keeps mine and adds .env", c, c.Result.Data)
	}
	if c := NewPlan(&Tree{}, tree(".env\nmine\n"), tree(".env\n")).Changes[0]; c.Action != NoOp {
		t.Errorf("a file that has all it needs: %s, want no-op", c.Action)
	}
}

// TestNewPlan_migrations: what a database may have run is never changed.
func TestNewPlan_migrations(t *testing.T) {
	const path = "migrations/0001_a.sql"
	for _, row := range []struct{ name, base, actual, target, want string }{
		{"new", "", "", "T", `create "T"`},
		{"number taken by the user", "", "X", "T", "conflict (already-exists)"},
		{"nothing changed", "B", "B", "B", "no-op"},
		{"edited", "B", "X", "B", "keep"},
		{"made executable", "B", "B*", "B", "keep"},
		{"edited as the templates were", "B", "T", "T", "no-op"},
		{"templates changed", "B", "B", "T", "keep"},
		{"both edited", "B", "X", "T", "keep"},
		{"superseded", "B", "B", "", "keep"},
		{"superseded, edited", "B", "X", "", "keep"},
		{"superseded, a link in its place", "B", "@", "", "keep"},
		{"deleted", "B", "", "B", "keep"},
		{"deleted and superseded", "B", "", "", "no-op"},
	} {
		plan := NewPlan(oneAt(t, path, row.base), oneAt(t, path, row.actual), oneAt(t, path, row.target))
		if got := rows(plan); got != path+" "+row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// TestNewPlan_notes: rows that do nothing say why.
func TestNewPlan_notes(t *testing.T) {
	for _, row := range []struct{ path, base, actual, target, want string }{
		{"f", "B", "B", "T", ""},
		{"f", "", "T", "T", "already there"},
		{"f", "B", "X", "B", "your edit stays"},
		{"f", three, both, third, "your edit stays"},
		{"f", "B", "", "B", "you deleted it"},
		{"f", "B", "", "T", "you deleted it; the new version is declined"},
		{"f", "B", "", "", "gone on both sides"},
		{"f", "B", "X", "", "edited; no longer managed by forge"},
		{"migrations/0001_a.sql", "B", "X", "B", "your edit stays"},
		{"migrations/0001_a.sql", "B", "B", "", "migrations are append-only"},
	} {
		plan := NewPlan(oneAt(t, row.path, row.base), oneAt(t, row.path, row.actual), oneAt(t, row.path, row.target))
		if got := plan.Changes[0].Note; got != row.want {
			t.Errorf("%s %q %q %q: the note is %q, want %q", row.path, row.base, row.actual, row.target, got, row.want)
		}
	}
}

// declining is a plan in which a, b and d wait to be restored.
func declining(t *testing.T) *Plan {
	base := joined(t, oneAt(t, "a", "B"), oneAt(t, "b", "B"), oneAt(t, "c", "B"), oneAt(t, "gone", "B"), oneAt(t, "old", "B"))
	target := joined(t, oneAt(t, "a", "B"), oneAt(t, "b", "T"), oneAt(t, "c", "T"), oneAt(t, "d", "T"))
	return NewPlan(base, oneAt(t, "c", "B"), target, Rename{From: "old", To: "d"})
}

func TestPlan_Declined(t *testing.T) {
	if got := strings.Join(declining(t).Declined(), " "); got != "a b d" {
		t.Errorf("declined are %q, want a, b and d", got)
	}
}

func TestPlan_Restore(t *testing.T) {
	plan := declining(t)
	const before = `a keep, b keep, c update "T", d keep, gone no-op`
	if got := rows(plan); got != before {
		t.Fatalf("got  %s\nwant %s", got, before)
	}
	for _, c := range []struct{ paths, unknown, declined, want string }{
		{"", "", "a b d", before},
		{"a", "", "b d", `a create "B", b keep, c update "T", d keep, gone no-op`},
		{"d b", "", "a", `a keep, b create "T", c update "T", d create "T", gone no-op`},
		{"c a gone x", "c gone x", "b d", `a create "B", b keep, c update "T", d keep, gone no-op`},
	} {
		restored, unknown := plan.Restore(strings.Fields(c.paths))
		if got := rows(restored); got != c.want {
			t.Errorf("Restore(%s):\ngot  %s\nwant %s", c.paths, got, c.want)
		}
		if got := strings.Join(unknown, " "); got != c.unknown {
			t.Errorf("Restore(%s): unknown are %q, want %q", c.paths, got, c.unknown)
		}
		if got := strings.Join(restored.Declined(), " "); got != c.declined {
			t.Errorf("Restore(%s): declined are %q, want %q", c.paths, got, c.declined)
		}
		if got := rows(plan); got != before {
			t.Errorf("Restore(%s) changed the plan it was called on: %s", c.paths, got)
		}
	}
}

func TestNewTree_refuses(t *testing.T) {
	for name, files := range map[string][]File{
		"two of a path":   {{Path: "a", Source: "base"}, {Path: "a", Source: "auth/x"}},
		"file and folder": {{Path: "a"}, {Path: "a/b"}},
		"parent":          {{Path: "../a"}},
		"absolute":        {{Path: "/a"}},
		"backslash":       {{Path: `a\b`}},
		"empty":           {{Path: ""}},
	} {
		if tree, err := NewTree(files); err == nil {
			t.Errorf("%s: made a tree of %d files, want an error", name, tree.Len())
		}
	}
}
