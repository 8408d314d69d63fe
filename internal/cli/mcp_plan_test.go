package cli

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

func TestMCP_newProject(t *testing.T) {
	root := t.TempDir()
	c := serve(t, root, "forge1")
	list := c.call("list_providers", args{})
	if !slices.ContainsFunc(list.Providers, func(p view.ContractProvider) bool { return p.ID == "clerk" && p.Kind == generator.KindAuth }) {
		t.Errorf("no clerk in %s", list.text)
	}
	if guide := c.call("list_providers", args{"id": "clerk"}); guide.Guide["name"] != "Clerk" {
		t.Errorf("the guide is %s", guide.text)
	}
	if got := c.call("list_providers", args{"id": "clark"}); got.code() != "unknown_provider" {
		t.Errorf("an unknown provider: %s", got.text)
	}

	missing := c.call("plan_project", args{"dir": "shop", "operation": "new"})
	if missing.code() != "missing_answers" || missing.PlanID != "" {
		t.Errorf("without answers: %s", missing.text)
	}
	var keys []string
	for _, p := range missing.Error.Problems {
		keys = append(keys, p.Key)
		if p.Key == "auth" && len(p.Choices) == 0 {
			t.Error("no choices of auth")
		}
	}
	if want := []string{"module", "auth", "payments", "production"}; !slices.Equal(keys, want) {
		t.Errorf("missing %v, want %v", keys, want)
	}

	plan := c.good("shop")
	if plan.Plan.Dir != "shop" || plan.Plan.Written || len(plan.Plan.Files) == 0 {
		t.Errorf("the plan is %+v", plan.Plan)
	}
	if found := written(t, root); len(found) != 1 {
		t.Fatalf("planning wrote %v", found)
	}
	done := c.call("apply_plan", args{"plan_id": plan.PlanID})
	if done.Error != nil || !done.Result.Written || done.Result.Dir != "shop" {
		t.Fatalf("applying: %s", done.text)
	}
	status := c.call("project_status", args{"dir": "shop"})
	if status.Error != nil || status.Status.Upgrade || len(status.Status.Files) == 0 {
		t.Errorf("status: %s", status.text)
	}
	for _, f := range status.Status.Files {
		if f.State != generator.Pristine {
			t.Errorf("%s is %s", f.Path, f.State)
		}
	}

	// The command line writes the same.
	other := t.TempDir()
	must(t, other, "forge1", "new", "shop", "--auth", "clerk", "--payments", "none", "--defaults")
	if diff := cmp.Diff(written(t, other), written(t, root)); diff != "" {
		t.Errorf("the command line writes something else (-cli +mcp):\n%s", diff)
	}
	// What is done is not done again.
	if again := c.call("apply_plan", args{"plan_id": plan.PlanID}); again.code() != "plan_changed" {
		t.Errorf("a second time: %s", again.text)
	}
}

func TestMCP_changes(t *testing.T) {
	root, other := t.TempDir(), t.TempDir()
	for _, dir := range []string{root, other} {
		must(t, dir, "forge1", "new", "shop", "--auth", "clerk", "--payments", "none", "--defaults")
	}
	c := serve(t, root, "forge2")
	apply := func(in args, words ...string) {
		t.Helper()
		before := written(t, root)
		plan := c.call("plan_project", in)
		if plan.Error != nil || plan.Plan.Error != nil {
			t.Fatalf("%v: %s", in, plan.text)
		}
		if diff := cmp.Diff(before, written(t, root)); diff != "" {
			t.Fatalf("planning changed files:\n%s", diff)
		}
		if done := c.call("apply_plan", args{"plan_id": plan.PlanID}); done.Error != nil || !done.Result.Written {
			t.Fatalf("%v: %s", in, done.text)
		}
		must(t, filepath.Join(other, "shop"), "forge2", words...)
		if diff := cmp.Diff(written(t, other), written(t, root)); diff != "" {
			t.Errorf("%v: the command line does something else (-cli +mcp):\n%s", in, diff)
		}
	}
	if ask := c.call("plan_project", args{"dir": "shop", "operation": "upgrade"}); ask.code() != "missing_answers" || ask.Error.Problems[0].Key != "image" {
		t.Errorf("an upgrade that asks: %s", ask.text)
	}
	const image = "registry.example.com/shop"
	apply(args{"dir": "shop", "operation": "upgrade", "answers": args{"values": args{"image": image}}}, "upgrade", "--set", "image="+image)
	apply(args{"dir": "shop", "operation": "add", "provider": "okx-x402", "defaults": true}, "add", "payment", "okx-x402", "--defaults")
	apply(args{"dir": "shop", "operation": "remove", "provider": "okx-x402"}, "remove", "payment", "okx-x402")

	// What is nothing for the operation is refused, all of it at once.
	wrong := c.call("plan_project", args{"dir": "shop", "operation": "upgrade", "provider": "clerk", "adopt": true, "answers": args{"auth": "clerk"}})
	if wrong.code() != "usage" || len(wrong.Error.Problems) != 3 {
		t.Errorf("what means nothing: %s", wrong.text)
	}
	if got := c.call("plan_project", args{"dir": "shop", "operation": "add", "provider": "stripes"}); got.code() != "unknown_provider" {
		t.Errorf("an unknown provider: %s", got.text)
	}
}

