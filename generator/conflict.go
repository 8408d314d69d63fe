package generator

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/insforge/forge/internal/insforgetoml"
	"github.com/insforge/forge/internal/merge"
)

// ConflictKind says why forge will not decide alone.
type ConflictKind string

// The kinds of conflict.
const (
	// AlreadyExists: the user has a file where forge would put its own.
	AlreadyExists ConflictKind = "already-exists"
	// BothEdited: the user and the templates changed the same lines.
	BothEdited ConflictKind = "both-edited"
	// BothReplaced: the same with a file that has no lines, or with a link or a
	// folder that the user has put in a file's place.
	BothReplaced ConflictKind = "both-replaced"
)

// Conflict is why forge will not decide alone about one path.
type Conflict struct {
	Kind   ConflictKind
	Reason string
}

// Labels name the three sides in conflict markers.
type Labels = merge.Labels

// Decision is what the user wants done about a conflict.
type Decision string

// The decisions. Keep leaves the user's file, Take replaces it by forge's, and
// Markers writes both into the file for the user to resolve there; a file that
// has no lines stays, and forge's is written beside it.
const (
	DecideKeep    Decision = "keep"
	DecideTake    Decision = "take"
	DecideMarkers Decision = "markers"
)

// Decisions are the ones there are, for flags and prompts.
func Decisions() []Decision { return []Decision{DecideKeep, DecideTake, DecideMarkers} }

// BesideSuffix is the end of the name under which forge's version of a file
// without lines is written beside the user's.
const BesideSuffix = ".forge-new"

// Conflicts returns the changes that wait for a decision.
func (p *Plan) Conflicts() []Change {
	return p.where(func(c Change) bool { return c.Action == Clashes })
}

// Unresolved returns the changes that leave the user something to resolve in
// the project.
func (p *Plan) Unresolved() []Change {
	return p.where(func(c Change) bool { return c.Action != Clashes && c.Conflict != nil })
}

func (p *Plan) where(is func(Change) bool) []Change {
	var found []Change
	for _, c := range p.Changes {
		if is(c) {
			found = append(found, c)
		}
	}
	return found
}

// Decide returns the plan with every conflict decided the same way.
func (p *Plan) Decide(d Decision, l Labels) *Plan {
	for _, c := range p.Conflicts() {
		p = p.DecideOne(c.Path, d, l)
	}
	return p
}

// DecideOne returns the plan with the conflict at path decided.
func (p *Plan) DecideOne(path string, d Decision, l Labels) *Plan {
	return p.with(path, func(c *Change) *Change {
		switch {
		case d == DecideKeep:
			c.settle(c.User().Data, "yours stays as it is")
		case d == DecideTake:
			c.settle(c.Target.Data, "forge's replaces yours")
		case c.Conflict.Kind == BothReplaced:
			c.keepUnresolved()
			return c.beside()
		default:
			c.Action, c.Note = Mark, "conflict markers to resolve"
			c.Result = c.write(c.Marked(l), c.mode())
		}
		return nil
	})
}

// Resolve returns the plan with the conflict at path decided by data, which the
// user made of both sides.
func (p *Plan) Resolve(path string, data []byte) *Plan {
	return p.with(path, func(c *Change) *Change {
		c.settle(data, "resolved by you")
		return nil
	})
}

// with applies decide to a copy of the conflict at path, and adds the change
// it returns, if any.
func (p *Plan) with(path string, decide func(*Change) *Change) *Plan {
	decided := &Plan{Changes: slices.Clone(p.Changes)}
	for i := range decided.Changes {
		if c := &decided.Changes[i]; c.Path == path && c.Action == Clashes {
			if more := decide(c); more != nil {
				decided.Changes = append(decided.Changes, *more)
				decided.sort()
			}
			break
		}
	}
	return decided
}

// mode is the user's unless forge alone changed it.
func (c *Change) mode() fs.FileMode {
	user := c.User().Mode
	if c.Base != nil && user == c.Base.Mode {
		return c.Target.Mode
	}
	return user
}

func (c *Change) settle(data []byte, note string) {
	c.Conflict, c.Note = nil, note
	mode := c.mode()
	switch {
	case c.From != "":
		c.Action, c.Result, c.Note = Create, c.write(data, mode), "moved from "+c.From+"; "+note
	case c.Actual.Same(&File{Mode: mode, Data: data}):
		c.Action = Keep
	default:
		c.Action, c.Result = Update, c.write(data, mode)
	}
}

