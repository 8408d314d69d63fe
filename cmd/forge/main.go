// Command forge scaffolds Go servers for an InsForge backend.
package main

import (
	"os"

	"github.com/insforge/forge/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
