package generator

import (
	"fmt"
	"regexp"
	"strconv"
)

// Numbering fixes the numbers of migrations. They are never given twice and
// never changed: Recorded holds what an earlier run wrote, by title, and
// Highest is the highest number the project has. A migration whose contents
// are not those recorded gets a new number.
type Numbering struct {
	Recorded map[string]Migration
	Highest  uint64
}

// Migration is a migration that forge has written.
type Migration struct {
	// Path is that of its file.
	Path   string
	SHA256 string
}

var migrationName = regexp.MustCompile(`^([0-9]{1,64})_([a-z0-9-]+)\.sql$`)

// NumberingOf reads the numbering of a project's migrations folder from the
// names of its files. Names that the InsForge CLI would refuse are ignored.
func NumberingOf(files []string) Numbering {
	var n Numbering
	for _, file := range files {
		if m := migrationName.FindStringSubmatch(file); m != nil {
			if number, err := strconv.ParseUint(m[1], 10, 64); err == nil {
				n.Highest = max(n.Highest, number)
			}
		}
	}
	return n
}

var migrationTemplatePath = regexp.MustCompile(`^migrations/([0-9]+)_([a-z0-9-]+)\.sql$`)

func migrationTemplate(output string) (order, title string, ok bool) {
	m := migrationTemplatePath.FindStringSubmatch(output)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// path is where a migration was recorded, or one with the number after highest
// if it was not, or says something else now: what a database has run cannot be
// changed by editing it.
func (n Numbering) path(title string, f File, highest *uint64) string {
	if recorded, ok := n.Recorded[title]; ok && recorded.SHA256 == f.SHA256() {
		return recorded.Path
	}
	*highest++
	return fmt.Sprintf("%s%04d_%s.sql", migrationsDir, *highest, title)
}
