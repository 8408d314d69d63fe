package insforgetoml

import (
	"bytes"
	"fmt"
)

// Canonical returns c as the CLI would export it: sections and keys in one
// order, a blank line between sections, arrays on one line. What is nil is not
// in it, and neither is a subdomain that is taken away, which the CLI has no
// way to export.
func (c *Config) Canonical() []byte {
	var out bytes.Buffer
	in := c.sections()
	for _, section := range sectionNames() {
		var lines bytes.Buffer
		for _, s := range settings() {
			of, name := s.section()
			value := s.value(in)
			if of != section || value == "" || section == "deployments" && value == `""` {
				continue
			}
			if s.key == smtpPassword {
				secret := envReference.FindStringSubmatch(*in.smtp.Password)
				if secret != nil {
					fmt.Fprintf(&lines, "# password is managed via secrets — run `insforge secrets add %s \"<value>\"`\n", secret[1])
				}
			}
			fmt.Fprintf(&lines, "%s = %s\n", name, value)
		}
		if !c.has(section) || lines.Len() == 0 && (section == "" || section == "deployments") {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		if section != "" {
			fmt.Fprintf(&out, "[%s]\n", section)
		}
		lines.WriteTo(&out) //nolint:errcheck // a buffer takes all
	}
	return out.Bytes()
}
