package merge

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// goSource is a Go file cut in three: what is above its imports, the imports
// with the blank lines around them, and what is below.
type goSource struct {
	head, tail []string
	imports    importBlock
	uses       nameSet // what selectors start with and the file does not declare
	decls      []goDecl
}

// nameSet is a set of identifiers.
type nameSet map[string]bool

// parseGo reads a Go file. An error says that it does not parse.
func parseGo(lines []string) (goSource, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", strings.Join(lines, ""), parser.ParseComments)
	if err != nil {
		return goSource{}, err
	}
	lineOf := func(p token.Pos) int { return fset.PositionFor(p, false).Line - 1 }
	from := lineOf(file.Name.End()) + 1
	to := from
	for i, d := range importDecls(file) {
		if i == 0 {
			from = lineOf(d.Pos())
		}
		to = lineOf(d.End()) + 1
	}
	for from > 0 && blank(lines[from-1]) {
		from--
	}
	for to < len(lines) && blank(lines[to]) {
		to++
	}
	imports := newImportBlock(file, lineOf, lines[from:to], from)
	if !strings.HasSuffix(lines[to-1], "\n") {
		imports.plain = false // nothing can be put below it
	}
	return goSource{
		head:    lines[:from],
		imports: imports,
		tail:    lines[to:],
		uses:    selectorRoots(file),
		decls:   declsOf(file, lineOf),
	}, nil
}

func blank(line string) bool { return strings.TrimSpace(line) == "" }

// importDecls returns the import declarations, which come before all others.
func importDecls(file *ast.File) []*ast.GenDecl {
	var decls []*ast.GenDecl
	for _, d := range file.Decls {
		if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.IMPORT {
			decls = append(decls, d)
		}
	}
	return decls
}

// selectorRoots returns the names that file selects from and does not declare:
// the packages it uses, and variables that other files of its package declare.
func selectorRoots(file *ast.File) nameSet {
	unresolved := make(map[*ast.Ident]bool)
	for _, id := range file.Unresolved {
		unresolved[id] = true
	}
	roots := make(nameSet)
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := s.X.(*ast.Ident); ok && unresolved[id] {
				roots[id.Name] = true
			}
		}
		return true
	})
	return roots
}

// goDecl is one name that a file declares at its top level.
type goDecl struct {
	name     string // Type.Method for a method
	from, to int    // its first line and the one after its last
}

// count returns how many times s declares name at its top level.
func (s goSource) count(name string) int {
	n := 0
	for _, d := range s.decls {
		if d.name == name {
			n++
		}
	}
	return n
}

func declsOf(file *ast.File, lineOf func(token.Pos) int) []goDecl {
	var decls []goDecl
	add := func(name string, n ast.Node) {
		// A file may declare any number of these.
		if name != "_" && name != "init" {
			decls = append(decls, goDecl{name, lineOf(n.Pos()), lineOf(n.End()) + 1})
		}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				add(d.Name.Name, d)
			} else if len(d.Recv.List) > 0 {
				add(receiver(d.Recv.List[0].Type)+"."+d.Name.Name, d)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					add(s.Name.Name, s)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						add(id.Name, s)
					}
				}
			}
		}
	}
	return decls
}

// receiver returns the name of a method's type.
func receiver(t ast.Expr) string {
	for {
		switch x := t.(type) {
		case *ast.ParenExpr:
			t = x.X
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
