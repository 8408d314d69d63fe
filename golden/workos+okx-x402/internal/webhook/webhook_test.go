package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// post sends a request to a Handler whose clock stands at now, and returns the status and who was deleted.
func post(t *testing.T, r *http.Request, now time.Time, failing error) (status int, deleted []string) {
	t.Helper()
	var logs bytes.Buffer
	h := handler(testSecret, func(_ context.Context, subject string) error {
		deleted = append(deleted, subject)
		return failing
	}, slog.New(slog.NewTextHandler(&logs, nil)), func() time.Time { return now })
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	for _, secret := range []string{string(testSecret), strings.TrimPrefix(string(testSecret), "whsec_")} {
		if strings.Contains(logs.String()+answer.Body.String(), secret) {
			t.Errorf("the secret is in the log or the answer: %s %s", &logs, answer.Body)
		}
	}
	return answer.Code, deleted
}

func TestHandler(t *testing.T) {
	now := time.Now()
	broken := errors.New("the database is down")
	for _, test := range []struct {
		name    string
		request *http.Request
		failing error
		status  int
		deleted []string
	}{
		{"a user was deleted", signed(deletedEvent, now), nil, http.StatusNoContent, []string{testUser}},
		{"deleting fails", signed(deletedEvent, now), broken, http.StatusServiceUnavailable, []string{testUser}},
		{"about something else", signed(otherEvent, now), nil, http.StatusNoContent, nil},
		{"no JSON", signed("deleted", now), nil, http.StatusBadRequest, nil},
		{"nobody was deleted", signed(strings.Replace(deletedEvent, testUser, "", 1), now), nil, http.StatusBadRequest, nil},
		{"no user was deleted", signed(strings.Replace(deletedEvent, testUser, "org_1", 1), now), nil, http.StatusBadRequest, nil},
		{"as long as may be", signed(otherEvent+strings.Repeat(" ", maxBody-len(otherEvent)), now), nil, http.StatusNoContent, nil},
		{"too long", signed(otherEvent+strings.Repeat(" ", maxBody-len(otherEvent)+1), now), nil, http.StatusRequestEntityTooLarge, nil},
		{"almost too old", signed(deletedEvent, now.Add(-tolerance+2*time.Second)), nil, http.StatusNoContent, []string{testUser}},
		{"too old", signed(deletedEvent, now.Add(-tolerance-2*time.Second)), nil, http.StatusBadRequest, nil},
		{"from the future", signed(deletedEvent, now.Add(tolerance+2*time.Second)), nil, http.StatusBadRequest, nil},
		{"unsigned", httptest.NewRequest(http.MethodPost, Path, strings.NewReader(deletedEvent)), nil, http.StatusBadRequest, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, deleted := post(t, test.request, now, test.failing)
			if status != test.status || !slices.Equal(deleted, test.deleted) {
				t.Errorf("status %d and %q deleted, want %d and %q", status, deleted, test.status, test.deleted)
			}
		})
	}
}

// TestHandler_changed changes each byte of a message in turn.
func TestHandler_changed(t *testing.T) {
	now := time.Now()
	for i := range len(deletedEvent) {
		body := []byte(deletedEvent)
		body[i] ^= 1
		r := signed(deletedEvent, now)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if status, deleted := post(t, r, now, nil); status != http.StatusBadRequest || deleted != nil {
			t.Fatalf("byte %d: status %d, %q deleted", i, status, deleted)
		}
	}
}

// TestHandler_again sends one message twice, as the provider does when it did not get the answer.
func TestHandler_again(t *testing.T) {
	now := time.Now()
	for range 2 {
		if status, deleted := post(t, signed(deletedEvent, now), now, nil); status != http.StatusNoContent || len(deleted) != 1 {
			t.Errorf("status %d, %q deleted", status, deleted)
		}
	}
}

func TestHandler_repeatedHeader(t *testing.T) {
	now := time.Now()
	for name, values := range signed(deletedEvent, now).Header {
		r := signed(deletedEvent, now)
		r.Header.Add(name, values[0])
		if status, deleted := post(t, r, now, nil); status != http.StatusBadRequest || deleted != nil {
			t.Errorf("%s twice: status %d, %q deleted", name, status, deleted)
		}
		r.Header.Del(name)
		if status, deleted := post(t, r, now, nil); status != http.StatusBadRequest || deleted != nil {
			t.Errorf("without %s: status %d, %q deleted", name, status, deleted)
		}
	}
}

// TestHandler_brokenOff: of a message that did not arrive whole nothing counts, even if all that matters did.
func TestHandler_brokenOff(t *testing.T) {
	now := time.Now()
	r := signed(deletedEvent, now)
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(deletedEvent), iotest.ErrReader(io.ErrUnexpectedEOF)))
	if status, deleted := post(t, r, now, nil); status != http.StatusBadRequest || deleted != nil {
		t.Errorf("status %d, %q deleted", status, deleted)
	}
}

func TestHandler_noSecret(t *testing.T) {
	h := Handler("", func(context.Context, string) error { panic("called") }, slog.New(slog.DiscardHandler))
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, signed(deletedEvent, time.Now()))
	if answer.Code != http.StatusNotFound {
		t.Errorf("status %d", answer.Code)
	}
}

func TestCheckTime(t *testing.T) {
	now := time.UnixMilli(1767225600500)
	for _, test := range []struct {
		text string
		unit time.Duration
		ok   bool
	}{
		{"1767225600", time.Second, true},
		{"1767225600500", time.Millisecond, true},
		{"1767225301", time.Second, true},
		{"1767225300", time.Second, false},
		{"1767225900", time.Second, true},
		{"1767225901", time.Second, false},
		{"1767225300500", time.Millisecond, true},
		{"1767225300499", time.Millisecond, false},
		{"", time.Second, false},
		{"-1767225600", time.Second, false},
		{"+1767225600", time.Second, false},
		{"1767225600.0", time.Second, false},
		{" 1767225600", time.Second, false},
		{"1_767_225_600", time.Second, false},
		{"0x69558b00", time.Second, false},
		{"9223372036854775807", time.Second, false},
		{"99999999999999999999", time.Second, false},
		{"999999999999999", time.Second, false},
		{"1767225600", time.Millisecond, false},
		{"1767225600500", time.Second, false},
	} {
		if err := checkTime(test.text, test.unit, now); (err == nil) != test.ok {
			t.Errorf("checkTime(%q, %v) = %v, want ok = %v", test.text, test.unit, err, test.ok)
		}
	}
}
