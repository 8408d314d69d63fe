package cli

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/insforge/forge/internal/generations"
	"github.com/insforge/forge/templates"
)

// TestMain makes this binary the commands of the scripts: forge, and forge1 to
// forge3, which is forge with the templates of a generation. With -full, -kill,
// -stop or -hang behind the name and a number in front of its arguments, the disk is
// full at that write, forge gets SIGKILL or SIGINT, or it goes on only when the run
// is cancelled.
func TestMain(m *testing.M) {
	commands := map[string]func(){}
	add := func(name string, change func(*app)) {
		commands[name] = func() { os.Exit(run(os.Args[1:], testApp(change))) }
		commands[name+"-full"] = func() { os.Exit(run(os.Args[2:], testApp(change, failing(full)))) }
		commands[name+"-kill"] = func() { os.Exit(run(os.Args[2:], testApp(change, failing(kill)))) }
		commands[name+"-hang"] = func() { os.Exit(run(os.Args[2:], testApp(change, failing(hang)))) }
		commands[name+"-stop"] = func() { os.Exit(run(os.Args[2:], testApp(change, failing(stop)))) }
	}
	add("forge", func(a *app) { a.templates = templates.FS })
	for n := range generations.Latest {
		add(fmt.Sprintf("forge%d", n+1), func(a *app) { a.templates = generations.FS(n + 1) })
	}
	testscript.Main(m, commands)
}

func testApp(changes ...func(*app)) *app {
	a := newApp(Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	for _, change := range changes {
		change(a)
	}
	return a
}

// failing has the write happen to fail whose number is the first argument.
func failing(fail func(ctx context.Context, path string) error) func(*app) {
	return func(a *app) {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(99)
		}
		a.beforeWrite = func(ctx context.Context, done int, path string) error {
			if done == n {
				return fail(ctx, path)
			}
			return nil
		}
	}
}

func full(_ context.Context, path string) error {
	return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
}

// kill does not return where a process can be killed.
func kill(context.Context, string) error {
	if err := signalSelf(os.Kill); err != nil {
		return err
	}
	select {}
}

// stop returns when the signal has arrived where forge listens.
func stop(ctx context.Context, _ string) error {
	if err := signalSelf(os.Interrupt); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func hang(ctx context.Context, _ string) error {
	<-ctx.Done()
	return nil
}

func signalSelf(s os.Signal) error {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	return self.Signal(s)
}
