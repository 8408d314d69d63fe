package merge

// Structured reports whether path names a file that is merged by its
// structure. Only files at the project's root are: a go.mod further down
// belongs to another module, and a .gitignore there has other rules.
func Structured(path string) bool {
	_, ok := formatOf(path)
	return ok
}

// Adopt returns the user's file with what forge needs added. Nothing of the
// user's is removed, reordered or reformatted, with one exception: a go.sum
// that gains lines is written in the order the go command keeps it in. Line
// endings, a byte order mark and a missing final newline stay as they were,
// unless something has to follow that last line. When nothing is missing, the
// result is the user's file byte for byte, so Adopt is idempotent.
//
// Where the user and forge disagree about one value, the user's stands, except
// that go.mod takes the higher of two versions.
//
// Errors have the form file:line:col: reason. Adopt never returns a file that
// it could not read back.
func Adopt(path string, user, want []byte) ([]byte, error) {
	format, ok := formatOf(path)
	if !ok {
		return nil, notStructured(path)
	}
	wanted, err := newSource("forge's "+path, want)
	if err != nil {
		return nil, err
	}
	if len(user) == 0 {
		// An empty file holds nothing to keep, so forge's stands as it is, its
		// comments included, once it is known to be sound.
		if _, err := format.adopt(wanted, wanted); err != nil {
			return nil, err
		}
		return want, nil
	}
	mine, err := newSource(path, user)
	if err != nil {
		return nil, err
	}
	text, err := format.adopt(mine, wanted)
	if err != nil {
		return nil, err
	}
	return []byte(mine.bom + text), nil
}

// An adopter returns the user's text with what is missing from want added, in
// the user's line endings.
type adopter func(user, want source) (string, error)
