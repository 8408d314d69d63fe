package generator

import (
	"bytes"
	"cmp"
	"io/fs"
	"slices"

	"github.com/insforge/forge/internal/merge"
)

// Action is what will happen to one path.
type Action string

// The actions, with the sign a printed plan shows for each.
const (
	NoOp    Action = "no-op"
	Create  Action = "create"
	Update  Action = "update"
	Merge   Action = "merge"
	Delete  Action = "delete"
	Keep    Action = "keep"
	Clashes Action = "conflict"
)

// Writes reports whether the action changes the file on disk.
func (a Action) Writes() bool {
	return a == Create || a == Update || a == Merge || a == Delete
}

// ConflictKind says why forge will not decide alone.
type ConflictKind string

// The kinds of conflict.
const (
	// AlreadyExists: the user has a file where forge would put its own.
	AlreadyExists ConflictKind = "already-exists"
	// BothEdited: the user and the templates changed the same file.
	BothEdited ConflictKind = "both-edited"
)

// Conflict is why forge will not decide alone about one path.
type Conflict struct {
	Kind   ConflictKind
	Reason string
}

// Change is one row of a Plan.
//
//	Action    Base  Actual  Target  Result            Conflict
//	Create    -     -       set     = Target          -
//	Update    set   set     set     Target            -
//	Merge     any   set     set     merged file       -
//	Delete    set   set     -       -                 -
//	Keep      any   any     any     -                 -
//	NoOp      any   any     any     -                 -
//	conflict  any   set     set     -                 set
type Change struct {
	Path                 string
	Action               Action
	Base, Actual, Target *File
	Result               *File
	Conflict             *Conflict
	// Note says in a few words what a reader of the plan should know.
	Note string
}

// Plan is everything Apply will do, sorted by path. It can be printed, tested
// and thrown away.
type Plan struct {
	Changes []Change
}

// Conflicts returns the changes that wait for a decision.
func (p *Plan) Conflicts() []Change {
	var found []Change
	for _, c := range p.Changes {
		if c.Action == Clashes {
			found = append(found, c)
		}
	}
	return found
}

// KeepConflicts returns the plan with every conflict decided for the user's
// file.
func (p *Plan) KeepConflicts() *Plan {
	kept := &Plan{Changes: slices.Clone(p.Changes)}
	for i, c := range kept.Changes {
		if c.Action == Clashes {
			kept.Changes[i].Action = Keep
			kept.Changes[i].Note = "yours stays as it is"
		}
	}
	return kept
}

// NewPlan decides what happens to every path that forge last wrote (base) or
// would write now (target), given what is on disk (actual, which needs to hold
// those paths only). B is base's file, T target's, X anything else:
//
//	base  actual  target  Action
//	-     -       T       Create
//	-     T       T       NoOp (adopt)
//	-     X       T       Conflict AlreadyExists; Merge if the file has structure
//	B     B       B       NoOp
//	B     B       T       Update
//	B     B       -       Delete
//	B     X       B       Keep (the user's edit wins)
//	B     T       T       NoOp (the user already made it)
//	B     X       T       Conflict BothEdited; Update if only the mode differs
//	B     -       B       Keep (stays deleted)
//	B     -       T       Keep (stays deleted, declined)
//	B     X       -       Keep (detached)
//	B     -       -       NoOp (forget)
//
// Mode bits: the side that changed them wins, the user's if both did.
func NewPlan(base, actual, target *Tree) *Plan {
	paths := map[string]bool{}
	for f := range base.All() {
		paths[f.Path] = true
	}
	for f := range target.All() {
		paths[f.Path] = true
	}
	plan := &Plan{Changes: make([]Change, 0, len(paths))}
	for path := range paths {
		c := Change{Path: path, Base: base.Lookup(path), Actual: actual.Lookup(path), Target: target.Lookup(path)}
		c.decide()
		plan.Changes = append(plan.Changes, c)
	}
	slices.SortFunc(plan.Changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return plan
}

func (c *Change) decide() {
	b, a, t := c.Base, c.Actual, c.Target
	switch {
	case b == nil && a == nil:
		c.Action, c.Result = Create, t
	case b == nil && bytes.Equal(a.Data, t.Data):
		// The user's mode wins: there is no record of any other.
		c.Action, c.Note = NoOp, "already there"
	case b == nil:
		c.adopt()
	case a == nil && t == nil:
		c.Action, c.Note = NoOp, "gone on both sides"
	case a == nil && t.Same(b):
		c.Action, c.Note = Keep, "you deleted it"
	case a == nil:
		c.Action, c.Note = Keep, "you deleted it; the new version is declined"
	case t == nil && a.Same(b):
		c.Action = Delete
	case t == nil:
		c.Action, c.Note = Keep, "edited; no longer managed by forge"
	case a.Same(t):
		c.Action = NoOp
	default:
		c.update()
	}
}

// update decides between three files that all exist.
func (c *Change) update() {
	b, a, t := c.Base, c.Actual, c.Target
	mode := a.Mode
	if a.Mode == b.Mode {
		mode = t.Mode
	}
	var data []byte
	switch {
	case bytes.Equal(a.Data, b.Data):
		data = t.Data
	case bytes.Equal(t.Data, b.Data), bytes.Equal(a.Data, t.Data):
		data = a.Data
	default:
		c.Action, c.Conflict = Clashes, &Conflict{Kind: BothEdited, Reason: "you and the templates changed it"}
		return
	}
	if mode == a.Mode && bytes.Equal(data, a.Data) {
		c.Action, c.Note = Keep, "your edit stays"
		return
	}
	c.Action, c.Result = Update, &File{Path: c.Path, Mode: mode, Data: data, Source: t.Source}
}

// adopt decides about a file of the user's that forge has never written.
func (c *Change) adopt() {
	if !merge.Structured(c.Path) {
		c.Action, c.Conflict = Clashes, &Conflict{Kind: AlreadyExists, Reason: "a different file of yours is there"}
		return
	}
	data, err := merge.Adopt(c.Path, c.Actual.Data, c.Target.Data)
	switch {
	case err != nil:
		c.Action, c.Conflict = Clashes, &Conflict{Kind: AlreadyExists, Reason: err.Error()}
	case bytes.Equal(data, c.Actual.Data):
		c.Action, c.Note = NoOp, "has all it needs"
	default:
		c.Action, c.Note = Merge, "added to yours"
		c.Result = &File{Path: c.Path, Mode: c.Actual.Mode, Data: data, Source: c.Target.Source}
	}
}

// Perm reduces a file mode to what a Tree records: whether it can be run.
func Perm(mode fs.FileMode) fs.FileMode {
	if mode&0o100 != 0 {
		return 0o755
	}
	return 0o644
}
