package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// inEditor has the user edit a copy of data, in a file with the name's ending.
func (a *app) inEditor(ctx context.Context, name string, data []byte) (edited []byte, err error) {
	dir, err := os.MkdirTemp("", "forge-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, filepath.Base(name))
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return nil, err
	}
	// Ctrl-C is the editor's own while it runs.
	cmd := editor(context.WithoutCancel(ctx), a.getenv, file)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.In, a.Err, a.Err
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("the editor failed: %w (VISUAL or EDITOR names another one)", err)
	}
	return os.ReadFile(file)
}

// editor runs what git would: the variable is a shell command.
func editor(ctx context.Context, getenv func(string) string, file string) *exec.Cmd {
	command := ""
	for _, name := range []string{"EDITOR", "VISUAL"} {
		if set := getenv(name); set != "" {
			command = set
		}
	}
	switch {
	case runtime.GOOS == "windows" && command == "":
		return exec.CommandContext(ctx, "notepad", file)
	case runtime.GOOS == "windows":
		return exec.CommandContext(ctx, command, file)
	case command == "":
		command = "vi"
	}
	return exec.CommandContext(ctx, "sh", "-c", command+` "$@"`, command, file)
}
