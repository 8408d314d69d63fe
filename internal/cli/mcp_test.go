package cli

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

// answer is what any of the tools answers.
type answer struct {
	Error     *view.Failure           `json:"error"`
	Providers []view.ContractProvider `json:"providers"`
	Guide     map[string]any          `json:"guide"`
	PlanID    string                  `json:"plan_id"`
	Plan      *view.Document          `json:"plan"`
	Files     []view.FileDiff         `json:"files"`
	LeftOut   []string                `json:"left_out"`
	Result    *view.Document          `json:"result"`
	Warnings  []string                `json:"warnings"`
	Status    *view.StatusDocument    `json:"status"`
	Doctor    *view.DoctorDocument    `json:"doctor"`

	// text is all of it.
	text string
}

// code is that of the error, "" if there is none.
func (a answer) code() string {
	if a.Error == nil {
		return ""
	}
	return a.Error.Code
}

// client is a session with a server of its own process, over its standard input and
// output.
type client struct {
	*mcp.ClientSession
	t *testing.T
}

// serve starts the command name with root as the root.
func serve(t *testing.T, root, name string, before ...string) client {
	t.Helper()
	// It ends when its input does, after the test's context.
	like := command(t, t.TempDir(), name, slices.Concat(before, []string{"mcp", "--root", root})...)
	cmd := &exec.Cmd{Path: like.Path, Args: like.Args, Dir: like.Dir}
	cmd.Env = append(like.Env, "INSFORGE_API_KEY=ik_environment", "CLERK_SECRET_KEY=sk_test_environment0000000000")
	var errors strings.Builder
	cmd.Stderr = &errors
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(context.WithoutCancel(t.Context()), &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, &errors)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil || errors.Len() > 0 {
			t.Errorf("the server ended with %v\n%s", err, &errors)
		}
	})
	return client{session, t}
}

type args = map[string]any

func (c client) call(tool string, in args) answer {
	c.t.Helper()
	res, err := c.CallTool(c.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: in})
	if err != nil {
		c.t.Fatalf("%s: %v", tool, err)
	}
	var out answer
	for _, content := range res.Content {
		out.text += content.(*mcp.TextContent).Text
	}
	if res.StructuredContent == nil {
		c.t.Fatalf("%s: nothing structured: %s", tool, out.text)
	}
	data, err := json.Marshal(res.StructuredContent)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	if res.IsError != (out.Error != nil) {
		c.t.Errorf("%s: is an error: %t, but says %+v", tool, res.IsError, out.Error)
	}
	return out
}

// good is a plan of a project in dir that can be applied.
func (c client) good(dir string) answer {
	c.t.Helper()
	out := c.call("plan_project", args{"dir": dir, "operation": "new", "defaults": true, "answers": args{"auth": "clerk", "payments": []string{"none"}}})
	if out.Error != nil || out.PlanID == "" {
		c.t.Fatalf("planning %s: %s", dir, out.text)
	}
	return out
}

// written is every file below dir but those of git, which looks at its own.
func written(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := files(t, dir)
	maps.DeleteFunc(found, func(name, _ string) bool { return strings.Contains(name+"/", "/.git/") })
	return found
}

