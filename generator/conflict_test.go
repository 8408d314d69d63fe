package generator

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func labels() Labels { return Labels{User: "yours", Base: "forge 0.1.0", Target: "forge 0.2.0"} }

// What the two sides of a conflict are in the file that holds both.
const (
	bothMarked = "<<<<<<< yours\nONE\n||||||| forge 0.1.0\none\n=======\n1\n>>>>>>> forge 0.2.0\ntwo\nthree\n"
	newMarked  = "<<<<<<< yours\nX\n||||||| forge 0.1.0\n=======\nT\n>>>>>>> forge 0.2.0\n"
)

// conflicting is a plan with one conflict, and its rows after each decision.
type conflicting struct {
	name                string
	plan                *Plan
	keep, take, markers string
}

// conflicts are about the file f, or the file a that the templates now write
// at b.
func conflicts(t *testing.T) []conflicting {
	stays := func(base, actual, target string) *Plan {
		return NewPlan(one(t, base), one(t, actual), one(t, target))
	}
	moves := func(base, atA, atB, target string) *Plan {
		actual := joined(t, oneAt(t, "a", atA), oneAt(t, "b", atB))
		return NewPlan(oneAt(t, "a", base), actual, oneAt(t, "b", target), Rename{From: "a", To: "b"})
	}
	return []conflicting{
		{
			"both edited", stays(three, first, first2),
			"f keep", fmt.Sprintf("f update %q", first2), fmt.Sprintf("f mark %q (both-edited)", bothMarked),
		},
		{
			"both edited, forge changed the mode", stays(three, first, first2+"*"),
			fmt.Sprintf("f update %q", first+"*"), fmt.Sprintf("f update %q", first2+"*"), fmt.Sprintf("f mark %q (both-edited)", bothMarked+"*"),
		},
		{
			"both edited, the user changed the mode", stays(three, first+"*", first2),
			"f keep", fmt.Sprintf("f update %q", first2+"*"), fmt.Sprintf("f mark %q (both-edited)", bothMarked+"*"),
		},
		{
			"already there", stays("", "X\n", "T\n"),
			"f keep", `f update "T\n"`, fmt.Sprintf("f mark %q (already-exists)", newMarked),
		},
		{
			"already there and executable", stays("", "X\n*", "T\n"),
			"f keep", `f update "T\n*"`, fmt.Sprintf("f mark %q (already-exists)", newMarked+"*"),
		},
		{
			"binary", stays("B\x00", "X\x00", "T\x00"),
			"f keep", `f update "T\x00"`, `f keep (both-replaced), f.forge-new create "T\x00"`,
		},
		{
			"binary, forge changed the mode", stays("B\x00", "X\x00", "T\x00*"),
			`f update "X\x00*"`, `f update "T\x00*"`, `f update "X\x00*" (both-replaced), f.forge-new create "T\x00*"`,
		},
		{
			"binary already there", stays("", "X\x00", "T\x00"),
			"f keep", `f update "T\x00"`, `f keep (both-replaced), f.forge-new create "T\x00"`,
		},
		{
			"moved", moves(three, first, "", first2),
			fmt.Sprintf("a delete, b create %q from a", first), fmt.Sprintf("a delete, b create %q from a", first2),
			fmt.Sprintf("a delete, b mark %q (both-edited) from a", bothMarked),
		},
		{
			"moved, forge changed the mode", moves(three, first, "", first2+"*"),
			fmt.Sprintf("a delete, b create %q from a", first+"*"), fmt.Sprintf("a delete, b create %q from a", first2+"*"),
			fmt.Sprintf("a delete, b mark %q (both-edited) from a", bothMarked+"*"),
		},
		{
			"moved binary", moves("B\x00", "X\x00", "", "T\x00"),
			`a delete, b create "X\x00" from a`, `a delete, b create "T\x00" from a`,
			`a delete, b create "X\x00" (both-replaced) from a, b.forge-new create "T\x00"`,
		},
		{
			"moved to where the user has a file", moves("B\n", "B\n", "X\n", "T\n"),
			"a keep, b keep", `a keep, b update "T\n"`, fmt.Sprintf("a keep, b mark %q (already-exists)", newMarked),
		},
	}
}

