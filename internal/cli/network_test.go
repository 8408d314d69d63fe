package cli

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestNoNetwork proves that nothing in forge but its doctor and its buyer can
// reach a network: no other package imports one that speaks a protocol, and git,
// the user's editor and, for template packs and the authors of templates, the Go
// tool and its company are the only programs it starts. What an upgrade needs is in
// the project and in forge.
// That nothing but the commands doctor and pay calls those two is the linter's to
// say.
func TestNoNetwork(t *testing.T) {
	const home = "github.com/insforge/forge/"
	const postgres = "github.com/jackc/" // speaks Postgres' protocol, to whoever imports it
	// Has transports over HTTP besides the one that forge mcp uses, and what they need.
	agents := []string{"github.com/modelcontextprotocol/go-sdk/", "golang.org/x/oauth2"}
	protocols := []string{"net/http", "net/rpc", "net/smtp", "crypto/tls", "golang.org/x/crypto/ssh", postgres + "pgx/v5", postgres + "pgx/v5/pgconn"}
	starts := []string{home + "internal/git", home + "internal/cli", home + "internal/pack", home + "internal/modlock", home + "internal/trial"} // the second for the editor
	reaches := map[string]bool{home + "internal/doctor": false, home + "internal/pay": false}
	for _, line := range list(t, `{{ if not .Standard }}{{ .ImportPath }} {{ join .Imports " " }}{{ end }}`, "-deps", "../../cmd/forge") {
		name, imports, _ := strings.Cut(line, " ")
		if strings.HasPrefix(name, postgres) || slices.ContainsFunc(agents, func(library string) bool { return strings.HasPrefix(name, library) }) {
			continue
		}
		for imported := range strings.FieldsSeq(imports) {
			speaks := slices.Contains(protocols, imported) || imported == "net" && strings.HasPrefix(name, home)
			_, may := reaches[name]
			switch {
			case speaks && may:
				reaches[name] = true
			case speaks, imported == "os/exec" && strings.HasPrefix(name, home) && !slices.Contains(starts, name):
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
	for name, does := range reaches {
		if !does {
			t.Errorf("%s imports no protocol, so this test sees nothing", name)
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