// TestMCP_diff asks for the diffs of a plan until it has them all: git makes of them
// what applying the plan does.
func TestMCP_diff(t *testing.T) {
	root, patched := t.TempDir(), t.TempDir()
	c := serve(t, root, "forge1")
	plan := c.good("shop")
	var patch strings.Builder
	in, answers := args{"plan_id": plan.PlanID}, 0
	for {
		out := c.call("show_diff", in)
		if out.Error != nil || len(out.Files) == 0 {
			t.Fatalf("show_diff: %s", out.text)
		}
		size := 0
		for _, d := range out.Files {
			size += len(d.Diff)
			patch.WriteString(d.Diff)
		}
		if size > mostDiff && len(out.Files) > 1 {
			t.Errorf("%d bytes in one answer", size)
		}
		answers++
		if len(out.LeftOut) == 0 {
			break
		}
		in["paths"] = out.LeftOut
	}
	if answers < 2 {
		t.Error("all of it fits into one answer, so nothing was shown of the others")
	}
	git := exec.CommandContext(t.Context(), "git", "apply", "-")
	git.Dir, git.Stdin = patched, strings.NewReader(patch.String())
	if out, err := git.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if one := c.call("show_diff", args{"plan_id": plan.PlanID, "paths": []string{"go.mod"}}); len(one.Files) != 1 || one.Files[0].Path != "go.mod" {
		t.Errorf("one file: %s", one.text)
	}
	if none := c.call("show_diff", args{"plan_id": plan.PlanID, "paths": []string{"go.mod", "no/such", ".env"}}); none.code() != "usage" || !strings.Contains(none.text, ".env, no/such") {
		t.Errorf("files that are not in the plan: %s", none.text)
	}
	if got := c.call("show_diff", args{"plan_id": "plan_0"}); got.code() != "plan_unknown" {
		t.Errorf("an unknown plan: %s", got.text)
	}
	if done := c.call("apply_plan", args{"plan_id": plan.PlanID}); done.Error != nil {
		t.Fatal(done.text)
	}
	made := written(t, filepath.Join(root, "shop"))
	maps.DeleteFunc(made, func(name, _ string) bool { return strings.HasPrefix(name+"/", ".forge/") })
	if diff := cmp.Diff(made, written(t, patched)); diff != "" {
		t.Errorf("the diffs make something else (-applied +patched):\n%s", diff)
	}
	if got := c.call("show_diff", args{"plan_id": plan.PlanID}); got.code() != "plan_changed" {
		t.Errorf("a plan that was carried out: %s", got.text)
	}
}

func TestMCP_conflicts(t *testing.T) {
	root := t.TempDir()
	must(t, root, "forge1", "new", "shop", "--auth", "clerk", "--payments", "none", "--defaults")
	routes := filepath.Join(root, "shop", "internal", "httpapi", "routes.go")
	data, err := os.ReadFile(routes)
	if err != nil {
		t.Fatal(err)
	}
	ours := strings.Replace(string(data), "signedIn(handleInsForgeToken(d.Minter, d.Log))", "signedIn(ours(d.Minter))", 1)
	if err := os.WriteFile(routes, []byte(ours), 0o644); err != nil || ours == string(data) {
		t.Fatal("nothing edited", err)
	}
	must(t, filepath.Join(root, "shop"), "git", "init", "-q")
	c := serve(t, root, "forge2")
	before := written(t, root)
	upgrade := args{"dir": "shop", "operation": "upgrade", "defaults": true}
	plan := c.call("plan_project", upgrade)
	if plan.Error != nil || plan.Plan.Error == nil || plan.Plan.Error.Code != "conflicts" || plan.Plan.Error.Problems[0].Path != "internal/httpapi/routes.go" {
		t.Fatalf("the plan: %s", plan.text)
	}
	if got := c.call("apply_plan", args{"plan_id": plan.PlanID}); got.code() != "conflicts" {
		t.Errorf("undecided: %s", got.text)
	}
	upgrade["conflict"] = "markers"
	plan = c.call("plan_project", upgrade)
	if got := c.call("apply_plan", args{"plan_id": plan.PlanID}); got.code() != "uncommitted_changes" {
		t.Errorf("with what git has not: %s", got.text)
	}
	if diff := cmp.Diff(before, written(t, root)); diff != "" {
		t.Errorf("refused, and yet:\n%s", diff)
	}
	upgrade["dirty"] = true
	plan = c.call("plan_project", upgrade)
	done := c.call("apply_plan", args{"plan_id": plan.PlanID})
	if done.Error != nil || done.Result.Error == nil || done.Result.Error.Code != "conflicts_wait" {
		t.Errorf("with markers: %s", done.text)
	}
	if got := c.call("plan_project", upgrade); got.code() != "conflicts_wait" {
		t.Errorf("on top of conflicts: %s", got.text)
	}
}

