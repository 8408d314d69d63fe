package merge

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzStructured(f *testing.F) {
	for path, s := range samples() {
		f.Add(path, s.want, s.comment+s.user, s.want+s.user)
		f.Add(path, s.user, inCRLF(s.user+s.want), strings.TrimSuffix(s.want, "\n"))
		projects, err := filepath.Glob(filepath.Join("..", "..", "golden", "*", "go.mod"))
		if err != nil || len(projects) == 0 {
			f.Fatalf("no golden projects: %v", err)
		}
		plain := golden(f, "clerk", path)
		for _, project := range projects {
			f.Add(path, plain, plain+s.comment+s.user, golden(f, filepath.Base(filepath.Dir(project)), path))
		}
	}
	f.Add("insforge.toml", "[a]\nb = ['x', 'y']\n", "a = { b = ['y'] }\n", "[a]\nb = ['z']\n")
	f.Add("insforge.toml", "[a]\nb = ['x', 'y']\n", "a.b = [ # c\n'y' # d\n, 'x',]\n", "[a.c]\n")
	f.Add(".gitignore", "a\n!b\n", "!b\n\\!c\na\\ \n", "a\nd\n!b\n")
	f.Fuzz(func(t *testing.T, path, base, user, target string) {
		if Structured(path) {
			checkAny(t, path, base, user, target)
		}
	})
}

// TestStructured_unrelated merges files that have little to do with each other.
func TestStructured_unrelated(t *testing.T) {
	const rounds = 3000
	for path, file := range drawers() {
		t.Run(path, func(t *testing.T) {
			merged := 0
			for seed := range uint64(rounds) {
				d := draw{rand.New(rand.NewPCG(seed, 1))}
				if checkAny(t, path, file(d, false), file(d, true), file(d, false)) {
					merged++
				}
			}
			if merged < rounds/4 {
				t.Errorf("%d of %d merges succeeded; the files drawn prove too little", merged, rounds)
			}
		})
	}
}

// checkAny merges and checks what is true of any three files, readable or not:
// an error has a place and comes without a file, and a clean merge can be read.
// It reports whether the merge succeeded.
func checkAny(t *testing.T, path, base, user, target string) bool {
	t.Helper()
	r, err := structured(path, []byte(base), []byte(user), []byte(target), testLabels)
	if err != nil {
		if r.Data != nil {
			t.Fatalf("structured = %q beside error %v", r.Data, err)
		}
		for _, net := range []string{"the merged file would", "do not fit"} {
			if strings.Contains(err.Error(), net) {
				t.Fatalf("structured(%s, %q, %q, %q) needed its last check: %v", path, base, user, target, err)
			}
		}
		name := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "forge's "), "earlier ")
		if !strings.HasPrefix(name, path+":") {
			t.Fatalf("structured(%s, %q, %q, %q) error has no place: %v", path, base, user, target, err)
		}
		return false
	}
	if user == base || target == base || user == target || len(r.Conflicts) > 0 {
		return true
	}
	if err := readable(path, r.Data); err != nil {
		t.Fatalf("structured(%s, %q, %q, %q) = %q, which cannot be read: %v", path, base, user, target, r.Data, err)
	}
	return true
}
