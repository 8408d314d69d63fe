package merge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testLabels = Labels{User: "yours", Base: "before", Target: "forge"}

// mergeCase is one three-way merge written as texts. An empty result means that
// the user's file must come back as it is.
type mergeCase struct {
	name                       string
	base, user, target, result string
	reasons                    []string // of the conflicts
	err                        string
}

// runMerges merges with the user's file as it is, in CRLF, and without its final
// newline.
func runMerges(t *testing.T, path string, cases []mergeCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			result := c.result
			if result == "" {
				result = c.user
			}
			if c.err != "" {
				r, err := structured(path, []byte(c.base), []byte(c.user), []byte(c.target), testLabels)
				if err == nil || err.Error() != c.err || r.Data != nil {
					t.Fatalf("structured(%s) = %q, error %v, want error %s", path, r.Data, err, c.err)
				}
				return
			}
			merge := func(user string) string {
				t.Helper()
				r, err := structured(path, []byte(c.base), []byte(user), []byte(c.target), testLabels)
				if err != nil {
					t.Fatalf("structured(%s) error: %v", path, err)
				}
				checkConflicts(t, r)
				var reasons []string
				for _, conflict := range r.Conflicts {
					reasons = append(reasons, conflict.Reason)
				}
				if diff := cmp.Diff(c.reasons, reasons); diff != "" {
					t.Fatalf("structured(%s) conflicts (-want +got):\n%s\n%s", path, diff, r.Data)
				}
				return string(r.Data)
			}
			if diff := cmp.Diff(result, merge(c.user)); diff != "" {
				t.Fatalf("structured(%s) (-want +got):\n%s", path, diff)
			}
			if c.user == "" {
				return
			}
			if diff := cmp.Diff(inCRLF(result), merge(inCRLF(c.user))); diff != "" {
				t.Fatalf("structured(%s, CRLF) (-want +got):\n%s", path, diff)
			}
			unended := result
			if !strings.HasSuffix(result, ">>>>>>> forge\n") {
				unended = strings.TrimSuffix(result, "\n")
			}
			if diff := cmp.Diff(unended, merge(strings.TrimSuffix(c.user, "\n"))); diff != "" {
				t.Fatalf("structured(%s, no final newline) (-want +got):\n%s", path, diff)
			}
		})
	}
}

func inCRLF(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

// checkConflicts checks that each conflict stands where it says.
func checkConflicts(t interface{ Fatalf(string, ...any) }, r Result) {
	for _, c := range r.Conflicts {
		s := source{text: string(r.Data)}
		at := s.offsetOf(c.Line)
		if want := c.marked(testLabels, s.newline()); !strings.HasPrefix(s.text[at:], want) {
			t.Fatalf("the conflict at line %d is not there: %q\n%s", c.Line, want, s.text)
		}
	}
	if HasMarkers(r.Data) != (len(r.Conflicts) > 0) {
		t.Fatalf("%d conflicts, but the file is\n%s", len(r.Conflicts), r.Data)
	}
}

func TestStructured_refusesOtherFiles(t *testing.T) {
	_, err := structured("main.go", nil, []byte("a"), []byte("b"), testLabels)
	if err == nil || !strings.Contains(err.Error(), "main.go") {
		t.Errorf("structured(main.go) error = %v, want one that names the file", err)
	}
}

// TestStructured_everyFormat holds the promises that do not depend on the format.
func TestStructured_everyFormat(t *testing.T) {
	for path, s := range samples() {
		merge := func(base, user, target string) string {
			t.Helper()
			r, err := structured(path, []byte(base), []byte(user), []byte(target), testLabels)
			if err != nil || len(r.Conflicts) > 0 {
				t.Fatalf("structured(%s, %q, %q, %q) = %q, %v, want no conflict", path, base, user, target, r.Data, err)
			}
			return string(r.Data)
		}
		target := strings.Replace(s.want, "example.com/b v1.2.0", "example.com/b v1.3.0", 1) + s.comment + s.user
		if path == "go.mod" {
			target = strings.Replace(s.want, "v1.2.0", "v1.3.0", 1)
		}
		const unread = "<<< not read \x00 >>>"
		if got := merge(unread, unread, target); got != target {
			t.Errorf("structured(%s) of an untouched file = %q, want forge's", path, got)
		}
		if got := merge(unread, s.user, unread); got != s.user {
			t.Errorf("structured(%s) without a change of forge's = %q, want the user's", path, got)
		}
		if got := merge(unread, target, target); got != target {
			t.Errorf("structured(%s) of equal changes = %q, want them", path, got)
		}
		if got := merge(s.want, inCRLF(s.want), target); got != inCRLF(target) {
			t.Errorf("structured(%s) of a file in CRLF = %q, want forge's in CRLF", path, got)
		}
		if got := merge(inCRLF(s.want), s.want, inCRLF(target)); got != target {
			t.Errorf("structured(%s) of forge's in CRLF = %q, want plain newlines", path, got)
		}

		for side, place := range map[string]string{"base": "forge's earlier " + path, "user": path, "target": "forge's " + path} {
			files := map[string]string{"base": s.want, "user": s.comment + s.want, "target": target}
			if path == "go.sum" {
				files["user"] = s.user + s.want
			}
			files[side] = "# a\n#\x00"
			_, err := structured(path, []byte(files["base"]), []byte(files["user"]), []byte(files["target"]), testLabels)
			if want := place + ":2:2: holds a NUL byte; save it as UTF-8 text"; err == nil || err.Error() != want {
				t.Errorf("structured(%s, NUL in %s) error = %v, want %s", path, side, err, want)
			}
		}

		marked := byteOrderMark + s.want
		r, err := structured(path, []byte(s.want), []byte(marked), []byte(target), testLabels)
		if strings.HasPrefix(path, "go.") {
			if err == nil || !strings.HasPrefix(err.Error(), path+":1:1: starts with a byte order mark") {
				t.Errorf("structured(%s, marked) error = %v, want a refusal", path, err)
			}
		} else if string(r.Data) != byteOrderMark+target || err != nil {
			t.Errorf("structured(%s, marked) = %q, %v, want the mark kept", path, r.Data, err)
		}
	}
}

// replace returns text with one part, which must be in it, replaced.
func replace(text, from, to string) string {
	if strings.Count(text, from) != 1 {
		panic("a test replaces " + from + ", which is not there once")
	}
	return strings.Replace(text, from, to, 1)
}
