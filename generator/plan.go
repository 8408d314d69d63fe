package generator

import (
	"bytes"
	"cmp"
	"io/fs"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Action is what will happen to one path.
type Action string

// The actions. Mark writes a file with conflict markers in it, which the user
// has asked for.
const (
	NoOp    Action = "no-op"
	Create  Action = "create"
	Update  Action = "update"
	Merge   Action = "merge"
	Mark    Action = "mark"
	Delete  Action = "delete"
	Keep    Action = "keep"
	Clashes Action = "conflict"
)

// Writes reports whether the action changes the file on disk.
func (a Action) Writes() bool {
	return a == Create || a == Update || a == Merge || a == Mark || a == Delete
}

// Change is one row of a Plan.
//
//	Action    Base  Actual  Target  Result         Conflict
//	Create    any   -       set     file to write  -
//	Update    set   set     set     file to write  -
//	Merge     any   any     set     merged file    -
//	Mark      any   any     set     with markers   set
//	Delete    set   set     -       -              -
//	Keep      any   any     any     -              set if nobody decided
//	NoOp      any   any     any     -              -
//	conflict  any   any     set     -              set
type Change struct {
	Path                 string
	Action               Action
	Base, Actual, Target *File
	Result               *File
	Conflict             *Conflict
	// From is where the file was before the templates renamed it. Base is of
	// that path then; Actual is nil, as nothing is at Path yet.
	From string
	// Note says in a few words what a reader of the plan should know.
	Note string

	moved *File // the user's file at From
	// declined is set if there is a file that the user does not want.
	declined bool
}

// User is the user's file, at From if it was there.
func (c *Change) User() *File { return cmp.Or(c.moved, c.Actual) }

// Plan is everything Apply will do, sorted by path. It can be printed, tested
// and thrown away.
type Plan struct {
	Changes []Change
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
//	B     X       T       Merge, or Conflict BothEdited; Update if only the mode differs
//	B     -       B       Keep (stays deleted)
//	B     -       T       Keep (stays deleted, declined)
//	B     X       -       Keep (detached)
//	B     -       -       NoOp (forget)
//
// Mode bits: the side that changed them wins, the user's if both did. Migrations
// are append-only: one that is there is never changed and never deleted. A link
// or a folder in a file's place is an X that is never merged, moved or replaced.
//
// A rename applies if base has its From and target its To, and the other way
// round not: the user's file moves, and then the table holds for it at To.
func NewPlan(base, actual, target *Tree, renames ...Rename) *Plan {
	moves := movesOf(base, target, renames)
	plan := &Plan{}
	var moved []Change
	for f := range target.All() {
		c := Change{Path: f.Path, Target: f, Base: base.Lookup(f.Path), Actual: actual.Lookup(f.Path)}
		if from, ok := moves[f.Path]; ok {
			moved = append(moved, c.move(base.Lookup(from), actual.Lookup(from))...)
			continue
		}
		plan.Changes = append(plan.Changes, c)
	}
	gone := map[string]bool{}
	for _, from := range moves {
		gone[from] = true
	}
	for f := range base.All() {
		if target.Lookup(f.Path) == nil && !gone[f.Path] {
			plan.Changes = append(plan.Changes, Change{Path: f.Path, Base: f, Actual: actual.Lookup(f.Path)})
		}
	}
	plan.decide()
	plan.Changes = append(plan.Changes, moved...)
	plan.sort()
	return plan
}

// decide decides about each change by itself, some at once: merging takes the
// most of the time.
func (p *Plan) decide() {
	var next atomic.Int64
	var deciding sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		deciding.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(p.Changes)); i = next.Add(1) - 1 {
				p.Changes[i].decide()
			}
		})
	}
	deciding.Wait()
}

// writesFiles reports whether any change writes, forge's record not counted.
func (p *Plan) writesFiles() bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Action.Writes() })
}

