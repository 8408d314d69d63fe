package merge

import (
	"cmp"
	"maps"
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

// goSumMerge is a merge of three go.sum files.
type goSumMerge struct {
	user    source
	mine    []checksum
	outcome map[checksum]bool // the lines the result must have, without offsets
}

// adoptGoSum is the merge without an earlier file of forge's.
func adoptGoSum(user, want source) (string, error) {
	m, err := newGoSumMerge(source{}, user, want)
	if err != nil {
		return "", err
	}
	return m.edited()
}

func openGoSum(base, user, target source) (structure, error) {
	return newGoSumMerge(base, user, target)
}

func newGoSumMerge(base, user, want source) (*goSumMerge, error) {
	mine, err := checksums(user)
	if err != nil {
		return nil, err
	}
	wanted, err := checksums(want)
	if err != nil {
		return nil, err
	}
	was, err := checksums(base)
	if err != nil {
		return nil, err
	}
	for _, c := range wanted {
		if err := cmp.Or(agree(user, mine, c), agree(want, wanted, c)); err != nil {
			return nil, err
		}
	}

	m := &goSumMerge{user: user, mine: mine, outcome: distinct(wanted)}
	forges := distinct(slices.Concat(was, wanted))
	// What only forge's earlier file has goes, unless there are modules of the
	// user's own, whose needs nobody here knows. A line too many harms nothing.
	if slices.ContainsFunc(mine, func(c checksum) bool { return !forges[c.line()] }) {
		maps.Copy(m.outcome, distinct(mine))
	}
	return m, nil
}

// edited returns the user's text if it has just the right lines, and otherwise
// all lines in the order in which the go command keeps them.
func (m *goSumMerge) edited() (string, error) {
	if maps.Equal(distinct(m.mine), m.outcome) {
		return m.user.text, nil
	}
	hashes := make(map[module.Version][]string)
	for c := range m.outcome {
		hashes[c.Version] = append(hashes[c.Version], c.hash)
	}
	order := slices.Collect(maps.Keys(hashes))
	module.Sort(order)
	var out strings.Builder
	for _, v := range order {
		for _, hash := range slices.Sorted(slices.Values(hashes[v])) {
			out.WriteString(v.Path + " " + v.Version + " " + hash + "\n")
		}
	}
	return m.user.inNewlines(out.String()), nil
}

func (m *goSumMerge) check(text string) error {
	result := m.user.with(text)
	sums, err := checksums(result)
	if err != nil {
		return err
	}
	repeats := func(sums []checksum) int { return len(sums) - len(distinct(sums)) }
	if !maps.Equal(distinct(sums), m.outcome) || repeats(sums) > repeats(m.mine) {
		return result.errorf(0, "the merged file would not hold the lines it must")
	}
	return nil
}

// disputes returns none: two checksums of one module are an error, and any
// other two lines go together.
func (m *goSumMerge) disputes(string) ([]dispute, error) { return nil, nil }

// line returns c without its place.
func (c checksum) line() checksum { return checksum{Version: c.Version, hash: c.hash} }

func distinct(sums []checksum) map[checksum]bool {
	set := make(map[checksum]bool)
	for _, c := range sums {
		set[c.line()] = true
	}
	return set
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
