package cli

import (
	"os/exec"
	"strings"
	"testing"
)

// TestNoNetwork proves that nothing in forge can reach one: no package that
// speaks a protocol is linked in, and git and the user's editor are the only
// programs it starts. What an upgrade needs is in the project and in forge.
func TestNoNetwork(t *testing.T) {
	for _, name := range list(t, "{{ .ImportPath }}", "-deps", "../../cmd/forge") {
		switch name {
		case "net/http", "net/rpc", "net/smtp", "crypto/tls", "golang.org/x/crypto/ssh":
			t.Errorf("forge is linked with %s", name)
		}
	}
	starts := map[string]bool{
		"github.com/insforge/forge/internal/git": true,
		"github.com/insforge/forge/internal/cli": true, // the editor
	}
	for _, line := range list(t, `{{ .ImportPath }} {{ join .Imports " " }}`, "-deps", "../../cmd/forge") {
		name, imports, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(name, "github.com/insforge/forge/") || starts[name] {
			continue
		}
		for imported := range strings.FieldsSeq(imports) {
			if imported == "os/exec" || imported == "net" {
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
