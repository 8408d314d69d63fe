package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/view"
)

// What an agent can have planned.
const (
	operationNew     = "new"
	operationUpgrade = "upgrade"
	operationAdd     = "add"
	operationRemove  = "remove"
)

func operations() []string {
	return []string{operationNew, operationUpgrade, operationAdd, operationRemove}
}

// mostPlans is how many plans a session remembers.
const mostPlans = 64

type planInput struct {
	Dir       string      `json:"dir" jsonschema:"the project's folder, relative to the server's root; . is the root itself"`
	Operation string      `json:"operation" jsonschema:"new writes a project; upgrade brings newer templates into one; add and remove change its providers"`
	Provider  string      `json:"provider,omitempty" jsonschema:"for add and remove: the provider's ID"`
	Answers   planAnswers `json:"answers,omitzero" jsonschema:"answers to questions, never a secret"`
	Defaults  bool        `json:"defaults,omitempty" jsonschema:"accept the default of every question left open"`
	Adopt     bool        `json:"adopt,omitempty" jsonschema:"for new: write into a folder that is not empty, beside what is there"`
	Conflict  string      `json:"conflict,omitempty" jsonschema:"how to settle what cannot be merged: keep (the user's file), take (forge's) or markers (both, to be resolved in the file)"`
	DropData  bool        `json:"drop_data,omitempty" jsonschema:"for remove: have the new migration drop the data as well"`
	Dirty     bool        `json:"dirty,omitempty" jsonschema:"go ahead although files of the project have changes that git has not committed"`
	TwoWay    bool        `json:"two_way,omitempty" jsonschema:"compare files with the templates directly where forge's record of them is lost"`
}

type planAnswers struct {
	Name     string            `json:"name,omitempty" jsonschema:"for new: the project's name; the folder's if it is left out"`
	Module   string            `json:"module,omitempty" jsonschema:"for new: the Go module path"`
	Auth     string            `json:"auth,omitempty" jsonschema:"for new: the auth provider's ID"`
	Payments []string          `json:"payments,omitempty" jsonschema:"for new: the payment providers' IDs; [none] for none"`
	Values   map[string]string `json:"values,omitempty" jsonschema:"the answers to all other questions, by their key"`
}

type planOutput struct {
	failed
	PlanID   string         `json:"plan_id,omitempty" jsonschema:"what apply_plan takes"`
	Plan     *view.Document `json:"plan,omitempty" jsonschema:"every file; error is set if conflicts have to be decided with conflict"`
	Warnings []string       `json:"warnings,omitempty" jsonschema:"what the answers give up"`
}

type applyInput struct {
	PlanID string `json:"plan_id" jsonschema:"what plan_project answered"`
}

type applyOutput struct {
	failed
	Result *view.Document `json:"result,omitempty"`
}

// shownPlan is a plan, what an agent sees of it, and how it is carried out.
type shownPlan struct {
	dir      string
	plan     *generator.Plan
	record   *generator.Tree
	warnings []string
	document func(written bool) view.Document
	// ready says why the plan cannot be carried out now.
	ready func(context.Context) error
}

// planProject shows a plan and remembers what it was made of.
func (g *agent) planProject(ctx context.Context, in planInput) (out planOutput, err error) {
	p, err := g.makePlan(ctx, in)
	if err != nil {
		return out, err
	}
	doc := p.document(false)
	if out.PlanID, err = p.id(in); err != nil {
		return planOutput{}, err
	}
	out.Plan, out.Warnings = &doc, p.warnings
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.plans[out.PlanID]; !known {
		g.order = append(g.order, out.PlanID)
	}
	g.plans[out.PlanID] = in
	if len(g.order) > mostPlans {
		delete(g.plans, g.order[0])
		g.order = g.order[1:]
	}
	return out, nil
}

// planAgain makes the plan with this ID once more, of the same answers, and refuses
// it if it is not the same any more.
func (g *agent) planAgain(ctx context.Context, id string) (p *shownPlan, asked planInput, err error) {
	g.mu.Lock()
	asked, known := g.plans[id]
	g.mu.Unlock()
	if !known {
		return nil, asked, hinted{
			codedError{fmt.Errorf("there is no plan %q", id), codePlanUnknown}, "plan_project makes one, and answers its plan_id",
		}
	}
	p, err = g.makePlan(ctx, asked)
	if err == nil {
		var now string
		if now, err = p.id(asked); err == nil && now != id {
			err = errors.New("it would be another one now")
		}
	}
	if err != nil {
		return nil, asked, hinted{
			codedError{fmt.Errorf("the plan is out of date: %w", err), codePlanChanged}, "nothing was written; call plan_project again and look at what has changed",
		}
	}
	return p, asked, nil
}

