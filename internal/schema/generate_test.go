package schema

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

var update = flag.Bool("update", false, "write the schemas anew")

// limits say what a Go type cannot: what has to be there, and what values there
// are. By type, or by type and key. That Load agrees is tested.
var limits = map[string]Object{
	"Provider":              {"required": []string{"name", "summary", "docs"}, "oneOf": []Object{{"required": []string{"credential"}}, {"required": []string{"package"}}}},
	"Provider.docs":         {"pattern": "^https://"},
	"Provider.package":      {"pattern": "^[a-z][a-z0-9]*$"},
	"Question":              {"required": []string{"key", "message", "type"}},
	"Question.type":         {"enum": []string{"input", "select", "multiselect", "confirm"}},
	"Question.format":       {"enum": []string{"project-name", "module-path", "origin"}},
	"Question.choices_from": {"enum": []string{"auth", "payment"}},
	"Choice":                {"required": []string{"value", "label"}},
	"Condition":             {"required": []string{"key"}, "oneOf": []Object{{"required": []string{"is"}}, {"required": []string{"not"}}}},
	"EnvVar":                {"required": []string{"name", "comment"}},
	"EnvVar.name":           {"pattern": "^[A-Z][A-Z0-9_]*$"},
	"EnvVar.pattern":        {"pattern": `^\^.*\$$`},
	"Step":                  {"required": []string{"title"}, "anyOf": []Object{{"required": []string{"text"}}, {"required": []string{"fields"}}}},
	"Field":                 {"required": []string{"name", "value"}},
	"URL":                   {"required": []string{"use"}},
	"URL.use":               {"enum": []string{"callback", "logout", "redirect", "origin"}},
	"URL.path":              {"pattern": "^(/.*)?$"},
	"GoLive":                {"required": []string{"text"}},
	"Module":                {"required": []string{"module", "version"}},
	"Module.version":        {"pattern": "^v"},
	"Rename":                {"required": []string{"since", "from", "to"}},
	"DoctorDatabase":        {"required": []string{"url", "schema", "read"}},
	"Change.action":         {"enum": []string{"no-op", "create", "update", "merge", "mark", "delete", "keep", "conflict"}},
	"FileStatus.state":      {"enum": []string{"pristine", "edited", "deleted", "detached", "conflicted"}},
	"Check.status":          {"enum": []string{"ok", "warning", "failed", "skipped"}},
}

// TestSchema_filesAreCurrent: the files are what the Go types and their comments say.
func TestSchema_filesAreCurrent(t *testing.T) {
	provider := reflect.TypeFor[generator.Provider]()
	used := map[string]bool{}
	for name, of := range map[string]struct {
		tag, title string
		shape      reflect.Type
	}{
		"provider": {"toml", "provider.toml of forge's templates", provider},
		"layer":    {"toml", "layer.toml of forge's templates", reflect.TypeFor[generator.SharedLayer]()},
		"plan":     {"json", "What forge new, upgrade, add, remove and eject print with --json", reflect.TypeFor[view.Document]()},
		"status":   {"json", "What forge status --json prints", reflect.TypeFor[view.StatusDocument]()},
		"doctor":   {"json", "What forge doctor --json prints", reflect.TypeFor[view.DoctorDocument]()},
		"failure":  {"json", "What forge prints with --json if a command fails", reflect.TypeFor[view.FailureDocument]()},
	} {
		m := maker{tag: of.tag, docs: comments(t, "../../generator", "../view", "../doctor"), defs: Object{}, used: used}
		root := m.object(of.shape)
		root["$schema"], root["title"], root["$defs"] = dialect, of.title, m.defs
		data, err := json.MarshalIndent(root, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		current(t, name+".schema.json", string(data)+"\n")
	}
	for name := range limits {
		if !used[name] {
			t.Errorf("%s, which the schemas limit, is in none of them", name)
		}
	}
}

func current(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Errorf("%v; run make docs", err)
	} else if diff := cmp.Diff(want, string(have)); diff != "" {
		t.Errorf("%s is not what the Go types say (-want +have); run make docs\n%s", file, diff)
	}
}

// maker makes schemas of Go types, whose keys are in the tag.
type maker struct {
	tag  string
	docs map[string]string
	defs Object
	used map[string]bool
}

func (m *maker) schema(t reflect.Type) Object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return Object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return m.schema(t.Elem())
	case t.Kind() == reflect.Struct:
		if m.defs[t.Name()] == nil {
			m.defs[t.Name()] = Object{} // a type may hold itself
			m.defs[t.Name()] = m.object(t)
		}
		return Object{"$ref": "#/$defs/" + t.Name()}
	case t.Kind() == reflect.Slice:
		return Object{"type": "array", "items": m.schema(t.Elem())}
	case t.Kind() == reflect.Map:
		return Object{"type": "object", "additionalProperties": m.schema(t.Elem())}
	}
	return Object{"type": map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer"}[t.Kind()]}
}

func (m *maker) object(t reflect.Type) Object {
	properties, required := Object{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		key, options, _ := strings.Cut(f.Tag.Get(m.tag), ",")
		owner := t
		if len(f.Index) > 1 {
			owner = t.Field(f.Index[0]).Type
		}
		if f.Anonymous || !f.IsExported() || key == "-" || key == "" {
			continue
		}
		p := m.schema(f.Type)
		if text := m.docs[typeName(owner)+"."+f.Name]; text != "" {
			p["description"] = text
		}
		m.limit(p, t.Name()+"."+key)
		properties[key] = p
		// What is printed is always there, unless it may be left out.
		if m.tag == "json" && !strings.Contains(options, "omitempty") {
			required = append(required, key)
		}
	}
	o := Object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		slices.Sort(required)
		o["required"] = required
	}
	if text := m.docs[typeName(t)]; text != "" {
		o["description"] = text
	}
	m.limit(o, t.Name())
	return o
}

// limit adds the limits called name. Those of a declaration are not those of what
// is printed of it, which has been checked.
func (m *maker) limit(o Object, name string) {
	if _, stated := o["required"]; stated && limits[name] != nil {
		return
	}
	if limits[name] != nil {
		m.used[name] = true
		maps.Copy(o, limits[name])
	}
}

// typeName is the type's name with its package's.
func typeName(t reflect.Type) string { return path.Base(t.PkgPath()) + "." + t.Name() }

// comments maps types, and types and their fields, to what their comments say. A
// comment of several fields is that of the first.
func comments(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", folder, err)
		}
		for _, name := range names {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				d, ok := n.(*ast.GenDecl)
				if !ok {
					return true
				}
				for _, spec := range d.Specs {
					s, ok := spec.(*ast.TypeSpec)
					if !ok {
						continue
					}
					owner := file.Name.Name + "." + s.Name.Name
					found[owner] = oneLine(d.Doc)
					if fields, ok := s.Type.(*ast.StructType); ok {
						for _, f := range fields.Fields.List {
							for _, name := range f.Names {
								found[owner+"."+name.Name] = oneLine(f.Doc)
							}
						}
					}
				}
				return true
			})
		}
	}
	return found
}

func oneLine(c *ast.CommentGroup) string {
	if c == nil {
		return ""
	}
	return strings.Join(strings.Fields(c.Text()), " ")
}
