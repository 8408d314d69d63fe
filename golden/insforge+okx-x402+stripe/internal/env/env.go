// Package env reads settings from environment variables. It collects every
// problem instead of stopping at the first, and never repeats a value in an
// error, because the value may be a secret in the wrong place.
package env

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Reader reads environment variables and collects every problem, so that
// start-up reports all of them at once. It is not safe for concurrent use.
type Reader struct {
	getenv     func(string) string
	production bool
	problems   []problem
}

type problem struct{ name, what string }

// NewReader returns a Reader on getenv, commonly os.Getenv. An empty variable
// counts as unset.
func NewReader(getenv func(string) string) *Reader {
	r := &Reader{getenv: getenv}
	appEnv := r.Optional("APP_ENV", "development", "development or production", func(s string) bool {
		return s == "development" || s == "production"
	})
	r.production = appEnv == "production"
	return r
}

// Production reports whether APP_ENV is production.
func (r *Reader) Production() bool { return r.production }

// Required returns the variable's value. It notes a problem when the variable
// is unset or ok refuses it; shape says in words what ok accepts.
func (r *Reader) Required(name, shape string, ok func(string) bool) string {
	value := r.getenv(name)
	if value == "" {
		r.Problem(name, "is missing; want "+shape)
		return ""
	}
	return r.checked(name, value, shape, ok)
}

// Optional returns the variable's value, or fallback when it is unset. ok sees
// only a value that was set.
func (r *Reader) Optional(name, fallback, shape string, ok func(string) bool) string {
	value := r.getenv(name)
	if value == "" {
		return fallback
	}
	return r.checked(name, value, shape, ok)
}

// Secret is Required for a value that must never be printed.
func (r *Reader) Secret(name, shape string, ok func(string) bool) Secret {
	return Secret(r.Required(name, shape, ok))
}

// List returns the items of a comma separated variable, without the space
// around them, or nil when it is unset. shape and ok describe one item; an
// empty item is a problem.
func (r *Reader) List(name, shape string, ok func(string) bool) []string {
	value := r.getenv(name)
	if value == "" {
		return nil
	}
	items := strings.Split(value, ",")
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
		if items[i] == "" || !ok(items[i]) {
			r.Problem(name, fmt.Sprintf("is not valid in item %d; want, separated by commas, %s", i+1, shape))
			return nil
		}
	}
	return items
}

// Bool reports whether the variable is true. Unset means false, and anything
// but true and false is a problem.
func (r *Reader) Bool(name string) bool {
	value := r.Optional(name, "false", "true or false", func(s string) bool {
		return s == "true" || s == "false"
	})
	return value == "true"
}

// Problem notes what is wrong with a variable, in words that follow its name.
// Only the first problem of a variable is kept: several packages may read it,
// and whoever fixes the first will see the next.
func (r *Reader) Problem(name, what string) {
	known := slices.ContainsFunc(r.problems, func(p problem) bool { return p.name == name })
	if !known {
		r.problems = append(r.problems, problem{name, what})
	}
}

// Err returns nil, or one error with every problem on a line of its own, in the
// order they were found.
func (r *Reader) Err() error {
	var errs []error
	for _, p := range r.problems {
		errs = append(errs, errors.New(p.name+" "+p.what))
	}
	return errors.Join(errs...)
}

func (r *Reader) checked(name, value, shape string, ok func(string) bool) string {
	if !ok(value) {
		r.Problem(name, "is not valid; want "+shape)
		return ""
	}
	return value
}

// Matches returns a check for a whole value against an RE2 pattern. It panics
// when the pattern does not compile.
func Matches(pattern string) func(string) bool {
	return regexp.MustCompile(`\A(?:` + pattern + `)\z`).MatchString
}

// Origin reports whether s is scheme://host or scheme://host:port and nothing
// more: no path, no final slash, no upper case, and no port that the scheme has
// anyway, as browsers leave that out. Anything but a loopback host needs https.
func Origin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme+"://"+u.Host != s || s != strings.ToLower(s) {
		return false
	}
	if !host(u.Hostname()) || strings.HasSuffix(u.Host, ":") {
		return false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || u.Scheme == "https" && n == 443 || u.Scheme == "http" && n == 80 {
			return false
		}
	}
	return u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname())
}

// Loopback reports whether a host name or address can only mean this machine.
func Loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func host(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// Secret is a string that prints as [redacted] through fmt, log/slog and
// encoding/json. Convert it with string(s) where the value itself is needed.
type Secret string

const redacted = "[redacted]"

// String returns [redacted].
func (Secret) String() string { return redacted }

// GoString returns [redacted], for %#v.
func (Secret) GoString() string { return redacted }

// LogValue returns [redacted], for log/slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted], for encoding/json.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
