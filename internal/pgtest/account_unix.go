//go:build unix

package pgtest

import (
	"os/exec"
	"syscall"
)

// run makes cmd run as a.
func (a account) run(cmd *exec.Cmd) {
	if a.uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}} //nolint:gosec // ids of this machine
		cmd.Dir = "/"
	}
}
