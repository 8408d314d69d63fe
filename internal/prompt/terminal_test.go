//go:build unix

package prompt_test

import (
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/prompt"
)

type result struct {
	answers generator.Answers
	err     error
}

// ask starts an interview; its result comes when the keys are typed.
func (c *console) ask(ctx context.Context, a *prompt.Asker, given generator.Answers) func() (generator.Answers, error) {
	c.t.Helper()
	catalog := catalog(c.t)
	results := make(chan result, 1)
	go func() {
		answers, err := a.Ask(ctx, catalog, given)
		results <- result{answers, err}
	}()
	return func() (generator.Answers, error) {
		c.t.Helper()
		select {
		case r := <-results:
			return r.answers, r.err
		case <-time.After(5 * time.Second):
			c.t.Fatalf("still asking:\n%s", c.text())
			panic("unreachable")
		}
	}
}

const (
	down  = "\x1b[B"
	left  = "\x1b[D"
	right = "\x1b[C"
)

func TestSurveyInterview(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	wait := c.ask(t.Context(), c.asker(), generator.Answers{})
	c.answer("? Project name [? for help] (shop)", "?\r")
	c.answer("The folder is called so.", "Bad Name\r")
	c.answer("starting with a letter", "corner-shop\r")
	c.answer("(example.com/corner-shop)", "\r")
	c.answer("> acme - for tests", down)
	c.answer("> bolt", "\r")
	c.answer("[ ]  card", " "+down+down+" \r")
	c.waitForKeys("Greeting")
	c.typeKeys("Grüße, 世界" + left + "\x7f世\r") // corrects the last but one
	c.answer("Is it live?", "y\r")
	c.answer("Address", "https://shop.example\r")
	c.answer("Realm", "staff\r")
	got, err := wait()
	want := generator.Answers{
		Name: "corner-shop", Module: "example.com/corner-shop", Auth: "bolt", Payments: []string{"card", "voucher"},
		Values: map[string]string{"greeting": "Grüße, 世界", "live": "true", "url": "https://shop.example", "realm": "staff"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v\n%s", got, err, want, c.text())
	}
	c.isAsBefore("at the end")
}

// All answers typed before the first question is asked.
func TestSurveyTypedAhead(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	c.typeKeys("kiosk\n\n\n\nhello\nn\n")
	got, err := c.ask(t.Context(), c.asker(), generator.Answers{})()
	if greeting, _ := got.Get("greeting"); err != nil || got.Name != "kiosk" || got.Auth != "acme" || greeting != "hello" {
		t.Errorf("got %+v, %v\n%s", got, err, c.text())
	}
}

func TestSurveyPayments(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string][]string{
		"\r":                   {},
		down + " \r":           {"coin"},
		" " + down + " \r":     {"card", "coin"},
		right + "\r":           {"card", "coin", "voucher"},
		right + left + "\r":    {},
		"vouch" + " \r":        {"voucher"},
		"tests" + down + " \r": {"coin"}, // filters by the label too
	} {
		c := newConsole(t)
		wait := c.ask(t.Context(), c.asker(), answered("payments"))
		c.answer("[ ]  card", keys)
		got, err := wait()
		if err != nil || !reflect.DeepEqual(got.Payments, want) {
			t.Errorf("%q: got %q, %v; want %q", keys, got.Payments, err, want)
		}
	}
}

// Keys that survey types half of into the answer, or fails at.
func TestSurveyUnknownKeys(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	wait := c.ask(t.Context(), c.asker(), answered("greeting"))
	c.answer("Greeting", "a\x1b[15~b\x1b[1;5Dc\x1bxd\x1bOPe\r")
	got, err := wait()
	if greeting, _ := got.Get("greeting"); err != nil || greeting != "abcde" {
		t.Errorf("got %q, %v", greeting, err)
	}
}

// A terminal that never replies, as a bare pseudo-terminal, hangs survey.
func TestSilentTerminal(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	c.mute.Store(true)
	start := time.Now()
	wait := c.ask(t.Context(), c.asker(), answered("name", "greeting"))
	c.waitFor("Project name (? for help) [shop]:")
	if took := time.Since(start); took > time.Second {
		t.Errorf("the first question took %v", took)
	}
	c.typeKeys("kiosk\n")
	c.answer("Greeting:", "Grüße\n")
	got, err := wait()
	if greeting, _ := got.Get("greeting"); err != nil || got.Name != "kiosk" || greeting != "Grüße" {
		t.Errorf("got %+v, %v\n%s", got, err, c.text())
	}
	c.isAsBefore("at the end")
}