func (p *Plan) sort() {
	slices.SortFunc(p.Changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
}

// movesOf maps the new path of every rename that applies to the old one. The
// renames are in the order of their versions, so that one can follow another.
func movesOf(base, target *Tree, renames []Rename) map[string]string {
	at := map[string]string{} // where a file of base is by now
	for _, r := range renames {
		for old, now := range at {
			if now == r.From {
				at[old] = r.To
			}
		}
		if base.Lookup(r.From) != nil {
			at[r.From] = r.To
		}
	}
	moves := map[string]string{}
	// Of two files that became one, the first moves, whatever a map's order.
	for _, from := range slices.Sorted(maps.Keys(at)) {
		to := at[from]
		if moves[to] == "" && target.Lookup(from) == nil && base.Lookup(to) == nil && target.Lookup(to) != nil {
			moves[to] = from
		}
	}
	return moves
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
		c.Action, c.Note, c.declined = Keep, "you deleted it", true
	case a == nil:
		c.Action, c.Note, c.declined = Keep, "you deleted it; the new version is declined", true
	case isMigration(c.Path):
		c.migration()
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

// migration decides about a migration that is there and that forge wrote: a
// database may have run it, so no change to it would ever arrive. A template
// that changed is rendered as a new migration.
func (c *Change) migration() {
	switch {
	case c.Target == nil:
		c.Action, c.Note = Keep, "migrations are append-only"
	case c.Actual.Same(c.Target):
		c.Action = NoOp
	default:
		c.Action, c.Note = Keep, "your edit stays"
	}
}

const migrationsDir = "migrations/"

func isMigration(path string) bool { return strings.HasPrefix(path, migrationsDir) }

// update decides between three files that all exist.
func (c *Change) update() {
	b, a, t := c.Base, c.User(), c.Target
	mode := a.Mode
	if a.Mode == b.Mode {
		mode = t.Mode
	}
	data, action := a.Data, Update
	switch {
	case bytes.Equal(a.Data, b.Data):
		data = t.Data
	case bytes.Equal(t.Data, b.Data), bytes.Equal(a.Data, t.Data):
	default:
		merged, conflict := c.merge(Labels{})
		if conflict != nil {
			c.Action, c.Conflict = Clashes, conflict
			return
		}
		data, action = merged, Merge
	}
	if mode == a.Mode && bytes.Equal(data, a.Data) {
		c.Action, c.Note = Keep, "your edit stays"
		return
	}
	c.Action, c.Result = action, c.write(data, mode)
}

func (c *Change) write(data []byte, mode fs.FileMode) *File {
	return &File{Path: c.Path, Mode: mode, Data: data, Source: c.Target.Source}
}

// move decides about a file that the templates renamed: base and actual are of
// the old path. It returns what happens to the new path and to the old one.
func (c *Change) move(base, actual *File) []Change {
	from := base.Path
	switch {
	case actual == nil:
		// The user deleted it, or has moved it already.
		c.Base = base
		c.decide()
		return []Change{*c}
	case !actual.Mode.IsRegular():
		// A link or a folder, which stays where it is.
		c.decide()
		return []Change{*c, {Path: from, Base: base, Actual: actual, Action: Keep, Note: "no longer managed by forge"}}
	case c.Actual != nil && !c.Actual.Same(c.Target):
		c.Action = Clashes
		c.Conflict = c.taken("the templates moved " + from + " here, where you have a file of your own")
		return []Change{*c, {Path: from, Base: base, Actual: actual, Action: Keep, Note: "no longer managed by forge"}}
	case c.Actual != nil && !actual.Same(base):
		c.Action, c.Note = NoOp, "already there"
		return []Change{*c, {Path: from, Base: base, Actual: actual, Action: Keep, Note: "edited; no longer managed by forge"}}
	case c.Actual != nil:
		c.Action, c.Note = NoOp, "already there"
		return []Change{*c, {Path: from, Base: base, Actual: actual, Action: Delete, Note: "now " + c.Path}}
	}
	c.Base, c.From, c.moved = base, from, actual
	c.update()
	if c.Action == Update || c.Action == Keep {
		data, mode := actual.Data, actual.Mode
		if c.Result != nil {
			data, mode = c.Result.Data, c.Result.Mode
		}
		c.Action, c.Result = Create, c.write(data, mode)
	}
	c.Note = "moved from " + from
	return []Change{*c, {Path: from, Base: base, Actual: actual, Action: Delete, Note: "moved to " + c.Path}}
}

// Declined lists the paths that forge would write but the user deleted.
func (p *Plan) Declined() []string {
	var paths []string
	for _, c := range p.Changes {
		if c.declined {
			paths = append(paths, c.Path)
		}
	}
	return paths
}

// Restore returns the plan with the declined files at paths written again, and
// which of paths are not declined.
func (p *Plan) Restore(paths []string) (*Plan, []string) {
	restored := &Plan{Changes: slices.Clone(p.Changes)}
	var unknown []string
	for _, path := range paths {
		i := slices.IndexFunc(restored.Changes, func(c Change) bool { return c.Path == path && c.declined })
		if i < 0 {
			unknown = append(unknown, path)
			continue
		}
		c := &restored.Changes[i]
		c.Action, c.Result, c.Note, c.declined = Create, c.Target, "restored", false
	}
	return restored, unknown
}

// Perm reduces a file mode to what a Tree records: whether it can be run.
func Perm(mode fs.FileMode) fs.FileMode {
	if mode&0o100 != 0 {
		return 0o755
	}
	return 0o644
}
