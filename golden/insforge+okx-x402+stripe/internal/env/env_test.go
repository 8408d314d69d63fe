package env_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"example.com/shop/internal/env"
)

func reader(lines ...string) *env.Reader {
	return env.NewReader(func(name string) string {
		for _, line := range lines {
			if key, value, _ := strings.Cut(line, "="); key == name {
				return value
			}
		}
		return ""
	})
}

func TestReaderReadsValues(t *testing.T) {
	r := reader("APP_ENV=production", "WORD=abc", "LIST=a, b ,c", "ON=true")
	word := env.Matches(`[a-z]+`)

	if !r.Production() {
		t.Error("Production is false with APP_ENV=production")
	}
	if got := r.Required("WORD", "a word", word); got != "abc" {
		t.Errorf("Required: %q", got)
	}
	if got := r.Secret("WORD", "a word", word); string(got) != "abc" {
		t.Errorf("Secret: %q", string(got))
	}
	if got := r.Optional("UNSET", "fallback!", "a word", word); got != "fallback!" {
		t.Errorf("Optional: %q", got)
	}
	if got := r.List("LIST", "a word", word); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("List: %q", got)
	}
	if got := r.List("UNSET", "a word", word); got != nil {
		t.Errorf("List of an unset variable: %q", got)
	}
	if !r.Bool("ON") || r.Bool("UNSET") {
		t.Error("Bool: want true for true and false for unset")
	}
	if err := r.Err(); err != nil {
		t.Errorf("Err: %v", err)
	}
}

func TestReaderCollectsTheFirstProblemOfEveryVariable(t *testing.T) {
	r := reader("APP_ENV=staging", "WORD=s3cret", "LIST=a,,b", "ON=yes")
	word := env.Matches(`[a-z]+`)

	r.Required("UNSET", "a word", word)
	r.Secret("WORD", "a word", word)
	r.Required("WORD", "another word", word)
	r.List("LIST", "a word", word)
	r.Bool("ON")
	r.Problem("OTHER", "must differ from WORD")

	want := strings.Join([]string{
		"APP_ENV is not valid; want development or production",
		"UNSET is missing; want a word",
		"WORD is not valid; want a word",
		"LIST is not valid in item 2; want, separated by commas, a word",
		"ON is not valid; want true or false",
		"OTHER must differ from WORD",
	}, "\n")
	if err := r.Err(); err == nil || err.Error() != want {
		t.Errorf("Err:\n%v\nwant:\n%s", err, want)
	}
}

func TestMatchesWholeValues(t *testing.T) {
	ok := env.Matches(`a|b`)
	for value, want := range map[string]bool{"a": true, "b": true, "ab": false, "xa": false, "a\n": false} {
		if ok(value) != want {
			t.Errorf("%q: %t, want %t", value, !want, want)
		}
	}
}

func TestOrigin(t *testing.T) {
	good := []string{
		"https://app.example.com", "https://app.example.com:8443", "https://10.0.0.1",
		"http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080", "http://app.localhost",
	}
	bad := []string{
		"", "app.example.com", "https://", "https:///", "https://app.example.com/", "https://app.example.com/x",
		"https://app.example.com?", "https://app.example.com#", "https://user@app.example.com",
		"https://App.example.com", "https://*.example.com", "https://app.example.com:", "https://app.example.com:0",
		"https://app.example.com:70000", "https://app.example.com:443", "http://localhost:80", "http://app.example.com", "http://localhost.example.com", "ftp://localhost",
		"https://app..example.com", " https://app.example.com",
	}
	for _, s := range good {
		if !env.Origin(s) {
			t.Errorf("%q was refused", s)
		}
	}
	for _, s := range bad {
		if env.Origin(s) {
			t.Errorf("%q was accepted", s)
		}
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	type holder struct{ Key env.Secret }
	secret := holder{Key: "hunter2"}

	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s %q", secret, secret, secret, secret.Key, secret.Key)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "holder", secret, "key", secret.Key)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "holder", secret, "key", secret.Key)
	if err := json.NewEncoder(&out).Encode(secret); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "hunter2") {
		t.Errorf("printed: %s", out.String())
	}
	if string(secret.Key) != "hunter2" {
		t.Error("the value itself is lost")
	}
}