// Ctrl-D typed while a terminal is probed comes as a byte, not as an end.
func TestSilentTerminalCtrlD(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	c.mute.Store(true)
	wait := c.ask(t.Context(), c.asker(), answered("live"))
	for c.asked.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	c.typeKeys("y\x04\r")
	if got, err := wait(); !errors.Is(err, prompt.ErrInterrupted) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A terminal that stops replying between two questions.
func TestTerminalFallsSilent(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	wait := c.ask(t.Context(), c.asker(), answered("auth", "greeting"))
	c.waitFor("> acme")
	c.mute.Store(true)
	c.typeKeys("\rhello\r") // the second line is typed ahead
	got, err := wait()
	if greeting, _ := got.Get("greeting"); err != nil || got.Auth != "acme" || greeting != "hello" {
		t.Errorf("got %+v, %v\n%s", got, err, c.text())
	}
}

// Survey indexes before its list here, and panics.
func TestSurveyPanic(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	wait := c.ask(t.Context(), c.asker(), answered("payments"))
	c.answer("[ ]  card", "zzz\x1b[A ")
	c.answer("or none [none]:", "coin\n")
	if got, err := wait(); err != nil || !reflect.DeepEqual(got.Payments, []string{"coin"}) {
		t.Errorf("got %q, %v\n%s", got.Payments, err, c.text())
	}
}

func TestTerminalInterrupted(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"name", "auth", "payments", "live"} {
		for _, how := range []string{"\x03", "\x04", "cancel"} {
			c := newConsole(t)
			ctx, cancel := context.WithCancel(t.Context())
			wait := c.ask(ctx, c.asker(), answered(key))
			c.waitForKeys("? ")
			if how == "cancel" {
				cancel()
			} else {
				c.typeKeys(how)
			}
			_, err := wait()
			cancel()
			if !errors.Is(err, prompt.ErrInterrupted) {
				t.Errorf("%s, %q: got %v", key, how, err)
			}
			c.isAsBefore(key + ", " + how)
		}
	}
}

// Ctrl-D must not mean Yes, drawn or plain, with text before it or not.
func TestCtrlDIsNeverYes(t *testing.T) {
	t.Parallel()
	for _, termName := range []string{"xterm", "dumb"} {
		for _, keys := range []string{"\x04", "y\x04\x04"} {
			c := newConsole(t)
			a := c.asker("TERM=" + termName)
			done := make(chan error, 1)
			go func() {
				yes, err := a.Confirm(t.Context(), "Overwrite?", true)
				if yes {
					err = errors.New("that was a Yes")
				}
				done <- err
			}()
			if termName == "dumb" {
				c.waitFor("Overwrite? (Y/n)")
			} else {
				c.waitForKeys("Overwrite? (Y/n)")
			}
			c.typeKeys(keys)
			if err := <-done; !errors.Is(err, prompt.ErrInterrupted) {
				t.Errorf("TERM=%s, %q: %v", termName, keys, err)
			}
		}
	}
}

func TestNewDecides(t *testing.T) {
	t.Parallel()
	for _, pair := range []string{"TERM=dumb", "ACCESSIBLE=1"} {
		c := newConsole(t)
		wait := c.ask(t.Context(), c.asker(pair, "CI=false"), answered("auth"))
		c.answer("Number or name, ? for help:", "2\n")
		c.answer("Realm:", "staff\n")
		if got, err := wait(); err != nil || got.Auth != "bolt" {
			t.Errorf("%s: got %+v, %v", pair, got, err)
		}
	}
	c := newConsole(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	for name, try := range map[string]func() (*prompt.Asker, error){
		"CI":                func() (*prompt.Asker, error) { return prompt.New(c.tty, c.tty, env("CI=true"), false) },
		"input redirected":  func() (*prompt.Asker, error) { return prompt.New(null, c.tty, env(), false) },
		"output redirected": func() (*prompt.Asker, error) { return prompt.New(c.tty, null, env(), false) },
		"no file": func() (*prompt.Asker, error) {
			return prompt.New(strings.NewReader(""), c.tty, env("ACCESSIBLE=1"), false)
		},
	} {
		if _, err := try(); !errors.Is(err, prompt.ErrNotTerminal) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := prompt.New(null, null, env("CI=true"), true); err != nil {
		t.Errorf("plain, asked for: %v", err)
	}
}
