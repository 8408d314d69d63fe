package trial

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// project is the smallest that has all a test's result can depend on: a package
// below the one that is tested, which that one's compiled form does not show; a file
// elsewhere in the project; a variable; a requirement; a fuzz target.
var project = map[string]string{
	"go.mod": "module example.com/shop\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n\nreplace example.com/dep => ./dep\n",

	"dep/go.mod": "module example.com/dep\n\ngo 1.25\n",
	"dep/dep.go": "package dep\n\nfunc Word() string { return \"dep\" }\n",

	"deep/deep.go":     "package deep\n\n//go:noinline\nfunc Word() string { return \"deep\" }\n",
	"middle/middle.go": "package middle\n\nimport \"example.com/shop/deep\"\n\nfunc Word() string { return deep.Word() }\n",
	"top/top.go":       "package top\n\nimport \"example.com/shop/middle\"\n\nfunc Word() string { return middle.Word() }\n",
	"top/tagged.go":    "//go:build tagged\n\npackage top\n\nconst Tagged = 1\n",
	"top/top_test.go": `package top

import (
	"os"
	"testing"

	"example.com/dep"
)

func TestWord(t *testing.T) {
	data, err := os.ReadFile("../data/word.txt")
	if err != nil {
		t.Fatal(err)
	}
	got := Word() + " " + dep.Word() + " " + string(data) + " " + os.Getenv("SHOP_WORD")
	if got == "" {
		t.Error(got)
	}
}

func FuzzWord(f *testing.F) {
	f.Add("seed")
	f.Fuzz(func(*testing.T, string) {})
}
`,
	"data/word.txt": "data",
}

// put writes files of a project to dir.
func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for path, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPlaces_remember: a project that is as it was is not tested again, whatever
// folder it came from, and one is of which anything is different that a test can
// depend on.
func TestPlaces_remember(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles programs; make test runs it")
	}
	places := Places{t.TempDir()}
	ran := func(t *testing.T, change map[string]string, args ...string) bool {
		t.Helper()
		dir := t.TempDir()
		put(t, dir, project)
		put(t, dir, change)
		var out []byte
		err := places.Try("shop", dir, func(dir string) (err error) {
			out, err = run(t.Context(), dir, "go", append([]string{"test", "-trimpath"}, append(args, "./top")...)...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return !strings.Contains(string(out), "(cached)")
	}
	if !ran(t, nil) {
		t.Fatal("a project that nobody has tested was not tested")
	}
	if ran(t, nil) {
		t.Error("the same project was tested again")
	}
	for name, change := range map[string]map[string]string{
		"the package":            {"top/top.go": strings.ReplaceAll(project["top/top.go"], "middle.Word()", `middle.Word() + "!"`)},
		"its test":               {"top/top_test.go": project["top/top_test.go"] + "\nfunc TestMore(*testing.T) {}\n"},
		"a package far below":    {"deep/deep.go": strings.ReplaceAll(project["deep/deep.go"], `"deep"`, `"deeper"`)},
		"a module":               {"dep/dep.go": strings.ReplaceAll(project["dep/dep.go"], `"dep"`, `"other"`)},
		"the language of go.mod": {"go.mod": strings.ReplaceAll(project["go.mod"], "go 1.26", "go 1.25")},
		"go.mod's godebug":       {"go.mod": project["go.mod"] + "\ngodebug panicnil=1\n"},
		"a file the test reads":  {"data/word.txt": "date"},
		"an input to fuzz with":  {"top/testdata/fuzz/FuzzWord/one": "go test fuzz v1\nstring(\"one\")\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if !ran(t, change) {
				t.Error("not tested again")
			}
		})
	}
	t.Run("a tag", func(t *testing.T) {
		if !ran(t, nil, "-tags=tagged") {
			t.Error("not tested again")
		}
	})
	t.Run("a variable the test reads", func(t *testing.T) {
		t.Setenv("SHOP_WORD", "word")
		if !ran(t, nil) {
			t.Error("not tested again")
		}
	})
	if ran(t, nil) {
		t.Error("the first project was tested again")
	}
}

// TestPlaces_Try: a place has the project and nothing else, one at a time, and is
// empty afterwards.
func TestPlaces_Try(t *testing.T) {
	places := Places{filepath.Join(t.TempDir(), "new", "folder")}
	left := filepath.Join(places.root, "one", "left", "over")
	if err := errors.Join(os.MkdirAll(filepath.Dir(left), 0o755), os.WriteFile(left, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, map[string]string{"a/b": "c"})
	inside := make(chan string)
	next := make(chan error)
	go func() {
		next <- places.Try("one", dir, func(place string) error {
			inside <- place
			got, err := read(place)
			if len(got) != 1 || got["a/b"] != "c" {
				t.Errorf("the place has %q", got)
			}
			<-inside
			return err
		})
	}()
	place := <-inside
	boom := errors.New("boom")
	second := make(chan error)
	go func() { second <- places.Try("one", dir, func(string) error { return boom }) }()
	if err := places.Try("two", dir, func(other string) error {
		if other == place {
			t.Error("two places are one")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	select {
	case err := <-second:
		t.Errorf("two projects were in one place: %v", err)
	default:
	}
	inside <- ""
	if err := <-next; err != nil {
		t.Error(err)
	}
	if err := <-second; !errors.Is(err, boom) {
		t.Errorf("Try = %v, want what try said", err)
	}
	if _, err := os.Stat(place); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the place is still there: %v", err)
	}
	for _, name := range []string{"", ".", "..", "a/b", "/a"} {
		if err := places.Try(name, dir, func(string) error { t.Errorf("tried at %q", name); return nil }); err == nil {
			t.Errorf("%q is the name of a place", name)
		}
	}
}
