package generator

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"
)

// What all templates of packs together may cost in one rendering. text/template
// cannot be stopped from outside, so they stop themselves: every turn of a loop
// counts the nodes of its body, and without a loop a template does no more than
// its own length.
const (
	maxPackSteps  = 1_000_000 // nodes evaluated in loops
	maxPackOutput = 1 << 20   // bytes of one file
	maxPackString = 64 << 10  // bytes of a value that a function takes or makes
)

// packFunctions are all that a pack's templates may call: they neither repeat nor
// gather, so what they make is not much larger than what they are given.
var packFunctions = []string{ //nolint:gochecknoglobals // a table, never written
	"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index",
	"contains", "default", "hasPrefix", "hasSuffix", "lower", "quote", "replace", "squote", "ternary",
	"trim", "trimAll", "trimPrefix", "trimSuffix", "upper",
}

// bounds is what is left of the limits of one rendering.
type bounds struct {
	steps int
	funcs template.FuncMap
}

func newBounds() *bounds {
	b := &bounds{steps: maxPackSteps}
	b.funcs = template.FuncMap{stepFunction: b.step}
	all := funcs()
	for _, name := range packFunctions {
		if f, ok := all[name]; ok {
			b.funcs[name] = b.guard(name, f)
		}
	}
	return b
}

// stepFunction counts. No template can call it: its name is no identifier in the
// text of one that check has seen.
const stepFunction = "packStep"

func (b *bounds) step(n int) (string, error) {
	if b.steps -= n; b.steps < 0 {
		return "", &boundError{fmt.Sprintf("the pack's templates take more than %d steps: their loops are too long", maxPackSteps)}
	}
	return "", nil
}

// pay counts the work on a value of that many bytes.
func (b *bounds) pay(bytes int) {
	if _, err := b.step(bytes / 64); err != nil {
		panic(err)
	}
}

// guard is f, which panics where a string is too large; text/template makes an
// error of that.
func (b *bounds) guard(name string, f any) any {
	inner := reflect.ValueOf(f)
	refuse := func() { panic(&boundError{fmt.Sprintf("a string in it is longer than %d bytes", maxPackString)}) }
	return reflect.MakeFunc(inner.Type(), func(args []reflect.Value) []reflect.Value {
		total := 0
		for _, a := range args {
			total += stringBytes(a)
		}
		if total > maxPackString {
			refuse()
		}
		b.pay(total)
		if name == "replace" && strings.Count(args[2].String(), args[0].String())*args[1].Len() > maxPackString {
			refuse()
		}
		var out []reflect.Value
		if inner.Type().IsVariadic() {
			out = inner.CallSlice(args)
		} else {
			out = inner.Call(args)
		}
		made := stringBytes(out[0])
		if made > maxPackString {
			refuse()
		}
		b.pay(made)
		return out
	}).Interface()
}

// stringBytes is the length of v if it is a string, or holds strings.
func stringBytes(v reflect.Value) int {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() { //nolint:exhaustive // everything else is small
	case reflect.String:
		return v.Len()
	case reflect.Slice:
		total := 0
		for i := range v.Len() {
			total += stringBytes(v.Index(i))
		}
		return total
	}
	return 0
}

// execute renders one template of a pack.
func (b *bounds) execute(name, text string, data any) ([]byte, error) {
	t, err := b.parse(name, text)
	if err != nil {
		return nil, err
	}
	out := limited{left: maxPackOutput}
	err = t.Execute(&out, data)
	var bound *boundError
	if errors.As(err, &bound) {
		return nil, bound // where it stood has not been written by anybody
	}
	return out.Bytes(), err
}

// parse refuses what check does, and has the rest count its steps.
func (b *bounds) parse(name, text string) (*template.Template, error) {
	t, err := template.New(name).Option("missingkey=error").Funcs(b.funcs).Parse(text)
	if err != nil {
		return nil, readable(err)
	}
	if len(t.Templates()) > 1 || t.Tree == nil {
		return nil, errors.New("defines a template or a block: write it where it is used")
	}
	if err := checkNodes(t.Root, packFunctions, false); err != nil {
		return nil, err
	}
	b.count(t.Root)
	return t, nil
}

