package insforgetoml

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// FromMetadata returns a live project's settings as GET /api/metadata tells
// them, which takes an admin key. What the backend does not show, be it too old
// or self-hosted, is nil; so is all that has a shape the CLI would not use. The
// metadata says nothing about storage, realtime and schedules; see
// [Config.Endpoints]. A password that is set reads env(SMTP_PASSWORD), whatever
// the secret's name.
func FromMetadata(data []byte) (*Config, error) {
	root, err := object(data)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	c := &Config{}
	if auth, err := object(root["auth"]); err == nil {
		c.Auth = liveAuth(auth)
	}
	if deployments, err := object(root["deployments"]); err == nil {
		slug := deployments.text("customSlug")
		c.Deployments = &Deployments{Subdomain: &slug}
	}
	return c, nil
}

// Endpoints returns the paths of the API that tell the live values of those
// sections of c that the metadata leaves out. A backend without one of them
// answers 404.
func (c *Config) Endpoints() []string {
	var paths []string
	for _, section := range []string{"storage", "realtime", "schedules"} {
		if c.has(section) {
			paths = append(paths, "/api/"+section+"/config")
		}
	}
	return paths
}

// AddEndpoint adds to c what the API answered at one of the [Config.Endpoints].
func (c *Config) AddEndpoint(path string, data []byte) error {
	live, err := object(data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	switch path {
	case "/api/storage/config":
		if size := live.number("maxFileSizeMb"); size != nil {
			c.Storage = &Storage{MaxFileSizeMB: size}
		}
	case "/api/realtime/config":
		c.Realtime = live.retention()
	case "/api/schedules/config":
		c.Schedules = live.retention()
	default:
		return fmt.Errorf("%s: tells no settings", path)
	}
	return nil
}

// liveAuth returns nil if auth tells nothing, as the CLI then exports nothing.
func liveAuth(auth values) *Auth {
	a := &Auth{
		RequireEmailVerification: auth.flag("requireEmailVerification"),
		VerifyEmailMethod:        auth.method("verifyEmailMethod"),
		ResetPasswordMethod:      auth.method("resetPasswordMethod"),
		DisableSignup:            auth.flag("disableSignup"),
	}
	if list, there := auth["allowedRedirectUrls"]; there {
		a.AllowedRedirectURLs = texts(list)
	}
	password := Password{
		MinLength:          auth.numberOr("passwordMinLength", 8),
		RequireNumber:      auth.flag("requireNumber"),
		RequireLowercase:   auth.flag("requireLowercase"),
		RequireUppercase:   auth.flag("requireUppercase"),
		RequireSpecialChar: auth.flag("requireSpecialChar"),
	}
	if password != (Password{}) {
		a.Password = &password
	}
	if smtp, err := object(auth["smtpConfig"]); err == nil {
		a.SMTP = liveSMTP(smtp)
	}
	told := a.AllowedRedirectURLs != nil || a.Password != nil || a.SMTP != nil || a.DisableSignup != nil ||
		a.RequireEmailVerification != nil || a.VerifyEmailMethod != nil || a.ResetPasswordMethod != nil
	return when(told, a)
}

func liveSMTP(smtp values) *SMTP {
	enabled, hasPassword := smtp.flag("enabled"), smtp.flag("hasPassword")
	host, username := smtp.text("host"), smtp.text("username")
	email, sender := smtp.text("senderEmail"), smtp.text("senderName")
	port, interval := int64(587), int64(60)
	if n := smtp.number("port"); n != nil {
		port = *n
	}
	if n := smtp.number("minIntervalSeconds"); n != nil {
		interval = *n
	}
	reference := "env(SMTP_PASSWORD)"
	return &SMTP{
		Enabled: orEmpty(enabled), Host: &host, Port: &port, Username: &username,
		Password:    when(*orEmpty(hasPassword), &reference),
		SenderEmail: &email, SenderName: &sender, MinIntervalSeconds: &interval,
	}
}

// values is a JSON object.
type values map[string]json.RawMessage

func object(data []byte) (values, error) {
	var v values
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if v == nil {
		return nil, errors.New("not a JSON object: null")
	}
	return v, nil
}

// flag returns nil for a key that is missing or no boolean; null is false.
func (v values) flag(key string) *bool {
	var is *bool
	data, there := v[key]
	if !there || json.Unmarshal(data, &is) != nil {
		return nil
	}
	return orEmpty(is)
}

func (v values) method(key string) *string {
	text := v.text(key)
	return when(text == "code" || text == "link", &text)
}

// text returns "" for a key that is missing or no string.
func (v values) text(key string) string {
	var text *string
	if json.Unmarshal(v[key], &text) != nil {
		return ""
	}
	return *orEmpty(text)
}

// texts returns an empty list for all but an array of strings.
func texts(data []byte) []string {
	var list []*string
	if json.Unmarshal(data, &list) != nil || slices.Contains(list, nil) {
		return []string{}
	}
	all := make([]string, len(list))
	for i, text := range list {
		all[i] = *text
	}
	return all
}

// number returns nil for a key that is missing or no whole number.
func (v values) number(key string) *int64 {
	var number *float64
	if json.Unmarshal(v[key], &number) != nil || number == nil || *number != math.Trunc(*number) || math.Abs(*number) > maxWhole {
		return nil
	}
	whole := int64(*number)
	return &whole
}

// numberOr is number, except that null is fallback.
func (v values) numberOr(key string, fallback int64) *int64 {
	if string(v[key]) == "null" {
		return &fallback
	}
	return v.number(key)
}

// retention returns nil if v tells none; null is no limit.
func (v values) retention() *Retention {
	days := v.numberOr("retentionDays", 0)
	return when(days != nil, &Retention{Days: days})
}
