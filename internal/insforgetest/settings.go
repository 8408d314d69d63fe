package insforgetest

import (
	"encoding/json"
	"net/http"
	"sync"
)

// settings are what `config plan` compares with insforge.toml, and `config apply`
// writes. They live in memory, begin as on a clean project (015, 016, 025, 027,
// 029, 042), and are self-hosted: there is no deployments.subdomain.
//
// Values are checked for their type and range. Not checked is what needs more than
// the value: URL patterns, and whether an SMTP server answers.
type settings struct {
	mu        *sync.Mutex
	auth      authSettings
	smtp      smtpSettings
	storage   storageSettings
	realtime  retention
	schedules retention
}

type authSettings struct {
	RequireEmailVerification bool     `json:"requireEmailVerification"`
	PasswordMinLength        int      `json:"passwordMinLength"`
	RequireNumber            bool     `json:"requireNumber"`
	RequireLowercase         bool     `json:"requireLowercase"`
	RequireUppercase         bool     `json:"requireUppercase"`
	RequireSpecialChar       bool     `json:"requireSpecialChar"`
	VerifyEmailMethod        string   `json:"verifyEmailMethod"`
	ResetPasswordMethod      string   `json:"resetPasswordMethod"`
	AllowedRedirectURLs      []string `json:"allowedRedirectUrls"`
	DisableSignup            bool     `json:"disableSignup"`
}

func (a authSettings) problem() string {
	method := func(m string) bool { return m == "code" || m == "link" }
	switch {
	case a.PasswordMinLength < 4 || a.PasswordMinLength > 128:
		return "passwordMinLength: 4 to 128"
	case !method(a.VerifyEmailMethod):
		return "verifyEmailMethod: code or link"
	case !method(a.ResetPasswordMethod):
		return "resetPasswordMethod: code or link"
	}
	return ""
}

type smtpSettings struct {
	Enabled            bool   `json:"enabled"`
	Host               string `json:"host"`
	Port               int    `json:"port"`
	Username           string `json:"username"`
	HasPassword        bool   `json:"hasPassword"`
	SenderEmail        string `json:"senderEmail"`
	SenderName         string `json:"senderName"`
	MinIntervalSeconds int    `json:"minIntervalSeconds"`
}

func (s smtpSettings) problem() string {
	switch s.Port {
	case 25, 465, 587, 2525:
	default:
		return "port: 25, 465, 587 or 2525"
	}
	switch {
	case s.MinIntervalSeconds < 0:
		return "minIntervalSeconds: not below 0"
	case s.Enabled && (s.Host == "" || s.Username == "" || s.SenderEmail == "" || s.SenderName == ""):
		return "host, username, senderEmail and senderName are needed to enable SMTP"
	}
	return ""
}

type storageSettings struct {
	MaxFileSizeMB int `json:"maxFileSizeMb"`
}

func (s storageSettings) problem() string {
	if s.MaxFileSizeMB < 1 || s.MaxFileSizeMB > 200 {
		return "maxFileSizeMb: 1 to 200"
	}
	return ""
}

type retention struct {
	RetentionDays *int `json:"retentionDays"` // nil means for ever
}

func (r retention) problem() string {
	if r.RetentionDays != nil && *r.RetentionDays < 1 {
		return "retentionDays: above 0, or null"
	}
	return ""
}

func newSettings() settings {
	return settings{
		mu: &sync.Mutex{},
		auth: authSettings{
			PasswordMinLength: 6, VerifyEmailMethod: "code", ResetPasswordMethod: "code", AllowedRedirectURLs: []string{},
		},
		smtp:    smtpSettings{Port: 465, MinIntervalSeconds: 60},
		storage: storageSettings{MaxFileSizeMB: 50},
	}
}

type guard func(func(http.ResponseWriter, *http.Request) error) http.HandlerFunc

func (s *settings) routes(mux *http.ServeMux, admin guard) {
	mux.HandleFunc("GET /api/auth/config", admin(get(s.mu, &s.auth)))
	mux.HandleFunc("PUT /api/auth/config", admin(put(s.mu, &s.auth, codeInvalidInput)))
	mux.HandleFunc("GET /api/auth/smtp-config", admin(get(s.mu, &s.smtp)))
	mux.HandleFunc("PUT /api/auth/smtp-config", admin(s.putSMTP))
	mux.HandleFunc("GET /api/storage/config", admin(get(s.mu, &s.storage)))
	mux.HandleFunc("PUT /api/storage/config", admin(put(s.mu, &s.storage, "STORAGE_INVALID_PARAMETER")))
	mux.HandleFunc("GET /api/realtime/config", admin(get(s.mu, &s.realtime)))
	mux.HandleFunc("PATCH /api/realtime/config", admin(put(s.mu, &s.realtime, codeInvalidInput)))
	mux.HandleFunc("GET /api/schedules/config", admin(get(s.mu, &s.schedules)))
	mux.HandleFunc("PATCH /api/schedules/config", admin(put(s.mu, &s.schedules, codeInvalidInput)))
}

type checked interface{ problem() string }

func get[T checked](mu *sync.Mutex, held *T) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, _ *http.Request) error {
		mu.Lock()
		defer mu.Unlock()
		answer(w, http.StatusOK, *held)
		return nil
	}
}

// put changes the values that the body has and answers all of them; keys nobody
// knows are dropped.
func put[T checked](mu *sync.Mutex, held *T, code string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		data, err := body(r)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		changed, err := copied(*held)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, &changed); err != nil {
			return refuse(http.StatusBadRequest, code, err.Error())
		}
		if problem := changed.problem(); problem != "" {
			return refuse(http.StatusBadRequest, code, problem)
		}
		*held = changed
		answer(w, http.StatusOK, changed)
		return nil
	}
}

// copied shares nothing with v, so that a refused change leaves no trace in it.
func copied[T any](v T) (T, error) {
	var c T
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	return c, err
}

// putSMTP replaces everything but a password that is not sent; it is never shown.
func (s *settings) putSMTP(w http.ResponseWriter, r *http.Request) error {
	in := struct {
		smtpSettings

		Password string `json:"password"`
	}{smtpSettings: smtpSettings{MinIntervalSeconds: 60}}
	if err := decode(r, &in); err != nil {
		return err
	}
	if problem := in.problem(); problem != "" {
		return refuse(http.StatusBadRequest, codeInvalidInput, problem)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	in.HasPassword = s.smtp.HasPassword || in.Password != ""
	s.smtp = in.smtpSettings
	answer(w, http.StatusOK, s.smtp)
	return nil
}

// metadata answers what the CLI reads of it: auth, with SMTP inside, and the
// version. Upstream lists tables, buckets, functions and channels too
// (services/metadata/metadata.service.ts).
func (p *Project) metadata(w http.ResponseWriter, _ *http.Request) error {
	s := &p.settings
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{
		"version": version,
		"auth": struct {
			OAuthProviders       []string     `json:"oAuthProviders"`
			CustomOAuthProviders []string     `json:"customOAuthProviders"`
			SMTP                 smtpSettings `json:"smtpConfig"`
			authSettings
		}{[]string{}, []string{}, s.smtp, s.auth},
	})
	return nil
}
