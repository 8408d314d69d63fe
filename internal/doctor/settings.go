package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/insforge/forge/internal/insforgetoml"
)

const (
	tomlFile  = "insforge.toml"
	checkLive = "live settings"
)

// settings checks insforge.toml, and what of it was applied.
func (p *project) settings(ctx context.Context) []Check {
	data, err := fs.ReadFile(p.files, tomlFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Check{warning(tomlFile, "there is none: the project's settings are written down nowhere", "npx @insforge/cli config export")}
	case err != nil:
		return []Check{failed(tomlFile, "cannot be read: "+err.Error(), "make it a file that you can read")}
	}
	want, err := insforgetoml.Parse(tomlFile, data)
	if err != nil {
		var all []Check
		for _, problem := range problems(err) {
			all = append(all, failed(tomlFile, problem.Error(), "correct that line of insforge.toml"))
		}
		root := failed(tomlFile, "does not parse", "correct insforge.toml")
		skip, _ := unmade(checkLive, &root)
		return append(all, skip)
	}
	return append([]Check{ok(tomlFile, "every key is one that InsForge knows, every value one that it takes")}, p.live(ctx, want)...)
}

// live compares the file with the project.
func (p *project) live(ctx context.Context, want *insforgetoml.Config) []Check {
	if skip, unmet := unmade(checkLive, &p.apiKey); unmet {
		return []Check{skip}
	}
	live, err := p.liveConfig(ctx, want)
	if err != nil {
		return []Check{p.outOfOrder(checkLive, "cannot be compared: the project ", err)}
	}
	var all []Check
	for _, c := range insforgetoml.Diff(live, want) {
		if c.Hidden {
			all = append(all, warning(checkLive, fmt.Sprintf("%s = %s cannot be applied: this project does not have the setting", c.Key, c.Want),
				"take it out of insforge.toml, or leave it for a project that has it"))
			continue
		}
		all = append(all, failed(checkLive, fmt.Sprintf("%s is %s in the project and %s in insforge.toml", c.Key, c.Live, c.Want),
			"npx @insforge/cli config apply"))
	}
	if all == nil {
		all = append(all, ok(checkLive, "are those of insforge.toml"))
	}
	return all
}

func (p *project) liveConfig(ctx context.Context, want *insforgetoml.Config) (*insforgetoml.Config, error) {
	a, err := p.client.get(ctx, "/api/metadata", p.admin)
	if err != nil {
		return nil, err
	}
	if !a.done() {
		return nil, &trouble{p.client.unexpected(a), fixWait}
	}
	live, err := insforgetoml.FromMetadata(a.body)
	if err != nil {
		return nil, &trouble{"answers " + p.secrets.quoted(err.Error()), fixAddress}
	}
	for _, path := range want.Endpoints() {
		a, err := p.client.get(ctx, path, p.admin)
		switch {
		case err != nil:
			return nil, err
		case a.status == http.StatusNotFound:
			continue // the backend has no such setting
		case !a.done():
			return nil, &trouble{p.client.unexpected(a), fixWait}
		}
		if err := live.AddEndpoint(path, a.body); err != nil {
			return nil, &trouble{"answers " + p.secrets.quoted(err.Error()), fixAddress}
		}
	}
	return live, nil
}

// problems are the errors that are joined in err.
func problems(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	return []error{err}
}
