// Package doctor checks a project against reality: what is on disk against what
// runs in InsForge. It reads, asks and reports; it writes nothing, neither on
// disk nor in the project, and nothing it reports has a secret in it.
//
// # Where settings come from
//
// INSFORGE_URL, INSFORGE_ANON_KEY, INSFORGE_API_KEY and INSFORGE_JWT_SECRET, the
// variables of the auth provider and of payments are taken from the environment,
// each one that is missing or empty there from the project's .env, read as
// `make run` reads it: values as they stand, no quotes, no comments behind them.
//
// # What the project gets to see
//
// Requests with one of its own keys, or with a token of a minute that is signed
// with its secret for a user nobody is; one token is signed with a secret that
// nobody has. A redirect is never followed, and http only to this machine. That
// it was asked about its rights stands in the project's own audit log afterwards.
// OKX gets to see a signed question for what it supports, a node of the chain
// questions that anybody may ask. So does the auth provider: for its keys, for what
// it calls itself, and for the page that begins a sign-in, also with a callback that
// nobody has allowed. Where sessions are looked up in Postgres, the database gets to
// see a login of the role in the settings, and one query of its catalog.
package doctor

import (
	"context"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/insforge/forge/generator"
)

// Status is how a check ended.
type Status string

// The statuses. Skipped is a check that could not be made.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Failed  Status = "failed"
	Skipped Status = "skipped"
)

// Check is one thing that was looked at, or one of several problems found there.
type Check struct {
	Section string `json:"section"`
	Name    string `json:"name"`
	Status  Status `json:"status"`
	// Detail is what was found.
	Detail string `json:"detail"`
	// Fix is what to run or write. Empty if all is well.
	Fix string `json:"fix,omitempty"`

	// root is the check for whose outcome this one was skipped.
	root *Check
}

// The sections, in the order in which they are checked.
const (
	Database = "database"
	Settings = "settings"
	Auth     = "auth"
	Payments = "payments"
)

// Sections lists the sections.
func Sections() []string { return []string{Database, Settings, Auth, Payments} }

// Input is the project to check.
type Input struct {
	// Files is the project's folder.
	Files fs.FS
	// Getenv reads the environment.
	Getenv func(string) string
	// Auth is the project's auth provider, with the variables of the layers that it
	// builds on; nil if nobody signs in.
	Auth *generator.Provider
	// Transport carries what providers are asked; nil is http.DefaultTransport.
	Transport http.RoundTripper
	// NoLogin says that nobody signs in, so that the server signs no tokens for users.
	NoLogin bool
	// Payments are the project's payment providers, each with the variables of the
	// layers that it builds on.
	Payments []generator.Provider
	// Paid says that requests are paid for one by one, so that there is a ledger.
	Paid bool
	// Section limits the run to one; empty means all.
	Section string
	// Timeout is for one request; 0 means 15 seconds.
	Timeout time.Duration
}

// defaultTimeout is longer than InsForge waits for its own database.
const defaultTimeout = 15 * time.Second

// Run makes the checks. When ctx ends, the checks that are left fail.
func Run(ctx context.Context, in Input) []Check {
	if in.Timeout == 0 {
		in.Timeout = defaultTimeout
	}
	p := connect(ctx, in)
	sections := map[string]func(context.Context) []Check{
		Database: p.database, Settings: p.settings,
		Auth:     func(ctx context.Context) []Check { return p.signingIn(ctx, in) },
		Payments: func(ctx context.Context) []Check { return p.selling(ctx, in) },
	}
	var all []Check
	for _, name := range Sections() {
		if in.Section != "" && in.Section != name || name == Payments && len(in.Payments) == 0 || name == Auth && in.Auth == nil {
			continue
		}
		for _, c := range sections[name](ctx) {
			c.Section = name
			c.Detail, c.Fix = p.secrets.clean(c.Detail), p.secrets.clean(c.Fix)
			all = append(all, c)
		}
	}
	return all
}

// Healthy says that every check was made and none failed.
func Healthy(checks []Check) bool {
	return !slices.ContainsFunc(checks, func(c Check) bool { return c.Status == Failed || c.Status == Skipped })
}

func ok(name, detail string) Check { return Check{Name: name, Status: OK, Detail: detail} }
func failed(name, detail, fix string) Check {
	return Check{Name: name, Status: Failed, Detail: detail, Fix: fix}
}

func warning(name, detail, fix string) Check {
	return Check{Name: name, Status: Warning, Detail: detail, Fix: fix}
}

// unmade returns the check called name as skipped if one that it builds on did
// not end well.
func unmade(name string, needs ...*Check) (Check, bool) {
	for _, need := range needs {
		if need.Status == OK || need.Status == Warning {
			continue
		}
		root := need
		if need.root != nil {
			root = need.root
		}
		return Check{Name: name, Status: Skipped, Detail: "needs " + root.Name + because(root.Detail), Fix: root.Fix, root: root}, true
	}
	return Check{}, false
}

// because goes on from the name of a check to what was found there, as short as it
// can be said once more. A detail about an address begins with it.
func because(detail string) string {
	detail, _, _ = strings.Cut(detail, "\n")
	detail, _, unreached := strings.Cut(detail, unreachable+": ")
	if unreached {
		detail += unreachable
	}
	if strings.HasPrefix(detail, "http://") || strings.HasPrefix(detail, "https://") {
		return ", and " + detail
	}
	return ", which " + detail
}

// unreachable says of an address that no connection to it can be made.
const unreachable = "cannot be reached"
