package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// asker asks providers what anybody may ask. It sends no credential and no cookie.
type asker struct {
	// near follows redirects as a generated server does, at one address alone;
	// first follows none.
	near, first *http.Client
	secrets     *secrets
	// ahead is how far the clock here is ahead of a provider's; nil until one has
	// said what time it is.
	ahead    *time.Duration
	answered bool
}

func newAsker(transport http.RoundTripper, timeout time.Duration, s *secrets) *asker {
	return &asker{
		near:    &http.Client{Transport: transport, Timeout: timeout, CheckRedirect: sameAddress},
		first:   &http.Client{Transport: transport, Timeout: timeout, CheckRedirect: stay},
		secrets: s,
	}
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func sameAddress(req *http.Request, via []*http.Request) error {
	if from := via[0].URL; req.URL.Scheme != from.Scheme || req.URL.Host != from.Host || len(via) > 3 {
		return http.ErrUseLastResponse
	}
	return nil
}

// reply is what a provider said.
type reply struct {
	status    int
	body      []byte // at most 1 MiB of it
	tooLong   bool
	kind      string   // its media type, as it says
	location  *url.URL // of a redirect that was not followed
	elsewhere string   // its origin, for people
}

// get asks an address. Without an answer, problem says what is wrong with it.
func (a *asker) get(ctx context.Context, client *http.Client, address string) (r *reply, problem string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, "is no address"
	}
	req.Header.Set("User-Agent", "forge-doctor")
	sent := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return nil, a.silent(err, client.Timeout)
	}
	defer res.Body.Close() //nolint:errcheck // what there is to read is read
	a.note(res, sent.Add(time.Since(sent)/2))
	const most = 1 << 20
	body, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err != nil {
		return nil, a.silent(err, client.Timeout)
	}
	r = &reply{status: res.StatusCode, tooLong: len(body) > most, body: body[:min(len(body), most)], kind: res.Header.Get("Content-Type"), elsewhere: "another address"}
	if u, err := res.Location(); err == nil {
		r.location, r.elsewhere = u, u.Scheme+"://"+u.Host
	}
	return r, ""
}

// silent is about an address that does not answer.
func (a *asker) silent(err error, timeout time.Duration) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // the address is known
	}
	var late interface{ Timeout() bool }
	if errors.As(err, &late) && late.Timeout() {
		return fmt.Sprintf("does not answer within %v", timeout)
	}
	return unreachable + ": " + a.secrets.quoted(err.Error())
}

// note compares the clock here with that of the first server that says what time
// it was at about now. A cache in front says how old its answer is.
func (a *asker) note(res *http.Response, now time.Time) {
	a.answered = true
	date, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil || a.ahead != nil {
		return
	}
	age, err := strconv.Atoi(res.Header.Get("Age"))
	if err != nil || age < 0 {
		age = 0
	}
	// Date has whole seconds, rounded down.
	ahead := now.Sub(date.Add(time.Duration(age)*time.Second + time.Second/2))
	a.ahead = &ahead
}
