package lint

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	unfinished = regexp.MustCompile(`\b(TODO|FIXME|XXX)\b`)
	example    = regexp.MustCompile(`example\.com/(shop|acme)\b`)
)

// checkTexts holds the text of a folder's files to the rules.
func (l *linter) checkTexts(f *folder) {
	names := l.foreignNames(f)
	for _, x := range f.files {
		if x.area == "cases" || !x.mode.IsRegular() || x.output == "README.md" && x.area == "" || x.output == "modules.lock" {
			continue
		}
		l.checkBytes(x)
		row := 0
		for text := range strings.Lines(string(x.data)) {
			row++
			if found := unfinished.FindString(text); found != "" {
				l.report(leftover, x.path, row, found+" is for the one who writes the template, and would reach its users", "do it, or take it out")
			}
			if found := example.FindString(text); found != "" && x.renders() {
				l.report(leftover, x.path, row, found+" is the module of an example", "write {{ .Module }} for the project's module and {{ .Name }} for its name")
			}
			if names != nil {
				if found := names.FindString(text); found != "" {
					l.report(providerNamed, x.path, row, fmt.Sprintf("it names %s, which not every project with this file has", found),
						"write {{ .Auth.Name }} or range over the chosen providers, or move the file into that provider's folder")
				}
			}
		}
	}
}

func (l *linter) checkBytes(x file) {
	const fix = "save the file as UTF-8 with Unix line endings"
	switch i := bytes.IndexByte(x.data, '\r'); {
	case bytes.HasPrefix(x.data, []byte("\xef\xbb\xbf")):
		l.report(lineEndings, x.path, 1, "it starts with a byte order mark", fix)
	case !utf8.Valid(x.data) || bytes.IndexByte(x.data, 0) >= 0:
		l.report(lineEndings, x.path, 1, "it is no UTF-8 text", fix)
	case i >= 0:
		l.report(lineEndings, x.path, 1+bytes.Count(x.data[:i], []byte("\n")), "it has a carriage return", fix)
	}
	if x.renders() && len(x.data) > 0 && !bytes.HasSuffix(x.data, []byte("\n")) {
		l.report(finalNewline, x.path, 1+bytes.Count(x.data, []byte("\n")), "its last line does not end", "end it with a newline, or what comes behind it is joined to it")
	}
}

// The IDs of providers that are also the name of something else: of what every
// project runs on, and of a protocol with its Go package.
const (
	backend  = "insforge"
	protocol = "oidc"
)

// foreignNames matches the IDs of providers that a folder's text must not name,
// nil if there are none: a shared layer knows no provider unless it is one's alone.
// An ID that is also the name of the backend, or of a shared layer and so of what
// several providers speak, is a word like any other.
func (l *linter) foreignNames(f *folder) *regexp.Regexp {
	own := map[string]bool{f.id: true, backend: true, protocol: true}
	if users := l.users(f); f.shared() && len(users) == 1 {
		own[users[0].id] = true
	}
	var names []string
	for _, id := range l.ids() {
		if _, spoken := l.folders[path.Join(l.provider(id).kind, "_"+id)]; own[id] || spoken {
			continue
		}
		for _, separator := range []string{"-", "_", " ", ""} {
			names = append(names, regexp.QuoteMeta(strings.ReplaceAll(id, "-", separator)))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return regexp.MustCompile(`(?i)\b(` + strings.Join(names, "|") + `)\b`)
}
