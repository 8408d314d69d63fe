package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

func (a *app) mcpCommand() *cobra.Command {
	var root string
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Serve the Model Context Protocol on standard input and output, for coding agents",
		Long: "mcp is a server of the Model Context Protocol. An agent lists the providers, has a plan made, sees every\n" +
			"file of it, and applies exactly that plan; and it asks how a project stands. Nothing outside of --root is\n" +
			"written, whatever the agent asks for, and nothing that has not been planned before.",
		Example: "  forge mcp --root .",
		Args:    takes(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.serveMCP(cmd.Context(), root)
		},
	}
	cmd.Flags().StringVar(&root, "root", ".", "write in `DIR` and below, and nowhere else")
	cobra.CheckErr(cmd.MarkFlagDirname("root"))
	return cmd
}

// agent is a session with a program that works on the projects in root.
type agent struct {
	*app
	root *os.Root

	mu sync.Mutex
	// plans are those that were shown, by ID, and order their IDs, oldest first.
	plans map[string]planInput
	order []string
}

func (a *app) serveMCP(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	var root *os.Root
	if err == nil {
		root, err = os.OpenRoot(dir)
	}
	if err != nil {
		return usageError{fmt.Errorf("--root: %w", err)}
	}
	defer func() { _ = root.Close() }() // nothing is written through it
	catalog, err := a.catalog()
	if err != nil {
		return err
	}
	transport := &mcp.IOTransport{Reader: io.NopCloser(a.In), Writer: unclosed{a.Out}}
	// Standard output is the protocol's. There is nobody to ask, either.
	quiet := *a
	quiet.In, quiet.Out = strings.NewReader(""), a.Err
	// The environment is that of no project: there may be several below the root, and
	// a key from here must not go to an address that one of them names.
	quiet.getenv = func(string) string { return "" }
	g := &agent{app: &quiet, root: root, plans: map[string]planInput{}}
	err = g.server(catalog.Version).Run(ctx, transport)
	if ctx.Err() != nil || errors.Is(err, io.EOF) {
		return nil // how a session ends
	}
	return err
}

// unclosed keeps the transport from closing what it did not open.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

const instructions = `forge writes complete Go servers for an InsForge backend, and brings newer templates into them later.

Call list_providers first. plan_project makes a plan and writes nothing: it lists every file, and what answers are
missing, with their choices; show_diff has its diffs. apply_plan carries out exactly the plan with that ID, or
nothing: if the folder has changed since, plan again. Paths are relative to the folder the server was started for.
Answers never hold secrets: those go into .env, which is not for you to write values into. Errors have a code; hint
says what to do.`

func (g *agent) server(version string) *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "forge", Title: "forge for InsForge", Version: version},
		&mcp.ServerOptions{Instructions: instructions, Capabilities: &mcp.ServerCapabilities{}})
	yes, no := true, false
	reads := func(title string, open *bool) *mcp.ToolAnnotations {
		return &mcp.ToolAnnotations{Title: title, ReadOnlyHint: true, OpenWorldHint: open}
	}
	addTool(g, s, &mcp.Tool{
		Name: "list_providers", Annotations: reads("List providers", &no),
		Description: "Lists the auth and payment providers and every question, with choices, defaults and shapes. With id: " +
			"that provider's whole guide, from the dashboard steps to the variables.",
	}, g.listProviders)
	addTool(g, s, &mcp.Tool{
		Name: "plan_project", Annotations: reads("Plan a project", &no),
		Description: "Plans a new project, or a change of one, and writes nothing. Answers every file with its action and hash, " +
			"and a plan_id for apply_plan. If answers are missing it says which, with their choices and defaults.",
	}, g.planProject)
	addTool(g, s, &mcp.Tool{
		Name: "show_diff", Annotations: reads("Show a plan's diffs", &no),
		Description: "Shows what the plan with this plan_id would change in each file, as unified diffs. Worth a look before " +
			"an upgrade; with conflict set to markers, the diffs show what could not be merged.",
	}, g.showDiff)
	addTool(g, s, &mcp.Tool{
		Name:        "apply_plan",
		Annotations: &mcp.ToolAnnotations{Title: "Apply a plan", DestructiveHint: &yes, OpenWorldHint: &no},
		Description: "Carries out the plan with this plan_id: all of it or, if the folder or the templates are not as they were " +
			"when it was made, nothing.",
	}, g.applyPlan)
	addTool(g, s, &mcp.Tool{
		Name: "project_status", Annotations: reads("Status of a project", &no),
		Description: "Says which files of a project were edited since forge wrote them, and what an upgrade would change.",
	}, g.projectStatus)
	addTool(g, s, &mcp.Tool{
		Name: "doctor", Annotations: reads("Check a project", &yes),
		Description: "Asks the live InsForge project, and the providers, whether the project in dir fits them, with the " +
			"variables of its .env and none of this server's environment. It changes nothing and shows no secret.",
	}, g.doctor)
	return s
}

// outcome is what a tool answers: a document of its own, or why there is none.
type outcome interface{ fail(*view.Failure) }

// addTool adds a tool whose errors are structured, as those of the command line.
func addTool[In any, Out any, P interface {
	*Out
	outcome
}](g *agent, s *mcp.Server, t *mcp.Tool, do func(context.Context, In) (Out, error)) {
	t.InputSchema = inputSchema[In]()
	mcp.AddTool(s, t, func(ctx context.Context, _ *mcp.CallToolRequest, in In) (*mcp.CallToolResult, Out, error) {
		out, err := do(ctx, in)
		if err == nil {
			return nil, out, nil
		}
		P(&out).fail(g.failure(err))
		return &mcp.CallToolResult{IsError: true}, out, nil
	})
}

