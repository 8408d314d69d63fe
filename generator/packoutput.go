package generator

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// packFragments are the shared files that a pack may add to. What CI runs is not
// for a pack to say.
var packFragments = []string{"AGENTS.md", "Makefile", "README.md", "insforge.toml"} //nolint:gochecknoglobals // a table, never written

// templates checks the names of a layer's templates and reads each.
func (k *packCheck) templates(pack *Pack, folder string) {
	for _, part := range []string{"files", removalFolder, "fragments"} {
		for _, name := range k.c.templatesIn(path.Join(folder, part)) {
			file := path.Join(folder, part, name)
			if !strings.HasSuffix(name, templateSuffix) {
				k.wrong(file, "", "is no template: its name has to end in %s", templateSuffix)
				continue
			}
			output := trimTemplate(name)
			if part == "fragments" {
				if !slices.Contains(packFragments, output) {
					k.wrong(file, "", "a pack cannot add to %s: only to %s", output, strings.Join(packFragments, ", "))
				}
			} else if err := checkPackOutput(output); err != nil {
				k.wrong(file, "", "%v", err)
			}
			if part == removalFolder && !strings.HasPrefix(output, migrationsDir) {
				k.wrong(file, "", "only migrations belong in %s", removalFolder)
			}
			if err := k.template(pack, file); err != nil {
				k.wrong(file, "", "%v", err)
			}
		}
	}
}

func (k *packCheck) template(pack *Pack, file string) error {
	text, err := fs.ReadFile(pack.FS, file)
	if err != nil {
		return err
	}
	if strings.Contains(string(text), "\r") {
		return errors.New("has line ends of Windows: save it with LF alone")
	}
	if !utf8.Valid(text) {
		return errors.New("is not UTF-8: a pack holds text alone")
	}
	row := 0
	for line := range strings.Lines(string(text)) {
		row++
		if r, ok := hiddenRune(line, true); ok {
			return fmt.Errorf("line %d has %U, which nobody sees: leave it out, or write it escaped", row, r)
		}
	}
	_, err = newBounds().parse(pack.at(file), string(text))
	return err
}

// checkPackOutput refuses paths that no provider needs to write, and that other
// programs obey: git, editors, CI, make, the Go tool and shells.
func checkPackOutput(output string) error {
	if err := checkPath(output); err != nil {
		return err
	}
	parts := strings.Split(output, "/")
	if len(parts) == 1 {
		return fmt.Errorf("writes %s at the top of the project, where files are forge's and the user's: put it in a folder", output)
	}
	for i, part := range parts {
		switch {
		case strings.HasPrefix(part, ".") && (i == 0 || i < len(parts)-1 || part != ".gitignore" && part != ".dockerignore"):
			return fmt.Errorf("writes %s, and names that begin with a dot are for other programs: choose another", output)
		case i == 0 && (part == "vendor" || part == "cmd"):
			return fmt.Errorf("writes %s, and %s/ is not a provider's: choose another folder", output, part)
		case strings.EqualFold(part, "go.mod") || strings.EqualFold(part, "go.work"):
			return fmt.Errorf("writes %s, and a project is one module: list the modules it needs as [[require]]", output)
		}
	}
	if strings.EqualFold(parts[0], "migrations") {
		if _, _, ok := migrationTemplate(output); !ok {
			return fmt.Errorf("writes %s: a migration is migrations/NN_words.sql", output)
		}
	}
	return nil
}

// outputs are the paths that the files of a layer make, as they compare on a disk
// that ignores case, by the layer that makes them.
func (c *Catalog) outputs(folder string, into map[string]string) {
	for _, name := range c.templatesIn(path.Join(folder, "files")) {
		output := trimTemplate(name)
		if _, title, ok := migrationTemplate(output); ok {
			output = "migration " + title
		}
		into[strings.ToLower(output)] = folder
	}
}