func TestPlan_Decide(t *testing.T) {
	for _, c := range conflicts(t) {
		before := rows(c.plan)
		for decision, want := range map[Decision]string{DecideKeep: c.keep, DecideTake: c.take, DecideMarkers: c.markers} {
			decided := c.plan.Decide(decision, labels())
			if got := rows(decided); got != want {
				t.Errorf("%s, %s:\ngot  %s\nwant %s", c.name, decision, got, want)
			}
			if left := decided.Conflicts(); len(left) > 0 {
				t.Errorf("%s, %s: still waits for a decision: %+v", c.name, decision, left)
			}
			if left := decided.Unresolved(); (len(left) == 1) != (decision == DecideMarkers) {
				t.Errorf("%s, %s: %d are left to resolve", c.name, decision, len(left))
			}
		}
		if got := rows(c.plan); got != before || len(c.plan.Conflicts()) != 1 {
			t.Errorf("%s: Decide changed the plan it was called on to %s", c.name, got)
		}
	}
}

// TestPlan_Resolve has the user merge by hand: what they made of both sides is
// written as forge's version would be, and not at all if it is their own.
func TestPlan_Resolve(t *testing.T) {
	quoted := func(data []byte) string { return strings.Trim(strconv.Quote(string(data)), `"`) }
	for _, c := range conflicts(t) {
		waiting := c.plan.Conflicts()[0]
		user, target, hand := waiting.User().Data, waiting.Target.Data, []byte("by hand\n")
		before := rows(c.plan)
		for _, made := range []struct {
			data []byte
			want string
		}{
			{user, c.keep},
			{target, c.take},
			{hand, strings.Replace(c.take, quoted(target), quoted(hand), 1)},
		} {
			resolved := c.plan.Resolve(waiting.Path, made.data)
			if got := rows(resolved); got != made.want {
				t.Errorf("%s, %q:\ngot  %s\nwant %s", c.name, made.data, got, made.want)
			}
			if len(resolved.Conflicts())+len(resolved.Unresolved()) > 0 {
				t.Errorf("%s, %q: a conflict is left", c.name, made.data)
			}
		}
		if got := rows(c.plan); got != before {
			t.Errorf("%s: Resolve changed the plan it was called on to %s", c.name, got)
		}
	}
}

func TestPlan_DecideOne(t *testing.T) {
	base := joined(t, oneAt(t, "f", three), oneAt(t, "g", three), oneAt(t, "h", "B"))
	actual := joined(t, oneAt(t, "f", first), oneAt(t, "g", first), oneAt(t, "h", "B"))
	target := joined(t, oneAt(t, "f", first2), oneAt(t, "g", first2), oneAt(t, "h", "T"))
	plan := NewPlan(base, actual, target)
	for _, c := range []struct{ path, want string }{
		{"f", fmt.Sprintf(`f update %q, g conflict (both-edited), h update "T"`, first2)},
		{"g", fmt.Sprintf(`f conflict (both-edited), g update %q, h update "T"`, first2)},
		{"h", rows(plan)},
		{"x", rows(plan)},
	} {
		if got := rows(plan.DecideOne(c.path, DecideTake, labels())); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.path, got, c.want)
		}
	}
	all := plan
	for _, d := range []struct {
		path string
		d    Decision
	}{{"f", DecideMarkers}, {"g", DecideKeep}, {"g", DecideTake}} {
		all = all.DecideOne(d.path, d.d, labels())
	}
	if want := fmt.Sprintf(`f mark %q (both-edited), g keep, h update "T"`, bothMarked); rows(all) != want {
		t.Errorf("one after the other:\ngot  %s\nwant %s", rows(all), want)
	}
}

func TestConflict_Reason(t *testing.T) {
	const five, ours, theirs = "1\n2\n3\n4\n5\n", "a\n2\n3\n4\nb\n", "A\n2\n3\n4\nB\n"
	for _, c := range []struct{ base, actual, target, want string }{
		{three, first, first2, "you and the templates changed the same lines"},
		{five, ours, theirs, "you and the templates changed the same lines, in 2 places"},
		{"B\x00", "X\x00", "T\x00", "you and the templates changed it, and it is not text"},
		{"", "X", "T", "a different file of yours is there"},
		{"", "@", "T", "a symbolic link of yours is there"},
		{"B", "/", "T", "a folder of yours is there"},
	} {
		got := NewPlan(one(t, c.base), one(t, c.actual), one(t, c.target)).Changes[0].Conflict
		if got == nil || got.Reason != c.want {
			t.Errorf("%q %q %q: %+v, want %s", c.base, c.actual, c.target, got, c.want)
		}
	}
}
