package merge

import (
	"slices"
	"strings"
	"testing"
)

// checkAdopt merges and checks what holds for any two files: no panic, no
// broken result, nothing of the user's lost, and nothing left to add. It
// reports whether the merge succeeded.
func checkAdopt(t *testing.T, path, user, want string) bool {
	t.Helper()
	got, err := Adopt(path, []byte(user), []byte(want))
	if err != nil {
		if got != nil {
			t.Fatalf("Adopt(%s, %q, %q) = %q beside error %v", path, user, want, got, err)
		}
		for _, net := range []string{"the merged file would", "do not fit"} {
			if strings.Contains(err.Error(), net) {
				t.Fatalf("Adopt(%s, %q, %q) needed its last check: %v", path, user, want, err)
			}
		}
		name := strings.TrimPrefix(err.Error(), "forge's ")
		if !strings.HasPrefix(name, path+":") {
			t.Fatalf("Adopt(%s, %q, %q) error has no place: %v", path, user, want, err)
		}
		return false
	}
	again, err := Adopt(path, got, []byte(want))
	if err != nil || string(again) != string(got) {
		t.Fatalf("Adopt(%s, %q, %q) = %q, but again %q, %v", path, user, want, got, again, err)
	}
	if lost := lostLine(path, user, string(got)); lost != "" {
		t.Fatalf("Adopt(%s, %q, %q) = %q, lost line %q", path, user, want, got, lost)
	}
	return true
}

// lostLine returns a line of the user's that the result does not hold, in
// order. Lines that Adopt may change are not looked at: requirements and go in
// a go.mod, and those that may hold an array's elements.
func lostLine(path, user, result string) string {
	left := slices.Collect(strings.Lines(result))
	if path == "go.sum" {
		slices.Sort(left)
	}
	lines := slices.Collect(strings.Lines(user))
	if path == "go.sum" {
		slices.Sort(lines)
		lines = slices.Compact(lines)
	}
	for _, l := range lines {
		text := strings.TrimSpace(l)
		changes := path == "go.mod" && strings.ContainsAny(text, " \t") && !strings.HasPrefix(text, "//") ||
			path == "insforge.toml" && strings.ContainsAny(text, "[]\"'")
		if text == "" || changes {
			continue
		}
		i := slices.IndexFunc(left, func(r string) bool {
			return strings.TrimRight(r, "\r\n") == strings.TrimRight(l, "\r\n") || path == "go.sum" && strings.TrimSpace(r) == strings.Join(strings.Fields(text), " ")
		})
		if i < 0 {
			return l
		}
		left = left[i+1:]
	}
	return ""
}

func FuzzAdopt_drawn(f *testing.F) {
	f.Add("insforge.toml", uint64(1))
	f.Add("go.mod", uint64(1))
	f.Fuzz(func(t *testing.T, path string, seed uint64) {
		if Structured(path) {
			checkDrawn(t, path, seed)
		}
	})
}

func FuzzAdopt(f *testing.F) {
	for path, s := range samples() {
		f.Add(path, s.user, s.want)
		f.Add(path, strings.ReplaceAll(s.comment+s.user, "\n", "\r\n"), s.want)
	}
	f.Add("insforge.toml", "[auth]\nallowed_redirect_urls = [\n 'a' # x\n]\n", wantTOML)
	f.Add("insforge.toml", "auth.password.min_length = 1\nauth.x = [[]]", wantTOML)
	f.Fuzz(func(t *testing.T, path, user, want string) {
		if Structured(path) {
			checkAdopt(t, path, user, want)
		}
	})
}
