package merge

import (
	"errors"
	"strings"
	"testing"
)

func TestFile(t *testing.T) {
	conflict := func(user, base, target string) string {
		return "<<<<<<< yours\n" + user + "||||||| base\n" + base + "=======\n" + target + ">>>>>>> forge\n"
	}
	toCRLF := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	tests := []struct {
		name, path string
		sides
		want string
	}{
		{"the user did not edit", "a.txt", sides{"a\x00", "a\x00", "b\x00"}, "b\x00"},
		{"forge did not edit", "a.txt", sides{"a\x00", "b\x00", "a\x00"}, "b\x00"},
		{"both made the same file", "a.txt", sides{"a\x00", "b\x00", "b\x00"}, "b\x00"},
		{"one side that is no Go", "a.go", sides{"package a\n", "package\n", "package a\n"}, "package\n"},
		{"by lines", "a.txt", sides{"a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"}, "A\nb\nC\n"},
		{"conflict", "a.txt", sides{"a\nb\n", "a\nu\n", "a\nt\n"}, "a\n" + conflict("u\n", "b\n", "t\n")},

		{"user turned it to CRLF", "a.txt", sides{"a\nb\nc\n", "a\r\nb\r\nc\r\n", "a\nB\nc\n"}, "a\r\nB\r\nc\r\n"},
		{"user turned it to CRLF and edited", "a.txt", sides{"a\nb\nc\n", "A\r\nb\r\nc\r\n", "a\nb\nC\n"}, "A\r\nb\r\nC\r\n"},
		{"user turned it to CRLF, conflict", "a.txt", sides{"a\n", "u\r\n", "t\n"}, toCRLF(conflict("u\n", "a\n", "t\n"))},
		{"user turned it to LF", "a.txt", sides{"a\r\nb\r\nc\r\n", "A\nb\nc\n", "a\r\nb\r\nC\r\n"}, "A\nb\nC\n"},
		{"forge turned it to CRLF", "a.txt", sides{"a\nb\nc\n", "A\nb\nc\n", "a\r\nb\r\nC\r\n"}, "A\r\nb\r\nC\r\n"},
		{"all in CRLF", "a.txt", sides{"a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n"}, "A\r\nb\r\nC\r\n"},
		{"CRLF, forge emptied it", "a.txt", sides{"a\r\n", "a\r\nb\r\n", ""}, toCRLF(conflict("a\nb\n", "a\n", ""))},
		{"one line without an end, turned to CRLF", "a.txt", sides{"a", "a\r\nb\r\n", "a"}, "a\r\nb\r\n"},
		{"CRLF, the user cut it to one line without an end", "a.txt", sides{"a\r\nb\r\n", "a", "a\r\nB\r\n"}, toCRLF(conflict("a\n", "a\nb\n", "a\nB\n"))},
		{"mixed endings beside CRLF", "a.txt", sides{"a\r\nb\r\nc\r\n", "a\nb\r\nc\r\n", "a\r\nb\r\nC\r\n"}, "a\nb\r\nC\r\n"},
		{"mixed endings are lines like others", "a.txt", sides{"a\nb\nc\n", "a\r\nb\nc\n", "a\nb\nC\n"}, "a\r\nb\nC\n"},

		{"Go in CRLF", "a.go", sides{
			"package a\n\nimport \"fmt\"\n\nvar x = fmt.X\n\nvar y = 1\n",
			toCRLF("package a\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nvar x = fmt.X\n\nvar y = os.Y\n"),
			"package a\n\nimport \"bytes\"\n\nvar x = bytes.X\n\nvar y = 1\n",
		}, toCRLF("package a\n\nimport (\n\t\"bytes\"\n\t\"os\"\n)\n\nvar x = bytes.X\n\nvar y = os.Y\n")},
		{"Go in mixed endings is not formatted", "a.go", sides{
			"package a\n\nvar  x = 1\n", "package a\r\n\nvar x = 1\n", "package a\n\nvar  x = 2\n",
		}, "package a\r\n\n" + conflict("var x = 1\n", "var  x = 1\n", "var  x = 2\n")},
		{"an import on the package's line, not formatted", "a.go", sides{
			"package a; import \"b\"\n\nvar x = 1\r\n", "package a; import \"b\"\nimport \"c\"\n\nvar x = 1\r\n", "package a; import \"b\"\nimport \"d\"\n\nvar x = 1\r\n",
		}, "package a; import \"b\"\n" + conflict("import \"c\"\n", "", "import \"d\"\n") + "\nvar x = 1\r\n"},
		{"imports at the end of a file whose last line has none", "a.go", sides{
			"package a\n\nimport \"b\"\n", "package a\n\nimport \"b\"", "package a\n\nimport \"b\"\n\n// c\n",
		}, "package a\n\nimport \"b\"\n\n// c\n"},
		{"imports in mixed endings", "a.go", sides{
			"package a\n\nimport (\n\t\"b\"\n\t\"c\"\n)\n", "package a\n\nimport (\r\n\t\"a\"\r\n\t\"b\"\n\t\"c\"\n)\n", "package a\n\nimport (\n\t\"b\"\n\t\"c\"\n\t\"d\"\n)\n",
		}, "package a\n\nimport (\r\n\t\"a\"\r\n\t\"b\"\n\t\"c\"\n\t\"d\"\n)\n"},
		{
			"Go elsewhere is text", "a.go.txt",
			sides{"package a\nvar  x = 1\n", "package a\n\nvar x = 1\n", "package a\nvar  x = 2\n"},
			"package a\n" + conflict("\nvar x = 1\n", "var  x = 1\n", "var  x = 2\n"),
		},
	}
	labels := Labels{User: "yours", Base: "base", Target: "forge"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := File(tt.path, []byte(tt.base), []byte(tt.user), []byte(tt.target), labels)
			if err != nil || string(r.Data) != tt.want {
				t.Errorf("File(%s, %q, %q, %q) = %q, %v, want %q", tt.path, tt.base, tt.user, tt.target, r.Data, err, tt.want)
			}
			checkPlaces(t, r)
			for _, c := range r.Conflicts {
				if c.Reason != "" {
					t.Errorf("reason %q, want none: both sides changed the same lines", c.Reason)
				}
				for _, side := range []string{c.User, c.Base, c.Target} {
					if !strings.Contains(string(r.Data), side) {
						t.Errorf("%q is not in %q", side, r.Data)
					}
				}
			}
		})
	}
}

