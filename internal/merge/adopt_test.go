package merge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStructured(t *testing.T) {
	for path, want := range map[string]bool{
		"go.mod": true, "go.sum": true, "insforge.toml": true, ".env.example": true, ".gitignore": true,
		"": false, "main.go": false, ".env": false, "web/go.mod": false, "web/.gitignore": false, "./go.mod": false,
	} {
		if got := Structured(path); got != want {
			t.Errorf("Structured(%q) = %t, want %t", path, got, want)
		}
	}
}

// adoptCase is one merge written as texts. An empty result means that the
// user's file must come back as it is.
type adoptCase struct {
	name               string
	user, want, result string
	err                string
}

// run merges, and merges the result again: nothing may change then.
func run(t *testing.T, path string, cases []adoptCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Adopt(path, []byte(c.user), []byte(c.want))
			if c.err != "" {
				if err == nil {
					t.Fatalf("Adopt(%s) = %q, want error %q", path, got, c.err)
				}
				if diff := cmp.Diff(c.err, err.Error()); diff != "" || got != nil {
					t.Fatalf("Adopt(%s) error (-want +got):\n%s\nresult: %q", path, diff, got)
				}
				return
			}
			if err != nil {
				t.Fatalf("Adopt(%s) error: %v", path, err)
			}
			result := c.result
			if result == "" {
				result = c.user
			}
			if diff := cmp.Diff(result, string(got)); diff != "" {
				t.Fatalf("Adopt(%s) (-want +got):\n%s", path, diff)
			}
			again, err := Adopt(path, got, []byte(c.want))
			if diff := cmp.Diff(result, string(again)); diff != "" || err != nil {
				t.Fatalf("Adopt(%s) again (-want +got):\n%s\nerror: %v", path, diff, err)
			}
		})
	}
}

func TestAdopt_refusesOtherFiles(t *testing.T) {
	_, err := Adopt("main.go", nil, nil)
	if err == nil || !strings.Contains(err.Error(), "main.go") {
		t.Errorf("Adopt(main.go) error = %v, want one that names the file", err)
	}
}

// samples holds, for each format, a small file of forge's, a line that only a
// user has, and a comment.
func samples() map[string]struct{ want, user, comment string } {
	return map[string]struct{ want, user, comment string }{
		"go.mod": {
			want:    "module example.com/shop\n\ngo 1.26\n\nrequire example.com/b v1.2.0\n",
			user:    "module example.com/shop\n\nrequire example.com/a v1.0.0\n",
			comment: "// mine\n",
		},
		"go.sum": {
			want: "example.com/b v1.2.0 h1:b=\nexample.com/b v1.2.0/go.mod h1:c=\n",
			user: "example.com/a v1.0.0 h1:a=\n",
		},
		"insforge.toml": {
			want:    "project_id = \"shop\"\n\n[auth]\ndisable_signup = true\n",
			user:    "[mine]\nkey = 1\n",
			comment: "# mine\n",
		},
		".env.example": {
			want:    "# Where InsForge is.\nINSFORGE_URL=http://localhost:7130\n\n# Listen here.\nADDR=:8080\n",
			user:    "MINE=1\n",
			comment: "# mine\n",
		},
		".gitignore": {
			want:    "# secrets\n.env\n/bin/\n",
			user:    "*.log\n",
			comment: "# mine\n",
		},
	}
}

// TestAdopt_everyFormat holds the promises that do not depend on the format.
func TestAdopt_everyFormat(t *testing.T) {
	for path, s := range samples() {
		adopt := func(user string) string {
			t.Helper()
			got, err := Adopt(path, []byte(user), []byte(s.want))
			if err != nil {
				t.Fatalf("Adopt(%s, %q) error: %v", path, user, err)
			}
			return string(got)
		}
		if got := adopt(""); got != s.want {
			t.Errorf("Adopt(%s, empty) = %q, want forge's file", path, got)
		}
		if got := adopt(s.want); got != s.want {
			t.Errorf("Adopt(%s, forge's) = %q, want it unchanged", path, got)
		}
		plain := adopt(s.user)
		if plain == s.user || !strings.HasSuffix(plain, "\n") {
			t.Errorf("Adopt(%s, %q) = %q, want additions", path, s.user, plain)
		}
		if got := adopt(strings.TrimSuffix(s.user, "\n")); got != plain {
			t.Errorf("Adopt(%s, no final newline) = %q, want %q", path, got, plain)
		}
		crlf := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
		if got := adopt(crlf(s.user)); got != crlf(plain) {
			t.Errorf("Adopt(%s, CRLF) = %q, want %q", path, got, crlf(plain))
		}
		if got, err := Adopt(path, []byte(s.user), []byte(crlf(s.want))); string(got) != plain {
			t.Errorf("Adopt(%s, forge's in CRLF) = %q, %v, want %q", path, got, err, plain)
		}
		if got := adopt(s.comment); s.comment != "" && !strings.HasPrefix(got, s.comment+"\n") {
			t.Errorf("Adopt(%s, %q) = %q, want the comment first", path, s.comment, got)
		}
		if got := adopt("\n"); !strings.HasSuffix(got, "\n") || strings.TrimSpace(got) == "" {
			t.Errorf("Adopt(%s, blank) = %q", path, got)
		}

		_, err := Adopt(path, []byte("# a\n#\x00"), []byte(s.want))
		if want := path + ":2:2: holds a NUL byte; save it as UTF-8 text"; err == nil || err.Error() != want {
			t.Errorf("Adopt(%s, NUL) error = %v, want %s", path, err, want)
		}
		_, err = Adopt(path, []byte("# a\r\n# b\rx\n"), []byte(s.want))
		if want := path + ":2:4: holds a carriage return that ends no line; save it with one kind of line endings"; err == nil || err.Error() != want {
			t.Errorf("Adopt(%s, bare CR) error = %v, want %s", path, err, want)
		}
		if _, err := Adopt(path, []byte(s.user), []byte("\x00")); err == nil || !strings.HasPrefix(err.Error(), "forge's "+path) {
			t.Errorf("Adopt(%s, forge's with NUL) error = %v, want one about forge's file", path, err)
		}

		marked, err := Adopt(path, []byte(byteOrderMark+s.user), []byte(s.want))
		if strings.HasPrefix(path, "go.") {
			if err == nil || !strings.HasPrefix(err.Error(), path+":1:1: starts with a byte order mark") {
				t.Errorf("Adopt(%s, marked) error = %v, want a refusal", path, err)
			}
		} else if string(marked) != byteOrderMark+plain || err != nil {
			t.Errorf("Adopt(%s, marked) = %q, %v, want %q", path, marked, err, byteOrderMark+plain)
		}
	}
}