// mostDiff is how many bytes of diffs one answer has. A larger diff comes alone.
const mostDiff = 64 << 10

type diffInput struct {
	PlanID string   `json:"plan_id" jsonschema:"what plan_project answered"`
	Paths  []string `json:"paths,omitempty" jsonschema:"only these files of the plan; all if it is left out"`
}

type diffOutput struct {
	failed
	Files   []view.FileDiff `json:"files,omitempty" jsonschema:"a unified diff for each file that the plan writes"`
	LeftOut []string        `json:"left_out,omitempty" jsonschema:"files whose diffs did not fit: ask again with some of them as paths"`
}

// showDiff shows what a plan would change in each file.
func (g *agent) showDiff(ctx context.Context, in diffInput) (out diffOutput, err error) {
	p, _, err := g.planAgain(ctx, in.PlanID)
	if err != nil {
		return out, err
	}
	wanted := map[string]bool{}
	for _, path := range in.Paths {
		wanted[path] = true
	}
	size := 0
	for _, d := range view.Diffs(p.plan) {
		if len(in.Paths) > 0 && !wanted[d.Path] {
			continue
		}
		delete(wanted, d.Path)
		if size += len(d.Diff); size > mostDiff && len(out.Files) > 0 {
			out.LeftOut = append(out.LeftOut, d.Path)
			continue
		}
		out.Files = append(out.Files, d)
	}
	if len(wanted) > 0 {
		return diffOutput{}, usageError{fmt.Errorf("paths: the plan writes no %s", strings.Join(slices.Sorted(maps.Keys(wanted)), ", "))}
	}
	return out, nil
}

// applyPlan carries out a plan that is still what it was when it was shown.
func (g *agent) applyPlan(ctx context.Context, in applyInput) (out applyOutput, err error) {
	p, asked, err := g.planAgain(ctx, in.PlanID)
	if err != nil {
		return out, err
	}
	if err := p.ready(ctx); err != nil {
		return out, err
	}
	if err := generator.ApplyWithin(ctx, g.root, p.dir, p.plan, p.record, g.progress(ctx, nil)); err != nil {
		return out, applyError(asked.Dir, err)
	}
	g.showUnmerged(ctx, p.dir, p.plan)
	doc := p.document(true)
	out.Result = &doc
	return out, nil
}

// id stands for all that a plan would do: what it was asked for, what it found and
// what it would write.
func (p *shownPlan) id(in planInput) (string, error) {
	type row struct{ Path, From, Action, Found, Result, Mode string }
	var rows []row
	sum := func(f *generator.File) string {
		if f == nil {
			return ""
		}
		return f.Mode.String() + f.SHA256()
	}
	for _, c := range p.plan.Changes {
		rows = append(rows, row{c.Path, c.From, string(c.Action), sum(c.User()), sum(c.Result), sum(c.Target)})
	}
	for f := range p.record.All() {
		rows = append(rows, row{Path: f.Path, Result: sum(f)})
	}
	data, err := json.Marshal([]any{in, p.document(false), rows})
	digest := sha256.Sum256(data)
	return "plan_" + hex.EncodeToString(digest[:16]), err
}

func (g *agent) makePlan(ctx context.Context, in planInput) (*shownPlan, error) {
	d := dialog{defaults: in.Defaults, conflict: in.Conflict, json: true}
	if err := errors.Join(d.check(), in.check()); err != nil {
		return nil, err
	}
	if in.Operation == operationNew {
		return g.makeNew(ctx, in, d)
	}
	return g.makeChange(ctx, in, d)
}

