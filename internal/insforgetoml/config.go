package insforgetoml

// Config is what an insforge.toml says. What is nil is not in the file, and
// leaves the project's value alone.
type Config struct {
	ProjectID   *string
	Auth        *Auth
	Storage     *Storage
	Realtime    *Retention
	Schedules   *Retention
	Deployments *Deployments
}

// Auth is about users who sign in with InsForge itself.
type Auth struct {
	// AllowedRedirectURLs is a set: the order and repetitions mean nothing. An
	// empty one, other than nil, takes the list away: then the backend allows
	// every address.
	AllowedRedirectURLs      []string
	RequireEmailVerification *bool
	VerifyEmailMethod        *string // code or link
	ResetPasswordMethod      *string // code or link
	DisableSignup            *bool
	Password                 *Password
	SMTP                     *SMTP
}

// Password says which passwords users may choose.
type Password struct {
	MinLength          *int64 // in characters, from 4 to 128
	RequireNumber      *bool
	RequireLowercase   *bool
	RequireUppercase   *bool
	RequireSpecialChar *bool
}

// SMTP is the server that sends the project's mail. The CLI writes all of it or
// nothing: a key that is not in the file falls back to the default there, except
// the password, which stays.
type SMTP struct {
	Enabled            *bool
	Host               *string
	Port               *int64 // from 1 to 65535
	Username           *string
	Password           *string // env(NAME), the name of a secret; never a password
	SenderEmail        *string
	SenderName         *string
	MinIntervalSeconds *int64 // between two mails to one user; 0 or more
}

// Storage is about uploaded files.
type Storage struct {
	MaxFileSizeMB *int64 // from 1 to 200
}

// Retention says how long records are kept.
type Retention struct {
	Days *int64 // 0 is for ever
}

// Deployments is about the site that InsForge's cloud hosts.
type Deployments struct {
	Subdomain *string // empty takes the subdomain away
}

// sections are the sections of a Config, none of them nil.
type sections struct {
	root                *Config
	auth                *Auth
	password            *Password
	smtp                *SMTP
	storage             *Storage
	realtime, schedules *Retention
	deployments         *Deployments
}

// sections returns the sections of c, with an empty one for each that is
// missing.
func (c *Config) sections() sections {
	s := sections{root: c, auth: orEmpty(c.Auth)}
	s.password, s.smtp = orEmpty(s.auth.Password), orEmpty(s.auth.SMTP)
	s.storage, s.deployments = orEmpty(c.Storage), orEmpty(c.Deployments)
	s.realtime, s.schedules = orEmpty(c.Realtime), orEmpty(c.Schedules)
	return s
}

// has reports whether c has the section of that name.
func (c *Config) has(section string) bool {
	switch section {
	case "":
		return true
	case "auth":
		return c.Auth != nil
	case "auth.password":
		return c.Auth != nil && c.Auth.Password != nil
	case "auth.smtp":
		return c.Auth != nil && c.Auth.SMTP != nil
	case "storage":
		return c.Storage != nil
	case "realtime":
		return c.Realtime != nil
	case "schedules":
		return c.Schedules != nil
	default:
		return c.Deployments != nil
	}
}

// attach gives the root those of the other sections that are present.
func (s sections) attach(present map[string]bool) *Config {
	s.root.Auth = when(present["auth"], s.auth)
	s.auth.Password = when(present["auth.password"], s.password)
	s.auth.SMTP = when(present["auth.smtp"], s.smtp)
	s.root.Storage = when(present["storage"], s.storage)
	s.root.Realtime = when(present["realtime"], s.realtime)
	s.root.Schedules = when(present["schedules"], s.schedules)
	s.root.Deployments = when(present["deployments"], s.deployments)
	return s.root
}

func orEmpty[T any](section *T) *T {
	if section == nil {
		return new(T)
	}
	return section
}

func when[T any](there bool, section *T) *T {
	if !there {
		return nil
	}
	return section
}
