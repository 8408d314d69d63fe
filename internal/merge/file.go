package merge

import (
	"bytes"
	"errors"
	"fmt"
	"path"
)

// ErrBinary is returned for a file that holds a NUL byte.
var ErrBinary = errors.New("binary files are not merged; keep one side whole")

// File merges what changed from base to target into user. Files are merged the
// way their kind needs: those that are [Structured] by their keys, Go by lines
// with its imports and formatting understood, all others by [Lines].
//
// Where one side did not change, the result is the other side, byte for byte.
// That holds for binary files too; if both sides changed one, File returns an
// error that is ErrBinary.
func File(path string, base, user, target []byte, l Labels) (Result, error) {
	if data, ok := oneSided(base, user, target); ok {
		return Result{Data: data}, nil
	}
	for _, side := range [][]byte{base, user, target} {
		if bytes.IndexByte(side, 0) >= 0 {
			return Result{}, fmt.Errorf("%s: %w", path, ErrBinary)
		}
	}
	return inOneEnding(base, user, target, func(base, user, target []byte) Result {
		if data, ok := oneSided(base, user, target); ok {
			return Result{Data: data}
		}
		return byKind(path, base, user, target, l)
	}), nil
}

// oneSided returns the merged file if at most one side changed, or both in the
// same way.
func oneSided(base, user, target []byte) (merged []byte, ok bool) {
	switch {
	case bytes.Equal(user, base), bytes.Equal(user, target):
		return target, true
	case bytes.Equal(target, base):
		return user, true
	}
	return nil, false
}

func byKind(name string, base, user, target []byte, l Labels) Result {
	switch {
	case Structured(name):
		r, err := structured(name, base, user, target, l)
		if err != nil {
			r = unstructured(name, base, user, target, l, err.Error())
		}
		return r
	case path.Ext(name) == ".go":
		return goFile(base, user, target, l)
	}
	return Lines(base, user, target, l)
}

// unstructured merges a file by lines that cannot be merged by its structure,
// for the reason given. A side that does not parse still has lines, and if those
// conflict, the reason is what the user has to mend first. If they do not, and
// yet make no file of the format out of one of the user's, as when both add the
// same table in two ways, all edits are one conflict.
func unstructured(name string, base, user, target []byte, l Labels, reason string) Result {
	r := Lines(base, user, target, l)
	if len(r.Conflicts) == 0 && readable(name, user) == nil && readable(name, r.Data) != nil {
		chunks := chunksOf(splitLines(base), splitLines(user), splitLines(target))
		r = assemble(joinEdits(chunks, 0, len(chunks)-1, ""), l, newlineOf(user, target))
	}
	for i := range r.Conflicts {
		r.Conflicts[i].Reason = reason
	}
	return r
}