// check refuses what the operation has no use for, so that nothing is ignored.
func (in planInput) check() error {
	if !slices.Contains(operations(), in.Operation) {
		return usageError{fmt.Errorf("operation: unknown %q (choices: %s)", in.Operation, strings.Join(operations(), ", "))}
	}
	changes := in.Operation == operationAdd || in.Operation == operationRemove
	var problems []error
	for _, x := range []struct {
		name  string
		given bool
		right bool
	}{
		{"provider", in.Provider != "", changes},
		{"answers.name", in.Answers.Name != "", in.Operation == operationNew},
		{"answers.module", in.Answers.Module != "", in.Operation == operationNew},
		{"answers.auth", in.Answers.Auth != "", in.Operation == operationNew},
		{"answers.payments", in.Answers.Payments != nil, in.Operation == operationNew},
		{"adopt", in.Adopt, in.Operation == operationNew},
		{"drop_data", in.DropData, in.Operation == operationRemove},
		{"dirty", in.Dirty, in.Operation != operationNew},
		{"two_way", in.TwoWay, in.Operation != operationNew},
	} {
		if x.given && !x.right {
			problems = append(problems, fmt.Errorf("%s: means nothing to %s", x.name, in.Operation))
		}
	}
	if changes && in.Provider == "" {
		problems = append(problems, fmt.Errorf("provider: %s takes the ID of one", in.Operation))
	}
	if problems == nil {
		return nil
	}
	return usageError{errors.Join(problems...)}
}

// howToAnswer stands in hints.
const howToAnswer = "in answers, those that --set gives in its values (defaults: true does as --defaults)"

func (g *agent) makeNew(ctx context.Context, in planInput, d dialog) (*shownPlan, error) {
	dir, err := g.folder(in.Dir)
	if err != nil {
		return nil, err
	}
	c, err := g.catalog()
	if err != nil {
		return nil, err
	}
	answers := generator.Answers{Name: in.Answers.Name, Module: in.Answers.Module, Auth: in.Answers.Auth, Values: in.Answers.Values}
	if in.Answers.Payments != nil {
		answers = answers.Set(generator.KeyPayments, strings.Join(in.Answers.Payments, ","))
	}
	if answers, err = fromFolder(answers, dir); err != nil {
		return nil, err
	}
	if err := errors.Join(c.Check(answers), judgeTarget(dir, in.Adopt)); err != nil {
		return nil, err
	}
	if answers, err = g.complete(ctx, c, answers, &d, howToAnswer); err != nil {
		return nil, err
	}
	j := job{dialog: d, dir: dir, shown: filepath.ToSlash(filepath.Clean(in.Dir)), catalog: c, answers: answers}
	plan, record, next, err := j.plan()
	if err != nil {
		return nil, err
	}
	return &shownPlan{
		dir: dir, plan: plan, record: record, warnings: c.Warnings(answers),
		document: func(written bool) view.Document { return g.newDocument(j, plan, record, next, written) },
		ready:    func(context.Context) error { return undecided(plan) },
	}, nil
}

func (g *agent) makeChange(ctx context.Context, in planInput, d dialog) (*shownPlan, error) {
	dir, state, err := g.project(in.Dir)
	if err != nil {
		return nil, err
	}
	if state.Conflicts != nil {
		return nil, pending(state.Conflicts)
	}
	ch := change{
		dialog: d, words: []string{in.Operation}, shown: filepath.ToSlash(filepath.Clean(in.Dir)),
		dirty: in.Dirty, twoWay: in.TwoWay, dropData: in.DropData,
	}
	for _, key := range slices.Sorted(maps.Keys(in.Answers.Values)) {
		ch.set = append(ch.set, key+"="+in.Answers.Values[key])
	}
	if ch.project, ch.catalog, err = g.openIn(ctx, dir, state, g.packs()); err != nil {
		return nil, err
	}
	ch.recorded = ch.project.Manifest.Answers
	if err := ch.provider(in); err != nil {
		return nil, err
	}
	u, err := g.prepare(ctx, &ch, howToAnswer)
	if err != nil {
		return nil, err
	}
	return &shownPlan{
		dir: dir, plan: u.Plan, record: u.Record, warnings: ch.warnings(),
		document: func(written bool) view.Document {
			doc := g.document(ch, u, written)
			doc.Error = g.failureOf(errors.Join(undecided(u.Plan), unresolved(u.Plan, written)))
			return doc
		},
		ready: func(ctx context.Context) error {
			if err := undecided(u.Plan); err != nil || ch.dirty {
				return err
			}
			return refuseDirty(ctx, dir, u.Plan)
		},
	}, nil
}

// provider makes the answers those of add and remove.
func (ch *change) provider(in planInput) error {
	if in.Provider == "" {
		return nil
	}
	p, ok := ch.catalog.Provider(in.Provider)
	if !ok {
		return unknownProvider(ch.catalog, in.Provider)
	}
	to := addProvider
	if in.Operation == operationRemove {
		to = removeProvider
	}
	answers, err := to(ch.recorded, p)
	ch.words = append(ch.words, string(p.Kind), p.ID)
	ch.recorded = answers
	return err
}
