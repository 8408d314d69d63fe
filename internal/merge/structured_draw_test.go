package merge

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// versions are three files: what forge wrote, what the user made of it, and what
// forge would write now.
type versions struct{ base, user, target string }

// drawVersions returns, for each format, a drawer of three related files. All that
// the user adds says mine, and all values that the user sets do.
func drawVersions() map[string]func(t *rapid.T) versions {
	return map[string]func(t *rapid.T) versions{
		"go.mod":        drawGoMods,
		"go.sum":        drawGoSums,
		"insforge.toml": drawTOMLs,
		".env.example":  drawEnvs,
		".gitignore":    drawIgnores,
	}
}

// item is one key, requirement or pattern of a file, with what belongs to it.
type item struct {
	name, value, comment string
	off, apart           bool
}

// drawer draws one format's files as lists of items.
type drawer struct {
	names  []string
	values []string
	mark   string                           // what a comment starts with
	render func([]item) string              // the items as a file
	own    []string                         // lines a user may add anywhere
	within func(lines []string, i int) bool // whether an own line may stand before line i
}

func (d drawer) draw(t *rapid.T) versions {
	var base []item
	for _, name := range d.names {
		if rapid.Bool().Draw(t, "has") {
			base = append(base, d.item(t, name))
		}
	}
	target := step(base, func(i *item) {
		switch rapid.IntRange(0, 9).Draw(t, "forge") {
		case 0:
			i.name = ""
		case 1:
			i.value = rapid.SampledFrom(d.values).Draw(t, "value")
		case 2:
			i.comment = d.comment(t)
		case 3:
			i.off = !i.off
		}
	})
	for _, name := range d.names {
		has := func(i item) bool { return i.name == name }
		if !slices.ContainsFunc(base, has) && rapid.IntRange(0, 2).Draw(t, "new") == 0 {
			at := rapid.IntRange(0, len(target)).Draw(t, "at")
			target = slices.Insert(target, at, d.item(t, name))
		}
	}
	user := step(base, func(i *item) {
		switch rapid.IntRange(0, 9).Draw(t, "user") {
		case 0:
			i.name = ""
		case 1:
			i.value = rapid.SampledFrom(d.values).Draw(t, "value")
		case 2:
			i.off = true
		case 3:
			i.comment += d.mark + " mine of " + i.name + "\n"
		}
	})
	return versions{base: d.render(base), user: d.edited(t, d.render(user)), target: d.render(target)}
}

func (d drawer) item(t *rapid.T, name string) item {
	return item{
		name:    name,
		value:   rapid.SampledFrom(d.values).Draw(t, "value"),
		comment: d.comment(t),
		off:     rapid.IntRange(0, 3).Draw(t, "off") == 0,
		apart:   rapid.Bool().Draw(t, "apart"),
	}
}

func (d drawer) comment(t *rapid.T) string {
	var lines string
	for range rapid.IntRange(0, 2).Draw(t, "comment lines") {
		lines += fmt.Sprintf("%s note %d\n", d.mark, rapid.IntRange(0, 5).Draw(t, "note"))
	}
	return lines
}

// step returns the items after a change to each; those without a name go.
func step(items []item, change func(*item)) []item {
	var out []item
	for _, i := range items {
		change(&i)
		if i.name != "" {
			out = append(out, i)
		}
	}
	return out
}

