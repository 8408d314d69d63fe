package merge

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// checksum is one line of a go.sum.
type checksum struct {
	module.Version
	hash  string
	start int // offset in the source
}

func adoptGoSum(user, want source) (string, error) {
	mine, err := checksums(user)
	if err != nil {
		return "", err
	}
	wanted, err := checksums(want)
	if err != nil {
		return "", err
	}

	hashes := make(map[module.Version][]string)
	var order []module.Version
	add := func(c checksum) bool {
		known := hashes[c.Version]
		if slices.Contains(known, c.hash) {
			return false
		}
		if known == nil {
			order = append(order, c.Version)
		}
		hashes[c.Version] = append(known, c.hash)
		return true
	}
	for _, c := range mine {
		add(c)
	}
	grown := false
	for _, c := range wanted {
		if err := cmp.Or(agree(user, mine, c), agree(want, wanted, c)); err != nil {
			return "", err
		}
		grown = add(c) || grown
	}
	if !grown {
		return user.text, nil
	}

	module.Sort(order)
	var out strings.Builder
	for _, m := range order {
		slices.Sort(hashes[m])
		for _, h := range hashes[m] {
			out.WriteString(m.Path + " " + m.Version + " " + h + "\n")
		}
	}
	return user.inNewlines(out.String()), nil
}

// agree returns an error if a go.sum holds another hash of the same kind for
// the same module as forge's line c: a union would make the go command stop with a
// security error, and only the user can tell which of the two is right.
func agree(s source, sums []checksum, c checksum) error {
	kind, _, _ := strings.Cut(c.hash, ":")
	for _, m := range sums {
		if m.Version == c.Version && m.hash != c.hash && strings.HasPrefix(m.hash, kind+":") {
			return s.errorf(m.start, "%s %s has checksum %s, but forge knows it as %s; run go mod verify", m.Path, m.Version.Version, m.hash, c.hash)
		}
	}
	return nil
}

func checksums(s source) ([]checksum, error) {
	if err := s.refuseMark(); err != nil {
		return nil, err
	}
	var sums []checksum
	for _, l := range s.lines() {
		fields := strings.Fields(l.text)
		if len(fields) == 0 {
			continue // as the go command does
		}
		if len(fields) != 3 || !semver.IsValid(strings.TrimSuffix(fields[1], "/go.mod")) || !strings.Contains(fields[2], ":") {
			return nil, s.errorf(l.start, "not a line of the form: module version hash; delete the line and run go mod tidy")
		}
		sums = append(sums, checksum{
			Version: module.Version{Path: fields[0], Version: fields[1]},
			hash:    fields[2],
			start:   l.start,
		})
	}
	return sums, nil
}
