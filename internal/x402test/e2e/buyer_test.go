package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insforge/forge/internal/cli"
)

// packages is where make buyers puts what npm has for buyers.
func packages(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs("../../../.bin/x402/client/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "@x402", "fetch")); err != nil {
		t.Fatalf("the packages of npm are not installed; run the tests with `make test`, which installs them: %v", err)
	}
	return folder
}

// node runs a module of JavaScript with the buyers' packages, and returns what it
// printed on both of its outputs.
func (s *shop) node(module string, env ...string) (string, error) {
	s.t.Helper()
	dir := s.t.TempDir()
	if err := os.Symlink(packages(s.t), filepath.Join(dir, "node_modules")); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "buyer.mjs"), []byte(module), 0o600); err != nil {
		s.t.Fatal(err)
	}
	args := []string{"buyer.mjs"}
	if version, err := exec.CommandContext(s.t.Context(), "node", "--version").Output(); err == nil && strings.HasPrefix(string(version), "v18.") {
		args = append([]string{"--experimental-global-webcrypto"}, args...) // on by default since 20
	}
	cmd := exec.CommandContext(s.t.Context(), "node", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// documented is the project's own example of a buyer, for the shop's address.
func (s *shop) documented() string {
	s.t.Helper()
	readme, err := os.ReadFile(filepath.Join(project, "README.md"))
	if err != nil {
		s.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```js\n")
	module, _, ok := strings.Cut(rest, "```")
	const address = "http://localhost:8080/"
	if !ok || strings.Count(module, address) != 1 {
		s.t.Fatalf("README.md has no example that buys from %s:\n%s", address, module)
	}
	return strings.Replace(module, address, s.server.URL+"/", 1)
}

// TestBuyer_npm pays with the client that most programs use, as the project's
// README says, from a wallet that has money.
func TestBuyer_npm(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.buyer(2)
	key := "PRIVATE_KEY=0x" + strings.TrimPrefix(b.KeyHex(), "0x")
	out, err := s.node(s.documented(), key)
	if err != nil || !strings.HasPrefix(out, "200 ") || !strings.Contains(out, "words: 5") {
		t.Errorf("the documented buyer: %v\n%s", err, out)
	}
	s.sold(1)
	// What the documented setting is for: by default the client signs nothing here.
	before, rest, _ := strings.Cut(s.documented(), "  spendControls: {")
	_, after, _ := strings.Cut(rest, "\n  },\n")
	out, err = s.node(before+after, key)
	if err == nil || !strings.Contains(strings.ToLower(out), "spend") {
		t.Errorf("without spend controls: %v\n%s", err, out)
	}
	s.sold(1)
}

// TestBuyer_forgePay pays with forge itself.
func TestBuyer_forgePay(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.buyer(1)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(b.KeyHex()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pay := func(more ...string) (int, string, string) {
		var out, errs bytes.Buffer
		args := append([]string{"pay", s.server.URL + report, "--key-file", key, "--data", `{"text":"Ada wrote the first program."}`}, more...)
		code := cli.Main(args, cli.Stdio{In: strings.NewReader(""), Out: &out, Err: &errs})
		return code, out.String(), errs.String()
	}
	if code, out, errs := pay("--max", "0.009"); code == 0 {
		t.Errorf("paid more than --max: %s%s", out, errs)
	}
	s.sold(0)
	code, out, errs := pay("--max", "0.01", "--json")
	var document struct {
		Status int
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil || code != 0 || document.Status != http.StatusOK {
		t.Errorf("forge pay: exit code %d, %v\n%s%s", code, err, out, errs)
	}
	if strings.Contains(out+errs, strings.TrimPrefix(b.KeyHex(), "0x")) {
		t.Error("forge pay printed the key")
	}
	s.sold(1)
}
