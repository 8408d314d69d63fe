package view

import (
	"fmt"
	"io"

	"github.com/insforge/forge/generator"
)

// Contract is what `forge schema --json` prints: what a program needs to know to
// call forge without trial and error.
type Contract struct {
	Schema int `json:"schema"`
	// Forge is the version of forge and of its templates, Go the language version of
	// the projects it writes.
	Forge string `json:"forge"`
	Go    string `json:"go"`
	// Questions are all there are; a provider's are asked if it is chosen.
	Questions []ContractQuestion `json:"questions"`
	Providers []ContractProvider `json:"providers"`
	Commands  []ContractCommand  `json:"commands"`
	// Codes are those of a failure's error.
	Codes []ContractCode `json:"codes"`
	// ExitCodes are those of the process.
	ExitCodes []ContractExit `json:"exit_codes"`
	// Schemas are the names that `forge schema NAME` prints a JSON Schema for.
	Schemas []string `json:"schemas"`
}

// ContractQuestion is a question, and how its answer is given on the command line.
type ContractQuestion struct {
	generator.Question
	Flag string `json:"flag"`
}

// ContractProvider is a provider with the keys of what it asks.
type ContractProvider struct {
	ID        string         `json:"id"`
	Kind      generator.Kind `json:"kind"`
	Name      string         `json:"name"`
	Summary   string         `json:"summary"`
	Questions []string       `json:"questions"`
}

// ContractCommand is one command of forge.
type ContractCommand struct {
	// Use is the command with its arguments, as its help shows it.
	Use   string         `json:"use"`
	Short string         `json:"short"`
	Flags []ContractFlag `json:"flags"`
}

// ContractFlag is one flag of a command. Type is string, bool, duration or
// stringArray, which can be repeated.
type ContractFlag struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default string `json:"default,omitempty"`
	Usage   string `json:"usage"`
}

// ContractCode is one code of a failure.
type ContractCode struct {
	Code    string `json:"code"`
	Exit    int    `json:"exit"`
	Meaning string `json:"meaning"`
}

// ContractExit is one exit code of the process.
type ContractExit struct {
	Code    int    `json:"code"`
	Meaning string `json:"meaning"`
}

// Schemas prints what forge schema can print.
func Schemas(w io.Writer, names []string) {
	fmt.Fprintln(w, "forge schema --json    questions, providers, commands, exit codes and error codes")
	for _, name := range names {
		fmt.Fprintf(w, "forge schema %-9s JSON Schema of %s\n", name, map[string]string{
			"provider": "provider.toml, a provider's declaration", "layer": "layer.toml, a shared layer's",
			"answers": "answers files, for forge new --answers", "plan": "what new, upgrade, add, remove and eject print with --json",
			"status": "what forge status --json prints", "doctor": "what forge doctor --json prints",
			"failure": "what a command prints with --json if it fails",
		}[name])
	}
}