// TestMCP_root: nothing that an agent says leads out of the root.
func TestMCP_root(t *testing.T) {
	outer := t.TempDir()
	root := filepath.Join(outer, "root")
	for _, dir := range []string{root, filepath.Join(outer, "secret"), filepath.Join(root, "in")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"link": "../secret", "inner": "in", "dangling": "../nothing"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	// A project beside the root, and one that the root is in.
	must(t, outer, "forge1", "new", "beside", "--auth", "clerk", "--payments", "none", "--defaults")
	must(t, outer, "forge1", "new", ".", "--name", "above", "--auth", "clerk", "--payments", "none", "--defaults")
	c := serve(t, root, "forge1")
	before := written(t, outer)
	for _, dir := range []string{
		"", "..", "../beside", "../new", "in/../../new", "./../new", "/", outer, filepath.Join(outer, "new"), root + "/../new",
		"link", "link/new", "inner", "inner/new", "dangling", "dangling/new", "file", "file/new",
		".git", ".git/hooks", "in/.config", "C:", `C:\new`, `..\new`, `in\..\..\new`, "new\x00", "new\n", "in/..",
	} {
		in := args{"dir": dir, "operation": "new", "defaults": true, "answers": args{"name": "shop", "auth": "clerk", "payments": []string{}}}
		got := c.call("plan_project", in)
		if dir == "in/.." { // is the root
			if got.code() != "target_in_use" {
				t.Errorf("new in %q: %s", dir, got.text)
			}
			continue
		}
		if got.code() != "outside_root" || got.PlanID != "" {
			t.Errorf("new in %q: %s", dir, got.text)
		}
		for tool, in := range map[string]args{
			"project_status": {"dir": dir}, "doctor": {"dir": dir}, "plan_project": {"dir": dir, "operation": "upgrade"},
		} {
			if got := c.call(tool, in); got.code() != "outside_root" {
				t.Errorf("%s of %q: %s", tool, dir, got.text)
			}
		}
	}
	// The project that the root is in is none of the root's.
	for _, dir := range []string{".", "in", "missing"} {
		if got := c.call("project_status", args{"dir": dir}); got.code() != "no_project" {
			t.Errorf("status of %q: %s", dir, got.text)
		}
	}
	if diff := cmp.Diff(before, written(t, outer)); diff != "" {
		t.Errorf("something was written:\n%s", diff)
	}
}

// TestMCP_packsOutside: a manifest that an agent can edit names no folder to read
// templates from outside of the root.
func TestMCP_packsOutside(t *testing.T) {
	outer := t.TempDir()
	root := filepath.Join(outer, "root")
	for _, dir := range []string{root, filepath.Join(outer, "pack")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	must(t, root, "forge", "new", "shop", "--auth", "clerk", "--payments", "none", "--defaults")
	manifest := filepath.Join(root, "shop", filepath.FromSlash(generator.ManifestPath))
	data, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	pack := `"packs": [{"name": "acme", "version": "1.0.0", "source": "../../pack", "hash": "h1:` + strings.Repeat("A", 43) + `="}], "answers": {`
	edited := strings.Replace(string(data), `"answers": {`, pack, 1)
	if err := os.WriteFile(manifest, []byte(edited), 0o644); err != nil || edited == string(data) {
		t.Fatal("nothing edited", err)
	}
	c := serve(t, root, "forge")
	for tool, in := range map[string]args{
		"project_status": {"dir": "shop"}, "doctor": {"dir": "shop"}, "plan_project": {"dir": "shop", "operation": "upgrade"},
	} {
		if got := c.call(tool, in); got.code() != "outside_root" {
			t.Errorf("%s: %s", tool, got.text)
		}
	}
}

// TestMCP_linkAfterPlan: a link that is put in the way after the planning is not
// followed.
func TestMCP_linkAfterPlan(t *testing.T) {
	for name, link := range map[string]func(root, outside string) error{
		"in the place of the folder": func(root, outside string) error { return os.Symlink(outside, filepath.Join(root, "apps", "shop")) },
		"above it": func(root, outside string) error {
			if err := os.Remove(filepath.Join(root, "apps")); err != nil {
				return err
			}
			return os.Symlink(outside, filepath.Join(root, "apps"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			root, outside := t.TempDir(), t.TempDir()
			if err := os.Mkdir(filepath.Join(root, "apps"), 0o755); err != nil {
				t.Fatal(err)
			}
			c := serve(t, root, "forge1")
			plan := c.good("apps/shop")
			if err := link(root, outside); err != nil {
				t.Fatal(err)
			}
			if got := c.call("apply_plan", args{"plan_id": plan.PlanID}); got.code() != "plan_changed" {
				t.Errorf("applied: %s", got.text)
			}
			if found := written(t, outside); len(found) != 1 {
				t.Errorf("written outside: %v", found)
			}
		})
	}
}

func TestMCP_secrets(t *testing.T) {
	root := t.TempDir()
	c := serve(t, root, "forge")
	const secret = "sk_test_pineapple0123456789abcdef"
	key := "0x" + strings.Repeat("ab", 32)
	for name, answers := range map[string]args{
		"under its name":      {"auth": "clerk", "payments": []string{}, "values": args{"CLERK_SECRET_KEY": secret}},
		"as another answer":   {"auth": "clerk", "payments": []string{"okx-x402"}, "values": args{"price": secret}},
		"a wallet's key":      {"auth": "clerk", "payments": []string{"okx-x402"}, "values": args{"price": key}},
		"under a made-up key": {"auth": "clerk", "payments": []string{}, "values": args{"note": secret}},
		"as the name":         {"auth": "clerk", "payments": []string{}, "name": secret},
		"as the module":       {"auth": "clerk", "payments": []string{}, "module": secret},
		"as the provider":     {"auth": secret, "payments": []string{}},
		"as a payment":        {"auth": "clerk", "payments": []string{"okx-x402", secret}},
	} {
		got := c.call("plan_project", args{"dir": "shop", "operation": "new", "defaults": true, "answers": answers})
		if got.code() != "bad_answers" || !strings.Contains(got.text, "secret") || got.PlanID != "" {
			t.Errorf("%s: %s", name, got.text)
		}
		if strings.Contains(got.text, "pineapple") || strings.Contains(got.text, key) {
			t.Errorf("%s: the answer repeats it: %s", name, got.text)
		}
	}
	if found := written(t, root); len(found) != 1 {
		t.Errorf("written: %v", found)
	}

	// What .env and the environment hold stays there.
	if done := c.call("apply_plan", args{"plan_id": c.good("shop").PlanID}); done.Error != nil {
		t.Fatal(done.text)
	}
	env := "INSFORGE_API_KEY=ik_pineapple\nINSFORGE_JWT_SECRET=pineapple-pineapple-pineapple-pineapple\nCLERK_SECRET_KEY=" + secret + "\nCLERK_PUBLISHABLE_KEY=pineapple\n"
	if err := os.WriteFile(filepath.Join(root, "shop", ".env"), []byte(env), 0o600); err != nil {
		t.Fatal(err)
	}
	checks := c.call("doctor", args{"dir": "shop"})
	if checks.Error != nil || checks.Doctor.OK || len(checks.Doctor.Checks) == 0 {
		t.Errorf("doctor: %s", checks.text)
	}
	all := checks.text + c.call("project_status", args{"dir": "shop"}).text +
		c.call("plan_project", args{"dir": "shop", "operation": "add", "provider": "okx-x402", "defaults": true}).text
	for _, value := range []string{"pineapple", "ik_environment", "environment0000000000"} {
		if strings.Contains(all, value) {
			t.Errorf("a tool shows %q: %s", value, all)
		}
	}
	if got := c.call("doctor", args{"dir": "shop", "section": "mine"}); got.code() != "usage" {
		t.Errorf("an unknown section: %s", got.text)
	}
}

func TestMCP_usage(t *testing.T) {
	dir := t.TempDir()
	for _, words := range [][]string{{"mcp", "here"}, {"mcp", "--root", "missing"}} {
		if out, code := output(t, command(t, dir, "forge1", words...)); code != 2 {
			t.Errorf("%v: exit code %d: %s", words, code, out)
		}
	}
	if runtime.GOOS != "windows" {
		// A session that ends is no failure.
		if out, code := output(t, command(t, dir, "forge1", "mcp")); code != 0 || len(out) > 0 {
			t.Errorf("exit code %d: %s", code, out)
		}
	}
}

func TestMCP_tools(t *testing.T) {
	c := serve(t, t.TempDir(), "forge1")
	res, err := c.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range res.Tools {
		names = append(names, tool.Name)
		if tool.InputSchema == nil || tool.OutputSchema == nil || tool.Description == "" || tool.Annotations == nil {
			t.Errorf("%s is not described: %+v", tool.Name, tool)
		}
		writes := tool.Name == "apply_plan"
		if tool.Annotations.ReadOnlyHint == writes || writes && !*tool.Annotations.DestructiveHint {
			t.Errorf("%s: %+v", tool.Name, tool.Annotations)
		}
	}
	if want := []string{"apply_plan", "doctor", "list_providers", "plan_project", "project_status", "show_diff"}; !slices.Equal(names, want) {
		t.Errorf("tools %v, want %v", names, want)
	}
}
