package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"github.com/insforge/forge/internal/dotenv"
)

// project is the project as it is on disk and as it answers.
type project struct {
	files   fs.FS
	paid    bool
	noLogin bool
	vars    variables
	secrets *secrets
	client  *client

	// What everything else builds on, in this order.
	url, anonKey, apiKey Check
	notes                []Check // warnings about these

	anon, admin string      // the keys, once they are accepted
	ledger      []migration // what is applied
	// ahead is how far the clock here is ahead of the project's.
	ahead time.Duration
}

// migration is a row of the project's ledger.
type migration struct {
	Version, Name string
	Statements    []string
}

// connect finds out whether the project answers and knows its keys.
func connect(ctx context.Context, in Input) *project {
	p := &project{files: in.Files, paid: in.Paid, noLogin: in.NoLogin, vars: variables{dotenv.Read(in.Files, in.Getenv)}, secrets: &secrets{}}
	p.notes = p.vars.differ()
	p.url = p.reach(ctx, in.Timeout)
	p.anonKey = p.tryAnonKey(ctx)
	p.apiKey = p.tryAPIKey(ctx)
	if link := p.linked(); link != nil {
		p.notes = append(p.notes, *link)
	}
	return p
}

func (p *project) reach(ctx context.Context, timeout time.Duration) Check {
	base, wrong := p.vars.check(nameURL, wrongURL)
	if wrong != nil {
		return *wrong
	}
	p.client = newClient(base, timeout, p.secrets)
	a, err := p.client.get(ctx, "/api/health", "")
	if err != nil {
		return p.outOfOrder(nameURL, base+" ", err)
	}
	var health struct{ Status, Version string }
	if !a.done() || json.Unmarshal(a.body, &health) != nil || health.Status != "ok" {
		return failed(nameURL, fmt.Sprintf("%s answers /api/health with %d and not as InsForge does", base, a.status), fixAddress)
	}
	if !a.date.IsZero() {
		p.ahead = time.Since(a.date)
	}
	_, from := p.vars.Get(nameURL)
	return ok(nameURL, fmt.Sprintf("%s answers, InsForge %s (set in %s)", base, p.secrets.quoted(health.Version), from))
}

// outOfOrder is the check of a project that does not answer as InsForge does.
func (p *project) outOfOrder(name, who string, err error) Check {
	var t *trouble
	if !errors.As(err, &t) {
		return failed(name, who+"cannot be asked: "+p.secrets.quoted(err.Error()), fixWait)
	}
	fix := t.fix
	if value, from := p.vars.Get(nameURL); value == p.vars.Example[nameURL] {
		fix = set(nameURL, from) + "; so far it is the example"
	}
	return failed(name, who+t.detail, fix)
}

// refused is the check of a key that the project does not know.
func (p *project) refused(name string) Check {
	value, from := p.vars.Get(name)
	detail := "is refused: it is not a key of this project, or no longer"
	if value == p.vars.Example[name] {
		detail = "is refused: it is the example"
	}
	return failed(name, detail, set(name, from))
}

// probe is a table that nobody has.
const probe = "/api/database/records/forge_doctor_probe?limit=0"

// tryAnonKey asks for a table that is not there. To be told so, by PostgREST, the
// key has to be right.
func (p *project) tryAnonKey(ctx context.Context) Check {
	key, wrong := p.vars.check(nameAnonKey, wrongAnonKey)
	if wrong != nil {
		return *wrong
	}
	if skip, unmet := unmade(nameAnonKey, &p.url); unmet {
		return skip
	}
	p.secrets.add(key)
	a, err := p.client.get(ctx, probe, key)
	switch {
	case err != nil:
		return p.outOfOrder(nameAnonKey, "cannot be tried: the project ", err)
	case a.unknown():
		return p.refused(nameAnonKey)
	case a.status >= 500, !a.done() && a.Code == "":
		return failed(nameAnonKey, "cannot be tried: the project "+p.client.unexpected(a), fixWait)
	}
	p.anon = key
	return ok(nameAnonKey, "is accepted")
}

func (p *project) tryAPIKey(ctx context.Context) Check {
	key, wrong := p.vars.check(nameAPIKey, wrongAPIKey)
	if wrong != nil {
		return *wrong
	}
	if skip, unmet := unmade(nameAPIKey, &p.url); unmet {
		return skip
	}
	p.secrets.add(key)
	a, err := p.client.get(ctx, "/api/database/migrations", key)
	var list struct{ Migrations []migration }
	switch {
	case err != nil:
		return p.outOfOrder(nameAPIKey, "cannot be tried: the project ", err)
	case a.unknown():
		return p.refused(nameAPIKey)
	case !a.done():
		return failed(nameAPIKey, "cannot be tried: the project "+p.client.unexpected(a), fixWait)
	}
	if err := json.Unmarshal(a.body, &list); err != nil {
		return failed(nameAPIKey, "cannot be tried: the project's list of migrations cannot be read: "+p.secrets.quoted(err.Error()), fixAddress)
	}
	for _, m := range list.Migrations {
		if !digits.MatchString(m.Version) {
			return failed(nameAPIKey, "cannot be tried: the project's list of migrations has one without a number", fixAddress)
		}
		m.Version = canonical(m.Version)
		p.ledger = append(p.ledger, m)
	}
	p.admin = key
	return ok(nameAPIKey, "is accepted")
}

// linked warns if the InsForge CLI, which most fixes run, is linked to another
// project than the one that is checked.
func (p *project) linked() *Check {
	data, err := fs.ReadFile(p.files, ".insforge/project.json")
	if err != nil {
		return nil // not linked, or from another folder
	}
	var link struct {
		Host string `json:"oss_host"`
	}
	value, _ := p.vars.Get(nameURL)
	here, err := url.Parse(value)
	if err != nil || json.Unmarshal(data, &link) != nil || link.Host == "" || here.Host == "" {
		return nil
	}
	host := link.Host
	if there, err := url.Parse(host); err == nil && there.Host != "" {
		host = there.Host
	}
	if strings.EqualFold(strings.TrimRight(host, "/"), here.Host) {
		return nil
	}
	c := warning("InsForge CLI", fmt.Sprintf("is linked to %s, and INSFORGE_URL is %s: what it applies goes to the first", host, here.Host),
		"npx @insforge/cli link, and choose the project of INSFORGE_URL")
	return &c
}
