package generator

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// rows shows a plan as one line, sorted by path as the plan has to be.
func rows(p *Plan) string {
	var list []string
	for _, c := range p.Changes {
		row := c.Path + " " + string(c.Action)
		if c.Result != nil {
			row += fmt.Sprintf(" %q", show(c.Result))
		}
		if c.Conflict != nil {
			row += " (" + string(c.Conflict.Kind) + ")"
		}
		if c.From != "" {
			row += " from " + c.From
		}
		list = append(list, row)
	}
	return strings.Join(list, ", ")
}

// joined is the files of several trees.
func joined(t *testing.T, trees ...*Tree) *Tree {
	t.Helper()
	var files []File
	for _, tree := range trees {
		files = slices.Concat(files, tree.files)
	}
	tree, err := NewTree(files)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestNewPlan_renames has a file that forge wrote at a and the templates now
// write at b. The texts are as in one.
func TestNewPlan_renames(t *testing.T) {
	for _, row := range []struct{ name, base, atA, atB, target, want string }{
		{"pristine", "B", "B", "", "B", `a delete, b create "B" from a`},
		{"pristine, templates changed", "B", "B", "", "T", `a delete, b create "T" from a`},
		{"edited", "B", "X", "", "B", `a delete, b create "X" from a`},
		{"edited as the templates did", "B", "T", "", "T", `a delete, b create "T" from a`},
		{"user made it executable", "B", "B*", "", "T", `a delete, b create "T*" from a`},
		{"templates made it executable", "B", "X", "", "B*", `a delete, b create "X*" from a`},
		{"both edited", three, first, "", third, fmt.Sprintf("a delete, b merge %q from a", both)},
		{"both edited the same lines", three, first, "", first2, "a delete, b conflict (both-edited) from a"},
		{"both replaced a binary", "B\x00", "X\x00", "", "T\x00", "a delete, b conflict (both-replaced) from a"},
		{"user deleted it", "B", "", "", "T", "b keep"},
		{"user has a link there", "B", "@", "", "T", `a keep, b create "T"`},
		{"user has a folder there", "B", "/", "X", "T", "a keep, b conflict (already-exists)"},

		{"new path has the same", "B", "B", "T", "T", "a delete, b no-op"},
		{"new path has the same, edited", "B", "X", "T", "T", "a keep, b no-op"},
		{"new path has another", "B", "B", "X", "T", "a keep, b conflict (already-exists)"},
		{"new path has another binary", "B", "B", "X\x00", "T", "a keep, b conflict (both-replaced)"},
		{"new path has a link", "B", "B", "@", "T", "a keep, b conflict (both-replaced)"},

		{"user moved it", "B", "", "B", "T", `b update "T"`},
		{"user moved it, templates did no more", "B", "", "B", "B", "b no-op"},
		{"user moved and edited it", "B", "", "X", "B", "b keep"},
		{"user moved it, both edited", three, "", first, third, fmt.Sprintf("b merge %q", both)},
		{"user moved it, both edited the same lines", three, "", first, first2, "b conflict (both-edited)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			actual := joined(t, oneAt(t, "a", row.atA), oneAt(t, "b", row.atB))
			plan := NewPlan(oneAt(t, "a", row.base), actual, oneAt(t, "b", row.target), Rename{From: "a", To: "b"})
			if got := rows(plan); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			for _, c := range plan.Changes {
				if c.From != "" && (c.Base.Path != "a" || c.User().Path != "a" || c.Actual != nil) {
					t.Errorf("%s: base is of %s, the user's file of %s", c.Path, c.Base.Path, c.User().Path)
				}
			}
		})
	}
}

// TestNewPlan_whichRenames has the base B of every file in base, untouched, and
// the target T of every file in target.
func TestNewPlan_whichRenames(t *testing.T) {
	ab, bc := Rename{Since: "0.2.0", From: "a", To: "b"}, Rename{Since: "0.3.0", From: "b", To: "c"}
	for _, row := range []struct {
		name, base, target string
		renames            []Rename
		want               string
	}{
		{"not declared", "a", "b", nil, `a delete, b create "T"`},
		{"two after another", "a", "c", []Rename{ab, bc}, `a delete, c create "T" from a`},
		{"the second of two", "b", "c", []Rename{ab, bc}, `b delete, c create "T" from b`},
		{"two into one", "a d", "b", []Rename{{From: "d", To: "b"}, ab}, `a delete, b create "T" from a, d delete`},
		{"two into one that moved on", "a d", "c", []Rename{ab, {From: "d", To: "b"}, bc}, `a delete, c create "T" from a, d delete`},
		{"there and back", "a", "a", []Rename{ab, {Since: "0.3.0", From: "b", To: "a"}}, `a update "T"`},
		{"two files", "a d", "b e", []Rename{ab, {From: "d", To: "e"}}, `a delete, b create "T" from a, d delete, e create "T" from d`},
		{"the new path is not written", "a", "", []Rename{ab}, "a delete"},
		{"another path is", "a", "d", []Rename{ab}, `a delete, d create "T"`},
		{"the old path is still written", "a", "a b", []Rename{ab}, `a update "T", b create "T"`},
		{"the new path was written before", "a b", "b", []Rename{ab}, `a delete, b update "T"`},
		{"the old path never was", "d", "b d", []Rename{ab}, `b create "T", d update "T"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			trees := func(paths, text string) *Tree {
				var list []*Tree
				for _, path := range strings.Fields(paths) {
					list = append(list, oneAt(t, path, text))
				}
				return joined(t, list...)
			}
			base := trees(row.base, "B")
			if got := rows(NewPlan(base, base, trees(row.target, "T"), row.renames...)); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}
