package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/insforge/forge/internal/doctor"
)

// DoctorDocument is what `forge doctor --json` prints.
type DoctorDocument struct {
	// Schema is the version of the document's shape.
	Schema int            `json:"schema"`
	Checks []doctor.Check `json:"checks"`
	// OK says that every check was made and none failed.
	OK bool `json:"ok"`
}

// verdicts are what a report shows in front of a check.
var verdicts = map[doctor.Status]string{ //nolint:gochecknoglobals // a table, never written
	doctor.OK: "ok", doctor.Warning: "warn", doctor.Failed: "FAIL", doctor.Skipped: "skip",
}

// Doctor prints a line for each check, by section, and under it what to do about
// it, unless that stands right above or the check was only skipped because of an
// earlier one; then the count.
func Doctor(w io.Writer, d DoctorDocument) {
	width := 0
	counts := map[doctor.Status]int{}
	for _, c := range d.Checks {
		width = max(width, len(c.Name))
		counts[c.Status]++
	}
	section := ""
	told := map[string]bool{}
	above := ""
	for _, c := range d.Checks {
		if c.Section != section {
			section = c.Section
			fmt.Fprintln(w, section)
		}
		indent := strings.Repeat(" ", 2+4+2+width+2)
		fmt.Fprintf(w, "  %-4s  %-*s  %s\n", verdicts[c.Status], width, c.Name, indented(c.Detail, indent))
		repeats := c.Fix == above || c.Status == doctor.Skipped && told[c.Fix]
		above = c.Fix
		if c.Fix != "" && !repeats {
			told[c.Fix] = true
			fmt.Fprintf(w, "%sfix: %s\n", indent, indented(c.Fix, indent+"     "))
		}
	}
	fmt.Fprintln(w)
	var parts []string
	for _, part := range []struct {
		status doctor.Status
		name   string
	}{{doctor.Failed, "failed"}, {doctor.Warning, "warned"}, {doctor.Skipped, "skipped"}, {doctor.OK, "ok"}} {
		if n := counts[part.status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, part.name))
		}
	}
	fmt.Fprintln(w, strings.Join(parts, ", "))
}

// indented is text whose later lines begin under the first.
func indented(text, indent string) string { return strings.ReplaceAll(text, "\n", "\n"+indent) }