// edited returns text with lines of the user's own, and with the user's kind of
// line endings.
func (d drawer) edited(t *rapid.T, text string) string {
	for n, own := range d.own {
		if rapid.IntRange(0, 4).Draw(t, "own") > 0 {
			continue
		}
		lines := slices.Collect(strings.Lines(text))
		var places []int
		for i := range len(lines) + 1 {
			if d.within == nil || d.within(lines[:i], n) {
				places = append(places, i)
			}
		}
		if len(places) > 0 {
			at := rapid.SampledFrom(places).Draw(t, "place")
			text = strings.Join(slices.Insert(lines, at, own+"\n"), "")
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "CRLF") == 0 {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if rapid.IntRange(0, 3).Draw(t, "no final newline") == 0 {
		text = strings.TrimRight(text, "\r\n")
	}
	return text
}

func drawEnvs(t *rapid.T) versions {
	return drawer{
		names: []string{"A", "B", "C", "D", "E"}, values: []string{"", "1", "2", "x=y", "'q'"}, mark: "#",
		render: func(items []item) string {
			text := ""
			for _, i := range items {
				if i.apart && text != "" {
					text += "\n"
				}
				text += i.comment
				if i.off {
					text += "# "
				}
				text += i.name + "=" + i.value + "\n"
			}
			return text
		},
		own: []string{"MINE=1", "# mine", "# MINE_TOO=", "", "", "export MINE3='mine'", "# mine, really"},
	}.draw(t)
}

func drawIgnores(t *rapid.T) versions {
	return drawer{
		names: []string{".env", ".env.*", "!.env.example", "/bin/", "*.log", "!a.log"}, values: []string{""}, mark: "#",
		render: func(items []item) string {
			text := ""
			for _, i := range items {
				if i.apart && text != "" {
					text += "\n"
				}
				text += i.comment + i.name + "\n"
			}
			return text
		},
		own: []string{"mine", "# mine", "!mine", "", "", "!.env", "*.log", ".env.mine  "},
	}.draw(t)
}

func drawGoSums(t *rapid.T) versions {
	return drawer{
		names: []string{"a.io/a", "b.io/b", "c.io/c", "d.io/d", "e.io/e"}, values: []string{"v1.0.0", "v1.1.0", "v1.10.0"},
		render: func(items []item) string {
			slices.SortFunc(items, func(a, b item) int { return strings.Compare(a.name, b.name) })
			text := ""
			for _, i := range items {
				if !i.off {
					text += fmt.Sprintf("%s %s h1:%s=\n", i.name, i.value, i.value)
				}
				text += fmt.Sprintf("%s %s/go.mod h1:m%s=\n", i.name, i.value, i.value)
			}
			return text
		},
		own: []string{"mine.io/m v1.0.0 h1:m=", "", "b.io/b v1.9.0 h1:mine="},
	}.draw(t)
}

func drawGoMods(t *rapid.T) versions {
	block := rapid.Bool().Draw(t, "block")
	return drawer{
		names: []string{"a.io/a", "b.io/b", "c.io/c", "d.io/d", "e.io/e"}, values: []string{"v1.0.0", "v1.1.0", "v1.2.0-pre", "v1.10.0"}, mark: "//",
		render: func(items []item) string {
			slices.SortFunc(items, func(a, b item) int { return strings.Compare(a.name, b.name) })
			text := "module example.com/shop\n\ngo 1.26\n"
			for _, off := range []bool{false, true} {
				lines := ""
				for _, i := range items {
					if i.off != off {
						continue
					}
					line := i.name + " " + i.value
					if off {
						line += " // indirect"
					}
					if block {
						lines += strings.ReplaceAll("\n"+i.comment, "\n", "\n\t")[1:] + line + "\n"
					} else {
						lines += i.comment + "require " + line + "\n"
					}
				}
				switch {
				case lines != "" && block:
					text += "\nrequire (\n" + lines + ")\n"
				case lines != "":
					text += "\n" + lines
				}
			}
			return text
		},
		own: []string{"// mine", "require mine.io/m v1.0.0", "\tmine.io/n v1.0.0 // indirect", "replace mine.io/m => ../m", "", "exclude mine.io/m v0.9.0", "toolchain go1.27.1"},
		within: func(before []string, own int) bool {
			open := false
			for _, l := range before {
				open = strings.HasPrefix(l, "require (") || open && !strings.HasPrefix(l, ")")
			}
			return own == 0 || own == 4 || open == (own == 2)
		},
	}.draw(t)
}

func drawTOMLs(t *rapid.T) versions {
	arrays := []string{"[]", "['a']", "['a', 'b']", "[ 'b', 'c', ]", "[\n  'a', # first\n  'd',\n]", "[\n  'c'\n]"}
	return drawer{
		names:  []string{"project_id", "auth.urls", "auth.signup", "auth.password.min", "auth.password.max", "storage.size", "x"},
		values: []string{"1", "2", "true", "\"s\""}, mark: "#",
		render: func(items []item) string {
			text, table := "", ""
			items = slices.Clone(items)
			slices.SortStableFunc(items, func(a, b item) int { return strings.Count(a.name, ".") - strings.Count(b.name, ".") })
			slices.SortStableFunc(items, func(a, b item) int {
				return strings.Compare(a.name[:strings.LastIndex(a.name, ".")+1], b.name[:strings.LastIndex(b.name, ".")+1])
			})
			for _, i := range items {
				dot := strings.LastIndex(i.name, ".")
				if in := i.name[:max(dot, 0)]; in != table {
					table = in
					text += "\n# about " + in + "\n[" + in + "]\n"
				}
				if i.apart {
					text += "\n"
				}
				value := i.value
				if i.name == "auth.urls" {
					value = arrays[len(i.comment)%2+2*slices.Index([]string{"1", "2", "true", "\"s\""}, i.value)%4]
				}
				text += i.comment + i.name[dot+1:] + " = " + value + "\n"
			}
			return text
		},
		own: []string{"# mine", "mine = 1", "mine2 = ['mine']", "", "[mine3]\nkey = 'mine'", "# mine, really"},
		within: func(before []string, own int) bool {
			depth := 0
			for _, l := range before {
				if !strings.HasPrefix(l, "[") {
					depth += strings.Count(l, "[") - strings.Count(l, "]")
				}
			}
			return depth == 0 || own == 0 || own == 3
		},
	}.draw(t)
}