// readable says of a function that is none that packs have less of them.
func readable(err error) error {
	text := err.Error()
	if _, name, ok := strings.Cut(text, "function "); ok && strings.HasSuffix(name, " not defined") {
		name, _, _ = strings.Cut(name, " not defined")
		return fmt.Errorf("calls %s, which templates of packs may not: they have %s", strings.Trim(name, `"`), strings.Join(packFunctions, ", "))
	}
	return err
}

// boundError is a limit that was reached.
type boundError struct{ what string }

func (e *boundError) Error() string { return e.what }

// limited is a buffer that can get full.
type limited struct {
	bytes.Buffer
	left int
}

func (l *limited) Write(data []byte) (int, error) {
	if l.left -= len(data); l.left < 0 {
		return 0, &boundError{fmt.Sprintf("it writes more than %d bytes", maxPackOutput)}
	}
	return l.Buffer.Write(data)
}

// count makes every loop below n begin its turns by counting the nodes of its
// body, and returns the number of nodes in n.
func (b *bounds) count(n parse.Node) int {
	total := 1
	for _, child := range children(n) {
		total += b.count(child)
	}
	if r, ok := n.(*parse.RangeNode); ok {
		r.List.Nodes = slices.Insert(r.List.Nodes, 0, b.countingNode(total))
	}
	return total
}

func (b *bounds) countingNode(n int) parse.Node {
	t := template.Must(template.New("").Funcs(b.funcs).Parse(fmt.Sprintf("{{ %s %d }}", stepFunction, n)))
	return t.Root.Nodes[0]
}

// children are the nodes directly below n.
func children(n parse.Node) []parse.Node {
	branch := func(b *parse.BranchNode) []parse.Node {
		all := append(commands(b.Pipe), b.List.Nodes...)
		if b.ElseList != nil {
			all = append(all, b.ElseList.Nodes...)
		}
		return all
	}
	switch n := n.(type) {
	case *parse.ListNode:
		return n.Nodes
	case *parse.ActionNode:
		return commands(n.Pipe)
	case *parse.IfNode:
		return branch(&n.BranchNode)
	case *parse.RangeNode:
		return branch(&n.BranchNode)
	case *parse.WithNode:
		return branch(&n.BranchNode)
	case *parse.PipeNode:
		return commands(n)
	case *parse.CommandNode:
		return n.Args
	case *parse.ChainNode:
		return []parse.Node{n.Node}
	}
	return nil
}

func commands(p *parse.PipeNode) []parse.Node {
	var all []parse.Node
	for _, c := range p.Cmds {
		all = append(all, c)
	}
	return all
}

// checkNodes refuses what no template of a pack needs and what could cost more
// than it is long: loops over numbers, calls of methods, templates in templates,
// and all functions but those given. Texts of declarations are plain: they have
// no loop and no variable.
func checkNodes(n parse.Node, functions []string, plain bool) error {
	switch n := n.(type) {
	case *parse.TemplateNode:
		return errors.New("calls a template: write it where it is used")
	case *parse.StringNode:
		if r, ok := hiddenRune(n.Text, true); ok {
			return fmt.Errorf("has a string with %U, which nobody sees", r)
		}
	case *parse.IdentifierNode:
		if !slices.Contains(functions, n.Ident) {
			return fmt.Errorf("calls %s, which templates of packs may not: they have %s", n.Ident, strings.Join(functions, ", "))
		}
	case *parse.RangeNode:
		if plain {
			return errors.New("has a loop: a text of a declaration is one sentence after the other")
		}
		for _, c := range n.Pipe.Cmds {
			if len(n.Pipe.Cmds) > 1 || !isData(c.Args[0]) || len(c.Args) > 1 && !asksForLayer(c) {
				return fmt.Errorf("{{range %s}}: a pack's templates loop over the project's data alone, such as .Payments", n.Pipe)
			}
		}
	case *parse.PipeNode:
		return checkPipe(n, functions, plain)
	case *parse.VariableNode, *parse.DotNode:
		if plain {
			return fmt.Errorf("takes %s, and a text of a declaration names what it needs, such as .Name", n)
		}
	}
	if p := pipeOf(n); p != nil {
		if err := checkPipe(p, functions, plain); err != nil {
			return err
		}
	}
	for _, child := range children(n) {
		if err := checkNodes(child, functions, plain); err != nil {
			return err
		}
	}
	return nil
}

