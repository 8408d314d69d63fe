package doctor

import (
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/insforge/forge/internal/dotenv"
	"github.com/insforge/forge/internal/usertoken"
)

// The variables that say which project it is.
const (
	nameURL     = "INSFORGE_URL"
	nameAnonKey = "INSFORGE_ANON_KEY"
	nameAPIKey  = "INSFORGE_API_KEY"
	nameSecret  = usertoken.SecretName
)

// where says, after "to", what a variable's value is and who knows it.
var where = map[string]string{ //nolint:gochecknoglobals // a table, never written
	nameURL:       "the project's address, as its dashboard shows it, without /api or a final slash",
	nameAnonKey:   "the project's anon key, as its dashboard shows it; it starts with anon_",
	nameAPIKey:    "the project's API key, as its dashboard shows it; it starts with ik_",
	nameRecipient: "the address of your wallet on X Layer",
	nameOKXKey:    "the API key, as the Onchain OS developer portal shows it",
	nameOKXSecret: "the secret key beside that API key",
	nameOKXPhrase: "the passphrase that was chosen for that API key",

	nameSecret:  usertoken.SecretMeaning,
	nameBaseURL: "the address browsers use for this server, such as http://localhost:8080, without a final slash",
}

// variables is the environment in front of the project's .env.
type variables struct{ dotenv.Settings }

// value is a variable's, from wherever it is.
func (v variables) value(name string) string {
	value, _ := v.Get(name)
	return value
}

// check returns a variable's value if it has the right shape, and else a failed
// check.
func (v variables) check(name string, wrong func(string) string) (string, *Check) {
	value, problem := v.Check(name, where[name], wrong)
	if problem == nil {
		return value, nil
	}
	c := failed(name, problem.What, problem.Fix)
	return "", &c
}

// set says what to do about a variable that is wrong in some place.
func set(name, place string) string { return dotenv.Set(name, place, where[name]) }

// differ warns of variables of which this run and `make run` see different
// values.
func (v variables) differ() []Check {
	var all []Check
	for _, name := range []string{nameURL, nameAnonKey, nameAPIKey, nameSecret} {
		file, env := v.InFile[name], v.InEnvironment(name)
		if file != "" && env != "" && file != env {
			all = append(all, warning(name,
				"is set in the environment and differently in .env: forge doctor takes the first, make run the second",
				"unset "+name+", or take its line out of .env"))
		}
	}
	return all
}

func wrongURL(value string) string {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "is not an address such as https://abc12345.us-east.insforge.app"
	case u.User != nil || u.Scheme+"://"+u.Host != value || strings.HasSuffix(u.Host, ":"):
		return "has more in it than https:// and a host: no path, no /api, no final slash"
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "begins with http://, which would send the keys in the clear"
	}
	return ""
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

var (
	anonKey = regexp.MustCompile(`^anon_[A-Za-z0-9_-]{8,}$`)
	apiKey  = regexp.MustCompile(`^ik_[!-~]{8,}$`)
	token   = regexp.MustCompile(`^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)
)

func wrongAnonKey(value string) string {
	switch {
	case anonKey.MatchString(value):
		return ""
	case apiKey.MatchString(value):
		return "holds an API key, which is admin of the project and no anon key"
	case !token.MatchString(value):
		return "is no anon key: one is anon_ and 64 hex digits, or a JWT in old projects"
	}
	// In old projects the anon key is a token, and so is an admin's.
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(value, ".")[1])
	var claims struct{ Role string }
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Role != "anon" {
		return "is a JWT whose role is not anon"
	}
	return ""
}

func wrongAPIKey(value string) string {
	switch {
	case apiKey.MatchString(value):
		return ""
	case strings.HasPrefix(value, "anon_"):
		return "holds an anon key, which may do next to nothing"
	}
	return "is no API key: one begins with ik_"
}
