package merge

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden returns a file of one of the golden projects.
func golden(t testing.TB, project, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "golden", project, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// withTestify adds what only a project without payments requires.
func withTestify(text string) string {
	return replace(text, "\tgolang.org/x/sys ", "\tgithub.com/stretchr/testify v1.12.1 // indirect\n\tgolang.org/x/sys ")
}

// TestStructured_addAndRemovePayments adds payments to a project that its user
// has edited, and removes them again.
func TestStructured_addAndRemovePayments(t *testing.T) {
	for _, c := range []struct {
		name, path string
		edit       func(text string) string
		// added is what the user's file becomes, given forge's, and removed what
		// it becomes again; both are by default what the same edit of forge's
		// own file gives.
		added, removed func(text string) string
	}{
		{
			name: "a requirement", path: "go.mod",
			edit: func(text string) string {
				return replace(text, "\tgithub.com/golang-jwt/", "\tgithub.com/fsnotify/fsnotify v1.8.0\n\tgithub.com/golang-jwt/")
			},
			// The user's own module may need what forge's need no more.
			added: func(text string) string {
				return withTestify(replace(text, "\tgithub.com/golang-jwt/", "\tgithub.com/fsnotify/fsnotify v1.8.0\n\tgithub.com/golang-jwt/"))
			},
			removed: func(string) string {
				return withTestify(replace(golden(t, "clerk+okx-x402", "go.mod"), "\tgithub.com/golang-jwt/", "\tgithub.com/fsnotify/fsnotify v1.8.0\n\tgithub.com/golang-jwt/"))
			},
		},
		{
			name: "a higher version", path: "go.mod",
			edit: func(text string) string { return replace(text, "jwt/v5 v5.3.1", "jwt/v5 v5.4.0") },
		},
		{
			name: "checksums", path: "go.sum",
			edit: func(text string) string {
				return replace(text, "github.com/golang-jwt/jwt/v5 v5.3.1 ", "github.com/fsnotify/fsnotify v1.8.0 h1:mine=\ngithub.com/golang-jwt/jwt/v5 v5.3.1 ")
			},
			removed: func(string) string {
				return replace(golden(t, "clerk+okx-x402", "go.sum"), "github.com/golang-jwt/jwt/v5 v5.3.1 ", "github.com/fsnotify/fsnotify v1.8.0 h1:mine=\ngithub.com/golang-jwt/jwt/v5 v5.3.1 ")
			},
		},
		{
			name: "a variable at the end", path: ".env.example",
			edit: func(text string) string { return text + "\n# Where mail is sent.\nSMTP_HOST=localhost\n" },
		},
		{
			name: "a variable among forge's, and a declined one", path: ".env.example",
			edit: func(text string) string {
				text = replace(text, "\n# The address of the InsForge project", "\n# Where mail is sent.\nSMTP_HOST=localhost\n\n# The address of the InsForge project")
				return replace(text, "\nCLERK_AUTHORIZED_PARTIES=", "\n# CLERK_AUTHORIZED_PARTIES=")
			},
		},
		{
			name: "a redirect URL", path: "insforge.toml",
			edit: func(text string) string {
				return replace(text, `["http://localhost:8080"`, `["http://localhost:8080", "https://shop.example.com"`)
			},
		},
		{
			name: "a pattern", path: ".gitignore",
			edit: func(text string) string { return text + "\n# Editors.\n.idea/\n" },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.added == nil {
				c.added = c.edit
			}
			if c.removed == nil {
				c.removed = c.edit
			}
			plain, paid := golden(t, "clerk", c.path), golden(t, "clerk+okx-x402", c.path)
			switch c.path {
			case "insforge.toml":
				// Payments do not touch it yet, so let them.
				paid = replace(paid, `"]`, `", "https://pay.example.com"]`) + "\n[storage]\nmax_file_size_mb = 20\n"
				c.added = func(text string) string {
					return replace(text, `, "https://pay.example.com"`, `, "https://shop.example.com", "https://pay.example.com"`)
				}
			case ".gitignore":
				paid += "/receipts/\n"
			}

			r, err := structured(c.path, []byte(plain), []byte(c.edit(plain)), []byte(paid), testLabels)
			if diff := cmp.Diff(c.added(paid), string(r.Data)); diff != "" || err != nil {
				t.Fatalf("adding payments to %s (-want +got):\n%s\nerror: %v", c.path, diff, err)
			}
			r, err = structured(c.path, []byte(paid), r.Data, []byte(plain), testLabels)
			if diff := cmp.Diff(c.removed(plain), string(r.Data)); diff != "" || err != nil {
				t.Fatalf("removing payments from %s (-want +got):\n%s\nerror: %v", c.path, diff, err)
			}
		})
	}
}
