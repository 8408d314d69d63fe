package generator

import (
	"strings"
	"testing"
)

// TestNewPlan is the decision table of NewPlan, row for row. A file is given
// as its bytes; "" means there is none; a trailing * makes it executable.
func TestNewPlan(t *testing.T) {
	for _, row := range []struct {
		name, base, actual, target string
		action                     Action
		result                     string
		conflict                   ConflictKind
	}{
		{"new file", "", "", "T", Create, "T", ""},
		{"adopted", "", "T", "T", NoOp, "", ""},
		{"user's own file", "", "X", "T", Clashes, "", AlreadyExists},
		{"nothing changed", "B", "B", "B", NoOp, "", ""},
		{"templates changed", "B", "B", "T", Update, "T", ""},
		{"templates dropped it", "B", "B", "", Delete, "", ""},
		{"user edited", "B", "X", "B", Keep, "", ""},
		{"user made it already", "B", "T", "T", NoOp, "", ""},
		{"both edited", "B", "X", "T", Clashes, "", BothEdited},
		{"user deleted", "B", "", "B", Keep, "", ""},
		{"user deleted, templates changed", "B", "", "T", Keep, "", ""},
		{"user edited, templates dropped it", "B", "X", "", Keep, "", ""},
		{"gone on both sides", "B", "", "", NoOp, "", ""},
		{"templates made it executable", "B", "B", "B*", Update, "B*", ""},
		{"templates made it executable, user edited", "B", "X", "B*", Update, "X*", ""},
		{"user made it executable", "B", "B*", "B", Keep, "", ""},
		{"user made it executable, templates changed", "B", "B*", "T", Update, "T*", ""},
		{"both changed the mode", "B*", "B", "T*", Update, "T", ""},
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
			var kind ConflictKind
			if c.Conflict != nil {
				kind = c.Conflict.Kind
			}
			if kind != row.conflict {
				t.Errorf("conflict is %q, want %q", kind, row.conflict)
			}
			if c.Action.Writes() != (c.Result != nil || c.Action == Delete) {
				t.Errorf("%s writes: %v, but result is %v", c.Action, c.Action.Writes(), c.Result)
			}
		})
	}
}

func one(t *testing.T, text string) *Tree {
	t.Helper()
	if text == "" {
		return &Tree{}
	}
	f := File{Path: "f", Mode: 0o644, Data: []byte(strings.TrimSuffix(text, "*"))}
	if strings.HasSuffix(text, "*") {
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

func TestPlan_KeepConflicts(t *testing.T) {
	plan := NewPlan(&Tree{}, one(t, "X"), one(t, "T"))
	kept := plan.KeepConflicts()
	if len(kept.Conflicts()) != 0 || kept.Changes[0].Action != Keep {
		t.Errorf("after KeepConflicts: %+v", kept.Changes)
	}
	if len(plan.Conflicts()) != 1 {
		t.Error("KeepConflicts changed the plan it was called on")
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
