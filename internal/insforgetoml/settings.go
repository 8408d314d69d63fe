package insforgetoml

import (
	"fmt"
	"strings"
)

// setting is one key that insforge.toml may hold.
type setting struct {
	key  string
	rule string            // what its value must be
	ok   func(string) bool // the same of a string or of each in a list; nil if any will do
	// least and most are for whole numbers.
	least, most int64
	// unset is the value, in TOML, that the CLI takes a project to have whose
	// backend does not show it.
	unset string
	// field is a pointer to the setting's field: a **string, **bool, **int64 or
	// *[]string.
	field func(sections) any
}

// maxWhole is the largest whole number that the CLI, whose numbers are floating
// point, reads without a loss.
const maxWhole = 1<<53 - 1

// settings returns all there are, in the order in which the CLI writes them.
func settings() []setting {
	return []setting{
		text("project_id", func(s sections) any { return &s.root.ProjectID }),
		{
			key: "auth.allowed_redirect_urls", rule: "must be an array of strings", ok: redirectURL, unset: "[]",
			field: func(s sections) any { return &s.auth.AllowedRedirectURLs },
		},
		flag("auth.require_email_verification", func(s sections) any { return &s.auth.RequireEmailVerification }),
		method("auth.verify_email_method", func(s sections) any { return &s.auth.VerifyEmailMethod }),
		method("auth.reset_password_method", func(s sections) any { return &s.auth.ResetPasswordMethod }),
		flag("auth.disable_signup", func(s sections) any { return &s.auth.DisableSignup }),

		whole("auth.password.min_length", 4, 128, "8", func(s sections) any { return &s.password.MinLength }),
		flag("auth.password.require_number", func(s sections) any { return &s.password.RequireNumber }),
		flag("auth.password.require_lowercase", func(s sections) any { return &s.password.RequireLowercase }),
		flag("auth.password.require_uppercase", func(s sections) any { return &s.password.RequireUppercase }),
		flag("auth.password.require_special_char", func(s sections) any { return &s.password.RequireSpecialChar }),

		flag("auth.smtp.enabled", func(s sections) any { return &s.smtp.Enabled }),
		text("auth.smtp.host", func(s sections) any { return &s.smtp.Host }),
		whole("auth.smtp.port", 1, 65535, "587", func(s sections) any { return &s.smtp.Port }),
		text("auth.smtp.username", func(s sections) any { return &s.smtp.Username }),
		{
			key: smtpPassword, ok: secretName, unset: `""`,
			rule: `must be env(NAME), where NAME is a secret in capitals, digits and underscores, and never the password itself; ` +
				`store that with: insforge secrets add SMTP_PASSWORD "<value>"`,
			field: func(s sections) any { return &s.smtp.Password },
		},
		text("auth.smtp.sender_email", func(s sections) any { return &s.smtp.SenderEmail }),
		text("auth.smtp.sender_name", func(s sections) any { return &s.smtp.SenderName }),
		whole("auth.smtp.min_interval_seconds", 0, maxWhole, "60", func(s sections) any { return &s.smtp.MinIntervalSeconds }),

		whole("storage.max_file_size_mb", 1, 200, "50", func(s sections) any { return &s.storage.MaxFileSizeMB }),
		whole("realtime.retention_days", 0, maxWhole, "0", func(s sections) any { return &s.realtime.Days }),
		whole("schedules.retention_days", 0, maxWhole, "0", func(s sections) any { return &s.schedules.Days }),
		{
			key: "deployments.subdomain", ok: subdomain, unset: `""`,
			rule:  `must be 3 to 63 lower-case letters, digits and inner hyphens, or "" for none`,
			field: func(s sections) any { return &s.deployments.Subdomain },
		},
	}
}

const smtpPassword = "auth.smtp.password"

// sectionNames returns the names of all sections in the CLI's order; the first
// is the part of the file above all headers.
func sectionNames() []string {
	return []string{"", "auth", "auth.password", "auth.smtp", "storage", "realtime", "schedules", "deployments"}
}

func text(key string, field func(sections) any) setting {
	return setting{key: key, rule: "must be a string", unset: `""`, field: field}
}

func flag(key string, field func(sections) any) setting {
	return setting{key: key, rule: "must be true or false", unset: "false", field: field}
}

func method(key string, field func(sections) any) setting {
	known := func(text string) bool { return text == "code" || text == "link" }
	return setting{key: key, rule: `must be "code" or "link"`, ok: known, unset: `"code"`, field: field}
}

func whole(key string, least, most int64, unset string, field func(sections) any) setting {
	rule := fmt.Sprintf("must be a whole number from %d to %d", least, most)
	return setting{key: key, rule: rule, least: least, most: most, unset: unset, field: field}
}

// section returns the section that the setting is in, and its name there.
func (s setting) section() (section, name string) {
	dot := strings.LastIndexByte(s.key, '.')
	return s.key[:max(dot, 0)], s.key[dot+1:]
}

// value returns the setting's value in TOML, or "" if it has none.
func (s setting) value(in sections) string {
	switch field := s.field(in).(type) {
	case **string:
		if *field != nil {
			return quoted(**field)
		}
	case **bool:
		if *field != nil {
			return fmt.Sprint(**field)
		}
	case **int64:
		if *field != nil {
			return fmt.Sprint(**field)
		}
	case *[]string:
		if *field != nil {
			return array(*field)
		}
	}
	return ""
}
