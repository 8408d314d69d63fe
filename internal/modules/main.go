// Command modules writes the modules.lock of every layer of forge's own templates,
// see internal/modlock.
//
// Run it from the top of the repository with `make modules`, after a change to
// a [[require]] or to a template's imports.
package main

import (
	"fmt"
	"os"

	"github.com/insforge/forge/internal/modlock"
)

func main() {
	if err := modlock.Templates("templates"); err != nil {
		fmt.Fprintln(os.Stderr, "modules:", err)
		os.Exit(1)
	}
}
