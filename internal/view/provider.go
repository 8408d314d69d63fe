package view

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/insforge/forge/generator"
)

// Providers prints the catalog, one line for each provider.
func Providers(w io.Writer, c *generator.Catalog) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, group := range []struct {
		title     string
		providers []generator.Provider
	}{{"Auth", c.Auth}, {"Payments", c.Payments}} {
		fmt.Fprintf(t, "%s\n", group.title)
		for _, p := range group.providers {
			fmt.Fprintf(t, "  %s\t%s\n", p.ID, p.Label())
		}
	}
	_ = t.Flush() // the writer below it keeps its own error
	fmt.Fprintf(w, "\nforge providers ID prints a provider's whole guide.\n")
}

// Guide prints what a newcomer has to do for one provider, from the dashboard
// to the first start.
func Guide(w io.Writer, p generator.Provider) {
	fmt.Fprintf(w, "%s (%s): %s\n%s\n", p.Name, p.ID, p.Label(), p.Docs)
	section(w, "In the dashboard")
	for i, s := range p.Steps {
		fmt.Fprintf(w, "%d. %s\n", i+1, s.Title)
		wrap(w, "   ", s.Text)
		for _, f := range s.Fields {
			fmt.Fprintf(w, "     %s: %s\n", f.Name, f.Value)
		}
		if s.Source != "" {
			fmt.Fprintf(w, "   See %s\n", s.Source)
		}
	}
	if len(p.URLs) > 0 {
		section(w, "Addresses it must know")
		for _, u := range p.URLs {
			fmt.Fprintf(w, "%s (%s)\n  dev   %s\n  prod  %s\n", u.Field, u.Use, u.Dev(), u.Prod())
		}
	}
	section(w, "In .env")
	for _, e := range p.Env {
		fmt.Fprintf(w, "%s%s\n", e.Name, envNotes(e))
		wrap(w, "  ", e.Comment)
		if e.Shape != "" {
			wrap(w, "  ", "Shape: "+e.Shape)
		}
	}
	if len(p.GoLive) > 0 {
		section(w, "Before real users arrive")
		for _, g := range p.GoLive {
			wrap(w, "- ", g.Text)
		}
	}
	section(w, "Make a project")
	if p.Kind == generator.KindAuth {
		fmt.Fprintf(w, "go run ./cmd/forge new shop --auth %s\n", p.ID)
	} else {
		fmt.Fprintf(w, "go run ./cmd/forge new shop --payments %s\n", p.ID)
	}
}

func envNotes(e generator.EnvVar) string {
	var notes []string
	if !e.Required {
		notes = append(notes, "optional")
	}
	if e.Secret {
		notes = append(notes, "secret")
	}
	if e.Default != "" {
		notes = append(notes, "default "+e.Default)
	}
	if len(notes) == 0 {
		return ""
	}
	return " (" + strings.Join(notes, ", ") + ")"
}

func section(w io.Writer, title string) {
	fmt.Fprintf(w, "\n%s\n%s\n", title, strings.Repeat("-", len(title)))
}

// wrap prints text at 80 columns; lines after the first are indented under it.
func wrap(w io.Writer, indent, text string) { wrapAt(w, 80, indent, text) }

func wrapAt(w io.Writer, width int, indent, text string) {
	rest := strings.Repeat(" ", len(indent))
	line := indent
	for word := range strings.FieldsSeq(text) {
		if len(line) > len(rest) && line != indent && len(line)+1+len(word) > width {
			fmt.Fprintln(w, line)
			line = rest
		}
		if line != indent && line != rest {
			line += " "
		}
		line += word
	}
	if strings.TrimSpace(line) != "" {
		fmt.Fprintln(w, line)
	}
}