func TestFile_binary(t *testing.T) {
	for _, s := range []sides{{"a\x00", "b", "c"}, {"a", "b\x00", "c"}, {"a", "b", "c\x00"}} {
		_, err := File("logo.png", []byte(s.base), []byte(s.user), []byte(s.target), Labels{})
		if !errors.Is(err, ErrBinary) || !strings.HasPrefix(err.Error(), "logo.png: ") {
			t.Errorf("File(%q) = %v, want ErrBinary for logo.png", s, err)
		}
	}
}

// TestFile_brokenStructure checks that a file that cannot be merged by its keys
// is merged by lines, and what is wrong with it told where those conflict.
func TestFile_brokenStructure(t *testing.T) {
	const broken = "module m\n\ngo 1.26\n\n<<<<<<< mine\n"
	merge := func(target string) Result {
		r, err := File("go.mod", []byte("module m\n\ngo 1.26\n"), []byte(broken), []byte(target), Labels{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := merge("module n\n\ngo 1.26\n"); len(r.Conflicts) > 0 || string(r.Data) != strings.Replace(broken, "module m", "module n", 1) {
		t.Errorf("edits apart gave %q with conflicts %+v", r.Data, r.Conflicts)
	}
	r := merge("module m\n\ngo 1.26\n\nrequire a.b/c v1.0.0\n")
	if len(r.Conflicts) != 1 || !strings.HasPrefix(r.Conflicts[0].Reason, "go.mod:") || !strings.Contains(string(r.Data), broken[:5]) {
		t.Errorf("edits in one place gave %q with conflicts %+v", r.Data, r.Conflicts)
	}
}
