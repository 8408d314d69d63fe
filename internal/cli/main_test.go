package cli

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	stdio := Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	testscript.Main(m, map[string]func(){
		"forge": func() { os.Exit(Main(os.Args[1:], stdio)) },
		// forge-full N ARGS runs forge on a disk that is full at the Nth write.
		"forge-full": func() {
			n, err := strconv.Atoi(os.Args[1])
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(99)
			}
			a := newApp(stdio)
			a.beforeWrite = func(done int, path string) error {
				if done == n {
					return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
				}
				return nil
			}
			os.Exit(run(os.Args[2:], a))
		},
	})
}

// TestScript runs one txtar for each behaviour of the command line.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			// Nothing of this machine may show in what forge writes.
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("CI", "")
			return nil
		},
	})
}
