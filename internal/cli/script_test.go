package cli

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/packtest"
	"github.com/insforge/forge/templates"
)

// packDir holds the template pack of the tests.
const packDir = "../packtest/acme"

// TestScript runs one txtar for each behaviour of the command line. Besides
// testscript's own commands a script has:
//
//	exits CODE COMMAND…       run COMMAND, which has to exit with CODE
//	commit [DIR]              commit all of DIR, which becomes a repository first
//	tree DIR FILE             list the files of DIR into FILE: mode, hash, path
//	replace FILE OLD NEW      replace OLD, which must be in FILE once
//	append FILE LINE…         add lines to the end of FILE
//	checkout                  copy the templates to checkout/templates
//	pack DIR                  make DIR a template pack, acme with the provider kindred
//	publish DIR MODULE@V      put DIR into the proxy of Go modules at $WORK/proxy
//	seller                    start a server that sells, at $SELLER
//
// $AUTHS and $PAYMENTS are the choices there are, as messages list them,
// and the condition [netless]: unshare can run a command without a network.
func TestScript(t *testing.T) {
	goEnv := goCaches(t)
	catalog, err := generator.Load(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "commit": commit, "tree": tree, "replace": replace, "append": appendLines, "seller": sellerCommand,
			"checkout": checkoutCommand,
			"pack":     packCommand, "publish": publish,
		},
		Condition: func(name string) (bool, error) {
			if name != "netless" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return exec.CommandContext(t.Context(), "unshare", "--map-root-user", "--net", "true").Run() == nil, nil
		},
		Setup: func(e *testscript.Env) error {
			// For scripts that do with less in their PATH.
			e.Setenv("FORGES", filepath.SplitList(e.Getenv("PATH"))[0])
			git, err := exec.LookPath("git")
			if err != nil {
				return err
			}
			e.Setenv("GIT", git)
			e.Setenv("AUTHS", listed(catalog.Auth))
			e.Setenv("PAYMENTS", listed(catalog.Payments))
			// Nothing of this machine may show in what forge and git write.
			for _, v := range append([]string{
				"HOME=" + e.WorkDir, "CI=", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
				"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_AUTHOR_DATE=2026-01-01T00:00:00Z",
				"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z",
			}, goEnv...) {
				name, value, _ := strings.Cut(v, "=")
				e.Setenv(name, value)
			}
			return nil
		},
	})
}

// listed are the IDs of providers, as messages list them.
func listed(providers []generator.Provider) string {
	var ids []string
	for _, p := range providers {
		ids = append(ids, p.ID)
	}
	return strings.Join(ids, ", ")
}

// goCaches lets scripts that build a project share what this machine has.
func goCaches(t *testing.T) []string {
	t.Helper()
	names := []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB"}
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var set []string
	for i, value := range strings.SplitN(string(out), "\n", len(names)+1)[:len(names)] {
		set = append(set, names[i]+"="+strings.TrimSuffix(value, "\r"))
	}
	return set
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var failed *exec.ExitError
	code := 0
	switch {
	case errors.As(err, &failed):
		code = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

func commit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: commit [DIR]")
	}
	dir := ts.MkAbs(strings.Join(append([]string{"."}, args...), "/"))
	if _, err := os.Stat(filepath.Join(dir, ".git")); errors.Is(err, fs.ErrNotExist) {
		ts.Check(ts.Exec("git", "-C", dir, "init", "-q"))
	}
	ts.Check(ts.Exec("git", "-C", dir, "add", "--all", "."))
	ts.Check(ts.Exec("git", "-C", dir, "commit", "-q", "-m", "Commit"))
}

func tree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tree DIR FILE")
	}
	var list strings.Builder
	root := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case name == root:
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var data []byte
		if info.Mode().IsRegular() {
			if data, err = os.ReadFile(name); err != nil {
				return err
			}
		}
		fmt.Fprintf(&list, "%v %x %s\n", info.Mode(), sha256.Sum256(data), filepath.ToSlash(rel))
		return nil
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(list.String()), 0o644))
}

func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	// As in Go, so that a script can say \n and \t.
	old, changed := unquoted(ts, args[1]), unquoted(ts, args[2])
	if n := strings.Count(text, old); n != 1 {
		ts.Fatalf("%s has %q %d times", args[0], old, n)
	}
	write(ts, args[0], strings.Replace(text, old, changed, 1))
}

func unquoted(ts *testscript.TestScript, text string) string {
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
	ts.Check(err)
	return text
}

func appendLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: append FILE LINE...")
	}
	write(ts, args[0], ts.ReadFile(args[0])+strings.Join(args[1:], "\n")+"\n")
}

func packCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pack DIR")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(packDir)))
}

// publish writes what a proxy serves of one version of a module.
func publish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: publish DIR MODULE@VERSION")
	}
	ts.Check(packtest.Publish(filepath.Join(ts.Getenv("WORK"), "proxy"), args[1], ts.MkAbs(args[0])))
}

func write(ts *testscript.TestScript, file, text string) {
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o644))
}

func checkoutCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: checkout")
	}
	ts.Check(os.CopyFS(ts.MkAbs("checkout/templates"), templates.FS))
	ts.Check(os.MkdirAll(ts.MkAbs("checkout/internal"), 0o755))
}
