package generator

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// livedIn is a project with a file in each state.
func livedIn(t *testing.T) string {
	t.Helper()
	dir := newProject(t, generation("0.1.0", map[string]string{
		"base/files/extra.txt.tmpl": three, "base/files/run.sh.tmpl": "#!/bin/sh\n", "base/files/link.txt.tmpl": "link\n",
	}))
	put(t, dir, "extra.txt", first, 0o644)
	upgradeIn(t, dir, generation("0.2.0", map[string]string{
		"base/files/run.sh.tmpl": "#!/bin/sh\n", "base/files/link.txt.tmpl": "link\n",
	}), acmeCoin, "")
	put(t, dir, "notes.md", first, 0o644)
	put(t, dir, "run.sh", "#!/bin/sh\n", 0o644)
	discard(t, dir, "auth.go", "link.txt")
	if err := os.Symlink("main.go", filepath.Join(dir, "link.txt")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestProject_Status(t *testing.T) {
	dir := livedIn(t)
	show := func(target *Tree, conflicts ...string) string {
		list, err := opened(t, dir).Status(target, conflicts)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, s := range list {
			line := s.Path + " " + string(s.State)
			if s.Outdated {
				line += " outdated"
			}
			lines = append(lines, line)
		}
		return strings.Join(lines, ", ")
	}
	const now = "README.md pristine, auth.go deleted, extra.txt detached, go.mod pristine, link.txt edited, main.go pristine, " +
		"migrations/0001_a.sql pristine, migrations/0002_coin.sql pristine, notes.md edited, run.sh edited"
	if got := show(nil); got != now {
		t.Errorf("got  %s\nwant %s", got, now)
	}
	want := strings.NewReplacer("notes.md edited", "notes.md conflicted", "README.md pristine", "README.md conflicted").Replace(now)
	if got := show(nil, "README.md", "notes.md"); got != want {
		t.Errorf("with conflicts:\ngot  %s\nwant %s", got, want)
	}

	_, target := renderedBy(t, generation("0.3.0", map[string]string{
		"base/files/run.sh.tmpl": "echo\n", "auth/_common/files/auth.go.tmpl": "package main // new\n", "base/files/main.go.tmpl": "-",
		"base/files/link.txt.tmpl": "link\n", "base/files/extra.txt.tmpl": third,
	}), acmeCoin, opened(t, dir).Numbering)
	want = strings.NewReplacer("auth.go deleted", "auth.go deleted outdated", "main.go pristine", "main.go pristine outdated",
		"run.sh edited", "run.sh edited outdated").Replace(now)
	if got := show(target); got != want {
		t.Errorf("with newer templates:\ngot  %s\nwant %s", got, want)
	}

	discard(t, dir, "extra.txt")
	if got := show(nil); strings.Contains(got, "extra.txt") {
		t.Errorf("a detached file that is gone is still listed: %s", got)
	}
}

// TestProject_Status_mode: bytes that are the same with another mode.
func TestProject_Status_mode(t *testing.T) {
	dir := newProject(t, generation("0.1.0", nil))
	_, target := renderedBy(t, generation("0.1.0", nil), acmeCoin, opened(t, dir).Numbering)
	target.Lookup("notes.md").Mode = 0o755
	put(t, dir, "main.go", bytesIn(t, dir, "main.go"), 0o755)
	list, err := opened(t, dir).Status(target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		want := FileStatus{Path: s.Path, State: Pristine}
		switch s.Path {
		case "main.go":
			want.State = Edited
		case "notes.md":
			want.Outdated = true
		}
		if s != want {
			t.Errorf("got %+v, want %+v", s, want)
		}
	}
}

func TestProject_Edits(t *testing.T) {
	dir := livedIn(t)
	put(t, dir, "README.md", "lost\n", 0o644)
	put(t, dir, "migrations/0002_coin.sql", "select 1;\n", 0o644)
	discard(t, dir, BaseDir+"/README.md", BaseDir+"/migrations", BaseDir+"/main.go")
	show := func(templates map[string]string) (string, []string) {
		templates["base/files/run.sh.tmpl"], templates["base/files/link.txt.tmpl"] = "#!/bin/sh\n", "link\n"
		s, _ := renderedBy(t, generation("0.3.0", templates), acmeCoin, opened(t, dir).Numbering)
		edits, lost, err := opened(t, dir).Edits(s.catalog)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, c := range edits {
			to := "gone"
			if c.Actual != nil {
				to = fmt.Sprintf("%s %q", c.Actual.Mode, c.Actual.Data)
			}
			lines = append(lines, fmt.Sprintf("%s %q %s", c.Path, show(c.Base), to))
		}
		return strings.Join(lines, "\n"), lost
	}
	const same = "auth.go \"package main\\n\" gone\n" +
		`extra.txt "one\ntwo\nthree\n" -rw-r--r-- "ONE\ntwo\nthree\n"` + "\n" +
		`link.txt "link\n" L--------- ""` + "\n" +
		"%s" +
		`notes.md "one\ntwo\nthree\n" -rw-r--r-- "ONE\ntwo\nthree\n"` + "\n" +
		`run.sh "#!/bin/sh\n*" -rw-r--r-- "#!/bin/sh\n"`

	detached := bytesIn(t, dir, "extra.txt")
	discard(t, dir, "extra.txt")
	if edits, _ := show(map[string]string{}); strings.Contains(edits, "extra.txt") {
		t.Errorf("a detached file that is gone is listed:\n%s", edits)
	}
	put(t, dir, "extra.txt", detached, 0o644)

	// The templates still render what is lost.
	edits, lost := show(map[string]string{})
	want := `README.md "# shop\nacme by Acme\ncoin costs 0.5\n" -rw-r--r-- "lost\n"` + "\n" +
		fmt.Sprintf(same, `migrations/0002_coin.sql "select 0.5;\n" -rw-r--r-- "select 1;\n"`+"\n")
	if edits != want || lost != nil {
		t.Errorf("got\n%s\nand lost %v, want\n%s", edits, lost, want)
	}

	// They do not any more.
	edits, lost = show(map[string]string{
		"base/files/README.md.tmpl": "{{ fragments }}", "payment/coin/files/migrations/01_coin.sql.tmpl": "select 2;\n",
	})
	if want := fmt.Sprintf(same, ""); edits != want {
		t.Errorf("got\n%s\nwant\n%s", edits, want)
	}
	if want := []string{"README.md", "migrations/0002_coin.sql"}; !slices.Equal(lost, want) {
		t.Errorf("lost are %v, want %v", lost, want)
	}
}