func TestMCP_stalePlans(t *testing.T) {
	root := t.TempDir()
	must(t, root, "forge1", "new", "shop", "--auth", "clerk", "--payments", "none", "--defaults")
	c := serve(t, root, "forge2")
	refused := func(what, id, code string) {
		t.Helper()
		before := written(t, root)
		if got := c.call("apply_plan", args{"plan_id": id}); got.code() != code {
			t.Errorf("%s: %s", what, got.text)
		}
		if diff := cmp.Diff(before, written(t, root)); diff != "" {
			t.Errorf("%s: something was written:\n%s", what, diff)
		}
	}
	refused("a plan that nobody made", "plan_00000000000000000000000000000000", "plan_unknown")

	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	upgrade := c.call("plan_project", args{"dir": "shop", "operation": "upgrade", "defaults": true})
	put("shop/Dockerfile", "FROM scratch\n")
	refused("a file that was edited since", upgrade.PlanID, "plan_changed")

	fresh := c.good("new")
	if err := os.Mkdir(filepath.Join(root, "new"), 0o755); err != nil {
		t.Fatal(err)
	}
	put("new/notes.txt", "mine")
	refused("a folder that is there now", fresh.PlanID, "plan_changed")

	adopted := c.call("plan_project", args{"dir": "new", "operation": "new", "adopt": true, "defaults": true, "answers": args{"auth": "clerk", "payments": []string{}}})
	put("new/Makefile", "all: mine\n")
	refused("a file in the way now", adopted.PlanID, "plan_changed")

	// Another server's plan is not this one's.
	other := serve(t, root, "forge2")
	refused("another server's plan", other.good("elsewhere").PlanID, "plan_unknown")
}

func TestMCP_twoServers(t *testing.T) {
	root := t.TempDir()
	servers := []client{serve(t, root, "forge1"), serve(t, root, "forge1")}
	var plans, codes [2]string
	for i, c := range servers {
		plans[i] = c.good("shop").PlanID
	}
	var running sync.WaitGroup
	for i, c := range servers {
		running.Go(func() { codes[i] = c.call("apply_plan", args{"plan_id": plans[i]}).code() })
	}
	running.Wait()
	slices.Sort(codes[:])
	if codes[0] != "" || !slices.Contains([]string{"plan_changed", "busy", "stale", "write_failed"}, codes[1]) {
		t.Errorf("the two ended with %q", codes)
	}
	status := servers[0].call("project_status", args{"dir": "shop"})
	if status.Error != nil {
		t.Fatal(status.text)
	}
	for _, f := range status.Status.Files {
		if f.State != generator.Pristine {
			t.Errorf("%s is %s", f.Path, f.State)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(root, ".*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestMCP_allOrNothing(t *testing.T) {
	root := t.TempDir()
	c := serve(t, root, "forge1-full", "5")
	if got := c.call("apply_plan", args{"plan_id": c.good("shop").PlanID}); got.code() != "write_failed" || got.Error.Problems[0].Path == "" {
		t.Errorf("on a full disk: %s", got.text)
	}
	hanging := serve(t, root, "forge1-hang", "5")
	plan := hanging.good("shop")
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := hanging.CallTool(ctx, &mcp.CallToolParams{Name: "apply_plan", Arguments: args{"plan_id": plan.PlanID}}); err == nil {
		t.Error("a cancelled call was answered")
	}
	// The server goes on, and nothing is left of the run: also not for the next.
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if entries, err := os.ReadDir(root); err != nil || len(entries) == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if found := written(t, root); len(found) != 1 {
		t.Errorf("left over: %v", found)
	}
	if again := hanging.good("shop"); again.PlanID != plan.PlanID {
		t.Errorf("the same plan has another ID: %s, before %s", again.PlanID, plan.PlanID)
	}
}
