//go:build !unix

package pgtest

import "os/exec"

// run makes cmd run as a: only Unix has root to hide from.
func (account) run(*exec.Cmd) {}
