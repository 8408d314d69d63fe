package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"example.com/shop/internal/auth"
)

const (
	// maxAuthBody is the longest body that the Better Auth server takes.
	maxAuthBody = 64 << 10
	// upstreamTimeout bounds one question to the Better Auth server. Hashing a password takes a while.
	upstreamTimeout = 15 * time.Second
)

// passed are the headers of a request that reach the Better Auth server; a plugin may need another one. No
// list of headers to take out would ever be complete: proxies have many by which they say who is calling.
var passed = []string{
	"Accept", "Accept-Language", "Content-Type", "Cookie", "If-None-Match", "Origin", "Referer",
	"Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "User-Agent",
}

// upstream is the Better Auth server. As a handler, it is a proxy to it.
type upstream struct {
	cfg    Config
	url    *url.URL
	client *http.Client
	proxy  *httputil.ReverseProxy
}

func newUpstream(cfg Config, log *slog.Logger) *upstream {
	target, err := url.Parse(cfg.Upstream)
	if err != nil {
		panic(err)
	}
	transport := &http.Transport{
		// No Proxy: it is close by, and what is said there is secret.
		DialContext:            (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		TLSHandshakeTimeout:    3 * time.Second,
		ResponseHeaderTimeout:  upstreamTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxConnsPerHost:        128,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second, // less than that server's keepAliveTimeout
		DisableCompression:     true,
	}
	u := &upstream{cfg: cfg, url: target}
	u.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	u.proxy = &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header = u.header(r.In)
			r.Out.Host = u.host()
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if errors.Is(r.Context().Err(), context.Canceled) {
				w.WriteHeader(http.StatusBadGateway) // the caller has gone, which is no fault of anybody
				return
			}
			auth.Refuse(w, r, log, fmt.Errorf("%w: Better Auth server: %w", auth.ErrUnavailable, err))
		},
	}
	return u
}

// ServeHTTP passes a request of a browser on, and the answer back.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The whole body first: then its length is known, and a slow sender holds up nobody but itself.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAuthBody))
	if err != nil {
		status, code := http.StatusBadRequest, "invalid_body"
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			status, code = http.StatusRequestEntityTooLarge, "body_too_large"
		}
		writeProblem(w, status, code, "The body is too long, or did not arrive whole.")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), upstreamTimeout)
	defer cancel()
	r = r.WithContext(ctx)
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	u.proxy.ServeHTTP(w, r)
}

func writeProblem(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The only possible failure is a caller that hung up.
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": code, "message": message}})
}

// header is what the Better Auth server gets to see of a request.
func (u *upstream) header(in *http.Request) http.Header {
	h := http.Header{}
	for _, name := range passed {
		if values := in.Header.Values(name); len(values) > 0 {
			h[name] = values
		}
	}
	if in.Header.Get("User-Agent") == "" {
		h.Set("User-Agent", "") // or the transport would send its own
	}
	proto, _, _ := strings.Cut(u.cfg.BaseURL, ":")
	h.Set("X-Forwarded-Proto", proto)
	h.Set("X-Forwarded-For", clientIP(in, u.cfg.ClientIPHeader)) // by which Better Auth limits how often somebody may try
	return h
}

// host is the Host that a browser would send to the Better Auth server.
func (u *upstream) host() string {
	_, host, _ := strings.Cut(u.cfg.BaseURL, "://")
	return host
}

// answer is what the Better Auth server said.
type answer struct {
	status  int
	code    string // of the error
	user    user
	cookies []string
	wait    string // seconds until it may be asked again, when it has been asked too often
}

// user is a user of the Better Auth server.
type user struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"emailVerified"`
}

// ask does for the browser that sent r what a script in it would do. The error means that there was no answer.
func (u *upstream) ask(r *http.Request, path string, body any) (answer, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), upstreamTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.url.String()+path, bytes.NewReader(data))
	if err != nil {
		return answer{}, err
	}
	req.Header, req.Host = u.header(r), u.host()
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	// A page of this origin sent the form: others have been refused by then.
	req.Header.Set("Origin", u.cfg.BaseURL)
	for _, name := range []string{"Referer", "If-None-Match", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site"} {
		req.Header.Del(name) // they speak of the form
	}
	res, err := u.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	var content struct {
		Code string `json:"code"`
		User user   `json:"user"`
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAuthBody))
	if err != nil {
		return answer{}, err
	}
	_ = json.Unmarshal(text, &content) // an error without a code is judged by its status
	return answer{
		status:  res.StatusCode,
		code:    content.Code,
		user:    content.User,
		cookies: res.Header.Values("Set-Cookie"),
		wait:    res.Header.Get("X-Retry-After"),
	}, nil
}

// passCookies gives the browser the cookies of the Better Auth server.
func (a answer) passCookies(w http.ResponseWriter) {
	for _, cookie := range a.cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
}
