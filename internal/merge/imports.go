package merge

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// importBlock is the part of a Go file that holds its imports.
type importBlock struct {
	above, lines, below []string // above and below are blank
	specs               []importSpec
	// plain says that nothing is in lines but imports, with the comments that
	// belong to them. No other block is edited by import.
	plain bool
	// parens says that a declaration in it is parenthesised.
	parens bool
}

// importSpec is one import.
type importSpec struct {
	importKey
	text     string // without indentation: its comment lines, then itself
	bare     bool   // without comments
	from, to int    // its lines in the block, comments included
	group    int    // blank lines tell groups apart
}

// importKey is what tells two imports apart.
type importKey struct {
	name string // "" unless the import is renamed
	path string
}

// newImportBlock returns the imports of file, which are in lines and start at
// line first.
func newImportBlock(file *ast.File, lineOf func(token.Pos) int, lines []string, first int) importBlock {
	b := importBlock{plain: first > lineOf(file.Name.End())}
	for len(lines) > 0 && blank(lines[0]) {
		b.above, lines, first = append(b.above, lines[0]), lines[1:], first+1
	}
	for len(lines) > 0 && blank(lines[len(lines)-1]) {
		b.below, lines = append(b.below, lines[len(lines)-1]), lines[:len(lines)-1]
	}
	b.lines = lines
	inSpec := make([]bool, len(lines))
	for _, d := range importDecls(file) {
		b.parens = b.parens || d.Lparen.IsValid()
		for _, s := range d.Specs {
			spec := newImportSpec(s.(*ast.ImportSpec), lineOf, first)
			if n := len(b.specs); n > 0 {
				spec.group = b.specs[n-1].group
				if b.specs[n-1].to < spec.from {
					spec.group++
				}
			}
			b.specs = append(b.specs, spec)
			for i := max(spec.from, 0); i < min(spec.to, len(lines)); i++ {
				inSpec[i] = true
			}
			// The comment on cgo's import is a C program.
			b.plain = b.plain && spec.path != "C"
		}
	}
	for i, line := range lines {
		framing := slices.Contains([]string{"", "import (", ")"}, strings.TrimSpace(line))
		b.plain = b.plain && (inSpec[i] || framing) && !strings.Contains(line, "\r")
	}
	return b
}

// newImportSpec returns s, of a block that starts at line first.
func newImportSpec(s *ast.ImportSpec, lineOf func(token.Pos) int, first int) importSpec {
	spec := importSpec{
		bare: s.Doc == nil && s.Comment == nil,
		from: lineOf(s.Pos()) - first,
		to:   lineOf(s.End()) - first + 1,
	}
	spec.path, _ = strconv.Unquote(s.Path.Value) // it parsed
	if s.Doc != nil {
		spec.from = lineOf(s.Doc.Pos()) - first
		for _, c := range s.Doc.List {
			spec.text += c.Text + "\n"
		}
	}
	if s.Name != nil {
		spec.text += s.Name.Name + " "
		// A name that says what the path says anyway renames nothing.
		if s.Name.Name != impliedName(spec.path) {
			spec.name = s.Name.Name
		}
	}
	spec.text += s.Path.Value
	if s.Comment != nil {
		spec.to = lineOf(s.Comment.End()) - first + 1
		for _, c := range s.Comment.List {
			spec.text += " " + c.Text
		}
	}
	return spec
}

// impliedName returns the name that the package at importPath most likely has,
// its last element that is not a major version, or "" if that is no identifier.
func impliedName(importPath string) string {
	name := path.Base(importPath)
	if dir := path.Dir(importPath); dir != "." && majorVersion(name) {
		name = path.Base(dir)
	}
	if !token.IsIdentifier(name) {
		return ""
	}
	return name
}

// majorVersion reports whether a path element is one like v2.
func majorVersion(element string) bool {
	digits, ok := strings.CutPrefix(element, "v")
	n, err := strconv.Atoi(digits)
	return ok && err == nil && n > 1
}

// all returns the lines of b with those around it.
func (b importBlock) all() []string { return slices.Concat(b.above, b.lines, b.below) }

// find returns the import with the given key, or nil.
func (b importBlock) find(k importKey) *importSpec { return findImport(b.specs, k) }

func findImport(specs []importSpec, k importKey) *importSpec {
	for i := range specs {
		if specs[i].importKey == k {
			return &specs[i]
		}
	}
	return nil
}

// count returns how many of the imports go by name, as far as they show it.
func (b importBlock) count(name string) int {
	n := 0
	for _, s := range b.specs {
		if s.name == name || s.name == "" && impliedName(s.path) == name {
			n++
		}
	}
	return n
}

// provides reports whether an import goes by name.
func (b importBlock) provides(name string) bool { return b.count(name) > 0 }

// has reports whether b holds the wanted imports, word for word, and no others.
func (b importBlock) has(wanted []importSpec) bool {
	for _, w := range wanted {
		if s := b.find(w.importKey); s == nil || s.text != w.text {
			return false
		}
	}
	return len(b.specs) == len(wanted)
}
