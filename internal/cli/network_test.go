package cli

import (
	"os/exec"
	"strings"
	"testing"
)

// TestNoNetwork proves that forge pay is all in forge that can reach a network:
// what the other commands do speaks no protocol, and git and the user's editor
// are the only programs it starts. What an upgrade needs is in the project and
// in forge.
func TestNoNetwork(t *testing.T) {
	const payer = "github.com/insforge/forge/internal/pay"
	for _, name := range list(t, "{{ .ImportPath }}", "-deps",
		"../../generator", "../git", "../merge", "../prompt", "../view", "../../templates") {
		switch name {
		case "net/http", "net/rpc", "net/smtp", "crypto/tls", "golang.org/x/crypto/ssh":
			t.Errorf("forge's own work is linked with %s", name)
		}
	}
	starts := map[string]bool{
		"github.com/insforge/forge/internal/git": true,
		"github.com/insforge/forge/internal/cli": true, // the editor
	}
	for _, line := range list(t, `{{ .ImportPath }} {{ join .Imports " " }}`, "-deps", "../../cmd/forge") {
		name, imports, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(name, "github.com/insforge/forge/") {
			continue
		}
		for imported := range strings.FieldsSeq(imports) {
			speaks := imported == "net" || imported == "net/http" || imported == payer && name != "github.com/insforge/forge/internal/cli"
			if imported == "os/exec" && !starts[name] || speaks && name != payer {
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
}

func list(t *testing.T, format string, args ...string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list", "-f", format}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
