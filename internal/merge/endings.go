package merge

import (
	"bytes"
	"slices"
	"strings"
)

// inOneEnding merges files that end their lines in CRLF, all or some of them,
// as an editor or git's autocrlf leaves them. It merges in LF, so only real
// edits count, and gives the result back in the line endings of the user, or of
// target where only that changed them. A file whose own lines end in different
// ways makes it merge all three as they are.
func inOneEnding(base, user, target []byte, merge func(base, user, target []byte) Result) Result {
	inBase, inUser, inTarget := endingOf(base), endingOf(user), endingOf(target)
	all := []ending{inBase, inUser, inTarget}
	if !slices.Contains(all, crlf) || slices.Contains(all, mixed) {
		return merge(base, user, target)
	}
	result := inUser
	if inUser == none || inUser == inBase && inTarget != none {
		result = inTarget
	}
	r := merge(toLF(base), toLF(user), toLF(target))
	if result == crlf {
		r = r.toCRLF()
	}
	return r
}

// ending is how the lines of a file end.
type ending byte

const (
	none ending = iota // the file has no newline
	lf
	crlf
	mixed
)

func endingOf(data []byte) ending {
	switch all, pairs := bytes.Count(data, []byte("\n")), bytes.Count(data, []byte("\r\n")); {
	case all == 0:
		return none
	case pairs == 0:
		return lf
	case pairs == all:
		return crlf
	}
	return mixed
}

func toLF(data []byte) []byte {
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
}

// toCRLF returns r with its lines ended in CRLF. They must end in LF.
func (r Result) toCRLF() Result {
	r.Data = bytes.ReplaceAll(r.Data, []byte("\n"), []byte("\r\n"))
	for i := range r.Conflicts {
		for _, side := range []*string{&r.Conflicts[i].User, &r.Conflicts[i].Base, &r.Conflicts[i].Target} {
			*side = strings.ReplaceAll(*side, "\n", "\r\n")
		}
	}
	return r
}