// choicesOf are the inputs that take one of a few words.
func choicesOf() map[string][]string {
	return map[string][]string{"operation": operations(), "conflict": decisions()}
}

func inputSchema[In any]() *jsonschema.Schema {
	s, err := jsonschema.For[In](nil)
	cobra.CheckErr(err)
	for name, choices := range choicesOf() {
		if p := s.Properties[name]; p != nil {
			for _, choice := range choices {
				p.Enum = append(p.Enum, choice)
			}
		}
	}
	return s
}

// failed is the part of every answer that says why there is nothing else.
type failed struct {
	Error *view.Failure `json:"error,omitempty" jsonschema:"why it failed: code, hint and all problems"`
}

func (f *failed) fail(why *view.Failure) { f.Error = why }

type providersInput struct {
	ID string `json:"id,omitempty" jsonschema:"a provider, for its whole guide"`
}

type providersOutput struct {
	failed
	Forge     string                  `json:"forge,omitempty" jsonschema:"the version of forge and its templates"`
	Providers []view.ContractProvider `json:"providers,omitempty"`
	Questions []view.ContractQuestion `json:"questions,omitempty" jsonschema:"all questions; a provider lists the keys of its own"`
	Guide     any                     `json:"guide,omitempty" jsonschema:"the guide of the provider that was asked for"`
}

func (g *agent) listProviders(_ context.Context, in providersInput) (out providersOutput, err error) {
	c, err := g.catalog()
	if err != nil {
		return out, err
	}
	if in.ID == "" {
		out.Forge, out.Providers, out.Questions = c.Version, contractProviders(c), contractQuestions(c)
		return out, nil
	}
	p, ok := c.Guide(in.ID)
	if !ok {
		return out, unknownProvider(c, in.ID)
	}
	out.Forge, out.Guide = c.Version, p
	return out, nil
}

type statusInput struct {
	Dir string `json:"dir" jsonschema:"the project's folder, relative to the server's root; . is the root itself"`
}

type statusOutput struct {
	failed
	Status *view.StatusDocument `json:"status,omitempty"`
}

func (g *agent) projectStatus(ctx context.Context, in statusInput) (out statusOutput, err error) {
	dir, state, err := g.project(in.Dir)
	if err != nil {
		return out, err
	}
	use := g.packs()
	use.consent = false // nothing is written
	doc, _, err := g.statusOf(ctx, dir, filepath.ToSlash(filepath.Clean(in.Dir)), state, use)
	if err == nil {
		out.Status = &doc
	}
	return out, err
}

type doctorInput struct {
	Dir     string `json:"dir" jsonschema:"the project's folder, relative to the server's root; . is the root itself"`
	Section string `json:"section,omitempty" jsonschema:"check only this section: database, settings, auth or payments"`
}

type doctorOutput struct {
	failed
	Doctor *view.DoctorDocument `json:"doctor,omitempty"`
}

func (g *agent) doctor(ctx context.Context, in doctorInput) (out doctorOutput, err error) {
	dir, state, err := g.project(in.Dir)
	if err != nil {
		return out, err
	}
	doc, err := g.checkUp(ctx, dir, state, g.packs(), in.Section)
	if err == nil {
		out.Doctor = &doc
	}
	return out, err
}

// packs says which packs of a project are read: those in the root and in the cache of
// modules, as they were when the project was written.
func (g *agent) packs() packUse {
	return packUse{consent: true, offline: true, inside: g.root.Name()}
}

// folder is the absolute path of dir, which must be relative, in the root, and
// reached without a link. It need not exist.
func (g *agent) folder(dir string) (string, error) {
	outside := func(format string, args ...any) (string, error) {
		return "", hinted{
			codedError{fmt.Errorf("dir: "+format, args...), codeOutsideRoot},
			"give a path relative to the folder that forge mcp was started for, such as shop",
		}
	}
	if strings.ContainsFunc(dir, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }) {
		return outside("%q has characters that no path here has", dir)
	}
	clean := filepath.Clean(filepath.FromSlash(dir))
	switch {
	case dir == "":
		return outside("is empty")
	case !filepath.IsLocal(dir) || strings.Contains(dir, ":"):
		return outside("%q leaves the root", dir)
	case clean == ".":
		return g.root.Name(), nil
	}
	at := ""
	for name := range strings.SplitSeq(filepath.ToSlash(clean), "/") {
		if strings.HasPrefix(name, ".") {
			return outside("%q has the hidden folder %s in it", dir, name)
		}
		at = filepath.Join(at, name)
		info, err := g.root.Lstat(at)
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue
		case err != nil:
			return "", err
		case info.Mode()&os.ModeSymlink != 0:
			return outside("%s is a symbolic link", filepath.ToSlash(at))
		case !info.IsDir():
			return outside("%s is a file", filepath.ToSlash(at))
		}
	}
	return filepath.Join(g.root.Name(), clean), nil
}

// project finds the project in dir itself: one further up may be outside.
func (g *agent) project(dir string) (string, generator.State, error) {
	abs, err := g.folder(dir)
	if err != nil {
		return "", generator.State{}, err
	}
	if found, err := generator.FindProject(abs); err != nil || found != abs {
		return "", generator.State{}, hinted{
			fmt.Errorf("%s: %w: it has no %s", dir, generator.ErrNoProject, generator.ManifestPath),
			"dir is a folder that forge has written; plan_project makes one",
		}
	}
	state, err := generator.ReadState(abs)
	return abs, state, err
}
