package view

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/insforge/forge/generator"
)

// Page prints a provider's guide as the Markdown page that stands in its folder of
// the templates.
func Page(w io.Writer, p generator.Provider) {
	fmt.Fprintf(w, "<!-- Written by `make docs` from the declarations of the templates: change those. -->\n\n# %s\n\n", p.Name)
	paragraph(w, "", fmt.Sprintf("%s. It is a choice of %s; its own documentation is at <%s>.",
		capital(p.Summary), map[generator.Kind]string{
			generator.KindAuth: "who signs users in", generator.KindPayment: "how callers pay",
		}[p.Kind], p.Docs))
	if p.Credential != "" {
		fmt.Fprintln(w)
		paragraph(w, "", "Signed in means with "+p.Credential+".")
	}
	fmt.Fprintf(w, "\n```sh\n%s```\n", commands(p))
	pageQuestions(w, p.Questions)
	pageSteps(w, p.Steps)
	if len(p.URLs) > 0 {
		heading(w, "Addresses it must know")
		row(w, "Where", "What for", "On your machine", "In production")
		row(w, "---", "---", "---", "---")
		for _, u := range p.URLs {
			row(w, u.Field, u.Use, code(u.Dev()), code(u.Prod()))
		}
	}
	pageVariables(w, p.Env)
	if len(p.GoLive) > 0 {
		heading(w, "Before real users arrive")
		for _, g := range p.GoLive {
			paragraph(w, "- ", plain(g.Text))
		}
	}
}

// commands are what one runs to use p, the remarks in one column.
func commands(p generator.Provider) string {
	flag, section := "--auth", "auth"
	if p.Kind == generator.KindPayment {
		flag, section = "--payments", "payments"
	}
	lines := [][2]string{
		{fmt.Sprintf("forge new shop %s %s", flag, p.ID), "a new server"},
		{fmt.Sprintf("forge add %s %s", p.Kind, p.ID), "in a project that exists"},
		{"forge providers " + p.ID, "this page on a terminal; --json for programs"},
		{"forge doctor --section " + section, "asks the live services whether the settings fit"},
	}
	width := 0
	for _, l := range lines {
		width = max(width, len(l[0]))
	}
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%-*s  # %s\n", width, l[0], l[1])
	}
	return b.String()
}

func pageQuestions(w io.Writer, questions []generator.Question) {
	if len(questions) == 0 {
		return
	}
	heading(w, "Questions")
	row(w, "Question", "Flag", "Answers")
	row(w, "---", "---", "---")
	for _, q := range questions {
		about := plain(q.Message)
		if q.When != nil {
			about += fmt.Sprintf(" Asked if `%s` is `%s`.", q.When.Key, q.When.Is)
		}
		if q.Help != "" {
			about += " " + plain(q.Help)
		}
		row(w, about, code(generator.Flag(q.Key)+"=…"), answersTo(q))
	}
}

// answersTo says in a table's cell what answers q.
func answersTo(q generator.Question) string {
	var answers []string
	switch q.Type {
	case "confirm":
		answers = []string{"`true` or `false`"}
	case "select", "multiselect":
		for _, c := range q.Choices {
			answers = append(answers, code(c.Value)+": "+plain(c.Label))
		}
	default:
		if q.Shape != "" {
			answers = []string{plain(q.Shape)}
		}
	}
	if q.Default != "" {
		answers = append(answers, "default "+code(q.Default))
	}
	return strings.Join(answers, "; ")
}

func pageSteps(w io.Writer, steps []generator.Step) {
	if len(steps) == 0 {
		return
	}
	heading(w, "In the dashboard")
	paragraph(w, "", "The addresses and names are those of a project called shop; the README of a generated project has its own.")
	for i, s := range steps {
		number := fmt.Sprintf("%d. ", i+1)
		indent := strings.Repeat(" ", len(number))
		fmt.Fprintln(w)
		paragraph(w, number, "**"+plain(s.Title)+".** "+plain(s.Text))
		if len(s.Fields) > 0 {
			fmt.Fprintln(w)
		}
		for _, f := range s.Fields {
			value := plain(f.Value)
			if !strings.Contains(f.Value, " ") {
				value = code(f.Value)
			}
			fmt.Fprintf(w, "%s- %s: %s\n", indent, plain(f.Name), value)
		}
		if s.Source != "" {
			fmt.Fprintf(w, "\n%sSee <%s>\n", indent, s.Source)
		}
	}
}

func pageVariables(w io.Writer, vars []generator.EnvVar) {
	if len(vars) == 0 {
		return
	}
	heading(w, "Variables")
	row(w, "Variable", "Required", "What it is", "Form")
	row(w, "---", "---", "---", "---")
	for _, e := range vars {
		required := "yes"
		if !e.Required {
			required = "no"
		}
		if e.Default != "" {
			required += ", " + code(e.Default)
		}
		comment := plain(e.Comment)
		if e.Secret {
			comment += " **Secret.**"
		}
		row(w, code(e.Name), required, comment, plain(e.Shape))
	}
}

// Features prints the catalog as the tables of forge's README, with a link to
// every provider's page.
func Features(w io.Writer, c *generator.Catalog) {
	row(w, "Who signs users in", "Flag", "What it is", "Signed in means with")
	row(w, "---", "---", "---", "---")
	for _, p := range c.Auth {
		row(w, pageLink(p), code("--auth "+p.ID), plain(p.Summary), p.Credential)
	}
	fmt.Fprintln(w)
	row(w, "How callers pay", "Flag", "What it is")
	row(w, "---", "---", "---")
	for _, p := range c.Payments {
		row(w, pageLink(p), code("--payments "+p.ID), plain(p.Summary))
	}
}

func pageLink(p generator.Provider) string {
	return fmt.Sprintf("[%s](templates/%s/%s/README.md)", p.Name, p.Kind, p.ID)
}

func heading(w io.Writer, title string) { fmt.Fprintf(w, "\n## %s\n\n", title) }

// row prints a row of a table. A bar or a line break in a cell would end it.
func row(w io.Writer, cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.Join(strings.Fields(strings.ReplaceAll(cell, "|", `\|`)), " ")
	}
	fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
}

// plain is text of a declaration in Markdown: code in backticks stays, an address
// becomes a link, and what would be markup is shown.
func plain(text string) string {
	parts := strings.Split(text, "`")
	for i := 0; i < len(parts); i += 2 {
		words := strings.Split(parts[i], " ")
		for j, word := range words {
			if strings.HasPrefix(word, "https://") && !strings.HasSuffix(word, "//") {
				link := strings.TrimRight(word, ".,;:)")
				words[j] = "<" + link + ">" + word[len(link):]
				continue
			}
			words[j] = strings.NewReplacer("<", "&lt;", "*", `\*`).Replace(word)
		}
		parts[i] = strings.Join(words, " ")
	}
	return strings.Join(parts, "`")
}

func code(text string) string { return "`" + text + "`" }

func capital(text string) string {
	r, size := utf8.DecodeRuneInString(text)
	// A name that begins with a small letter and goes on with a large one stays.
	if rest, _ := utf8.DecodeRuneInString(text[size:]); unicode.IsUpper(rest) {
		return text
	}
	return string(unicode.ToUpper(r)) + text[size:]
}

// paragraph prints text in lines of a page; those after the first are indented
// under it.
func paragraph(w io.Writer, indent, text string) { wrapAt(w, 110, indent, text) }