// keepUnresolved leaves the user's file, moved if the templates moved it, and
// the conflict open.
func (c *Change) keepUnresolved() {
	open := c.Conflict
	c.settle(c.User().Data, "yours stays; forge's is beside it")
	c.Conflict = open
}

func (c *Change) beside() *Change {
	path := c.Path + BesideSuffix
	return &Change{
		Path: path, Action: Create, Target: c.Target, Note: "forge's version of " + c.Path,
		Result: &File{Path: path, Mode: c.Target.Mode, Data: c.Target.Data, Source: c.Target.Source},
	}
}

// merge merges the three sides; a conflict is why that cannot be done alone.
func (c *Change) merge(l Labels) ([]byte, *Conflict) {
	if blocked := c.blocked(); blocked != nil {
		return nil, blocked
	}
	r, err := merge.File(c.Path, c.Base.Data, c.User().Data, c.Target.Data, l)
	switch {
	case errors.Is(err, merge.ErrBinary):
		return nil, &Conflict{Kind: BothReplaced, Reason: "you and the templates changed it, and it is not text"}
	case err != nil:
		return nil, &Conflict{Kind: BothEdited, Reason: err.Error()}
	case len(r.Conflicts) == 0:
		return r.Data, c.misread(BothEdited, r.Data)
	}
	return r.Data, &Conflict{Kind: BothEdited, Reason: reason(r.Conflicts)}
}

// misread is the conflict with settings of the user's that the InsForge CLI
// would drop or refuse, nil if there are none or forge writes nothing beside
// them. Merging itself is content with any TOML. But who has forge write to the
// file applies it next, and then a typo of theirs does nothing without a word.
func (c *Change) misread(kind ConflictKind, merged []byte) *Conflict {
	user := c.User().Data
	if c.Path != "insforge.toml" || bytes.Equal(merged, user) {
		return nil
	}
	if _, err := insforgetoml.Parse(c.Path, user); err != nil {
		return &Conflict{Kind: kind, Reason: err.Error()}
	}
	return nil
}

func reason(conflicts []merge.Conflict) string {
	for _, c := range conflicts {
		if c.Reason != "" {
			return c.Reason
		}
	}
	if len(conflicts) == 1 {
		return "you and the templates changed the same lines"
	}
	return fmt.Sprintf("you and the templates changed the same lines, in %d places", len(conflicts))
}

// Marked is the conflicting file with git's markers in it.
func (c *Change) Marked(l Labels) []byte {
	var base []byte
	if c.Base != nil {
		base = c.Base.Data
	}
	user := c.User().Data
	if r, err := merge.File(c.Path, base, user, c.Target.Data, l); err == nil && len(r.Conflicts) > 0 {
		return r.Data
	}
	// Not a difference of lines: a file that does not parse, say.
	return merge.Lines(base, user, c.Target.Data, l).Data
}

// adopt decides about a file of the user's that forge has never written.
func (c *Change) adopt() {
	if !c.Actual.Mode.IsRegular() || !merge.Structured(c.Path) {
		c.Action, c.Conflict = Clashes, c.taken("a different file of yours is there")
		return
	}
	data, err := merge.Adopt(c.Path, c.Actual.Data, c.Target.Data)
	if err != nil {
		c.Action, c.Conflict = Clashes, &Conflict{Kind: AlreadyExists, Reason: err.Error()}
		return
	}
	misread := c.misread(AlreadyExists, data)
	switch {
	case misread != nil:
		c.Action, c.Conflict = Clashes, misread
	case bytes.Equal(data, c.Actual.Data):
		c.Action, c.Note = NoOp, "has all it needs"
	default:
		c.Action, c.Note = Merge, "added to yours"
		c.Result = c.write(data, c.Actual.Mode)
	}
}

// taken is the conflict with what the user has at the path of a new file.
func (c *Change) taken(reason string) *Conflict {
	if blocked := c.blocked(); blocked != nil {
		return blocked
	}
	if isBinary(c.Actual.Data) || isBinary(c.Target.Data) {
		return &Conflict{Kind: BothReplaced, Reason: reason}
	}
	return &Conflict{Kind: AlreadyExists, Reason: reason}
}

// blocked is the conflict with a link or a folder of the user's, nil if they
// have a file.
func (c *Change) blocked() *Conflict {
	user := c.User()
	if user.Mode.IsRegular() {
		return nil
	}
	return &Conflict{Kind: BothReplaced, Reason: "a " + kindOf(user.Mode) + " of yours is there"}
}

func isBinary(data []byte) bool { return bytes.IndexByte(data, 0) >= 0 }