func pipeOf(n parse.Node) *parse.PipeNode {
	switch n := n.(type) {
	case *parse.ActionNode:
		return n.Pipe
	case *parse.IfNode:
		return n.Pipe
	case *parse.RangeNode:
		return n.Pipe
	case *parse.WithNode:
		return n.Pipe
	}
	return nil
}

// checkPipe refuses arguments for what is no function: only methods take them.
func checkPipe(p *parse.PipeNode, functions []string, plain bool) error {
	if plain && len(p.Decl) > 0 {
		return fmt.Errorf("%s: a text of a declaration has no variables", p)
	}
	for i, c := range p.Cmds {
		if _, isFunction := c.Args[0].(*parse.IdentifierNode); !isFunction && (len(c.Args) > 1 || i > 0) && (plain || !asksForLayer(c)) {
			return fmt.Errorf("%s: calls a method, which templates of packs may not", p)
		}
		for _, arg := range c.Args {
			if err := checkNodes(arg, functions, plain); err != nil {
				return err
			}
		}
	}
	return nil
}

// asksForLayer reports whether c is one of the two questions that templates ask
// of a Spec with an argument, which has to be spelled out.
func asksForLayer(c *parse.CommandNode) bool {
	var names []string
	switch n := c.Args[0].(type) {
	case *parse.FieldNode:
		names = n.Ident
	case *parse.VariableNode:
		names = n.Ident[1:]
	}
	if len(names) != 1 || names[0] != "Has" && names[0] != "Including" || len(c.Args) != 2 {
		return false
	}
	_, spelled := c.Args[1].(*parse.StringNode)
	return spelled
}

// isData reports whether n is a field, not a number or a call, nor a variable
// that may be one.
func isData(n parse.Node) bool {
	switch n := n.(type) {
	case *parse.FieldNode:
		return true
	case *parse.VariableNode:
		return len(n.Ident) > 1
	}
	return false
}

// textFuncs are what texts of declarations are parsed with. A pack may have many.
//
//nolint:gochecknoglobals // made once, never written
var textFuncs = sync.OnceValue(func() template.FuncMap {
	all := newBounds().funcs
	maps.Copy(all, doctorFuncs())
	return all
})

// checkPackText refuses, in a text of a pack's declaration, all but fields and
// conditions, and functions but those given.
func checkPackText(text string, functions ...string) error {
	if !strings.Contains(text, "{{") {
		return nil
	}
	t, err := template.New("text").Funcs(textFuncs()).Parse(text)
	if err != nil {
		return readable(err)
	}
	if len(t.Templates()) > 1 || t.Tree == nil {
		return errors.New("defines a template")
	}
	return checkNodes(t.Root, functions, true)
}

// addressFields are the variables that an address of a pack's takes, which
// checkPackText has found plain.
func addressFields(text string) []string {
	t, err := template.New("address").Funcs(textFuncs()).Parse(text)
	if err != nil || t.Tree == nil {
		return nil
	}
	var names []string
	var visit func(n parse.Node)
	visit = func(n parse.Node) {
		if f, ok := n.(*parse.FieldNode); ok && !slices.Contains(names, f.Ident[0]) {
			names = append(names, f.Ident[0])
		}
		for _, child := range children(n) {
			visit(child)
		}
	}
	visit(t.Root)
	return names
}
