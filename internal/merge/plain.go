package merge

import (
	"bytes"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"strings"
)

// plainSides are three Go files as lines that gofmt has not aligned. Where
// columns stand says nothing, but one longer name moves those of its
// neighbours, and then they would seem to be edited.
type plainSides struct {
	base, user, target []string
	// aligned gives a line as gofmt would have it, the user's way first.
	aligned map[string]string
}

// plainGo returns false if a side does not parse. Carriage returns come here
// only from files with mixed line endings; gofmt would drop them.
func plainGo(base, user, target []byte) (plainSides, bool) {
	p := plainSides{aligned: make(map[string]string)}
	for _, side := range []struct {
		lines *[]string
		data  []byte
	}{{&p.target, target}, {&p.base, base}, {&p.user, user}} {
		if bytes.IndexByte(side.data, '\r') >= 0 {
			return p, false
		}
		pretty, err := format.Source(side.data)
		if err != nil {
			return p, false
		}
		plain, err := unaligned(pretty)
		if err != nil {
			return p, false
		}
		*side.lines = splitLines(plain)
		lines := splitLines(pretty)
		if len(lines) != len(*side.lines) {
			return p, false
		}
		for i, line := range lines {
			p.aligned[(*side.lines)[i]] = line
		}
	}
	return p, true
}

// unaligned formats a Go file but puts one tab where gofmt pads with spaces.
func unaligned(source []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	config := printer.Config{Mode: printer.RawFormat | printer.TabIndent, Tabwidth: 8}
	err = config.Fprint(&out, fset, file)
	return out.Bytes(), err
}

// pretty returns r, a merge of plain lines, as gofmt would have it. With
// conflicts in it, it is no Go yet, and each line is as on one of the sides.
func (p plainSides) pretty(r Result) Result {
	if len(r.Conflicts) == 0 {
		if formatted, err := format.Source(r.Data); err == nil {
			r.Data = formatted
		}
		return r
	}
	align := func(text string) string {
		var out strings.Builder
		for line := range strings.Lines(text) {
			if aligned, ok := p.aligned[line]; ok {
				line = aligned
			}
			out.WriteString(line)
		}
		return out.String()
	}
	r.Data = []byte(align(string(r.Data)))
	for i, c := range r.Conflicts {
		r.Conflicts[i].User, r.Conflicts[i].Base, r.Conflicts[i].Target = align(c.User), align(c.Base), align(c.Target)
	}
	return r
}
