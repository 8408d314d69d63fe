package prompt_test

import (
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/prompt"
)

// env is an environment for New: KEY=VALUE pairs, and a capable terminal.
func env(pairs ...string) func(string) string {
	return func(key string) string {
		for _, pair := range pairs {
			if value, ok := strings.CutPrefix(pair, key+"="); ok {
				return value
			}
		}
		if key == "TERM" {
			return "xterm"
		}
		return ""
	}
}

// plainAsker asks in lines and is answered by text through a real pipe.
func plainAsker(t *testing.T, text string) (*prompt.Asker, *strings.Builder) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	a, err := prompt.New(r, &out, env("CI=true"), true)
	if err != nil {
		t.Fatal(err)
	}
	return a, &out
}

func TestPlainInterview(t *testing.T) {
	t.Parallel()
	a, out := plainAsker(t, "?\nBad Name\ncorner-shop\n\n7\nAKME\n1\ncoin, 1\nGrüße, 世界\nmaybe\nyes\nhttp://x\nhttps://shop.example")
	got, err := a.Ask(t.Context(), catalog(t), generator.Answers{})
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := generator.Answers{
		Name: "corner-shop", Module: "example.com/corner-shop", Auth: "acme", Payments: []string{"card", "coin"},
		Values: map[string]string{"greeting": "Grüße, 世界", "live": "true", "url": "https://shop.example"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v\n%s", got, want, out)
	}
	const transcript = `Project name (? for help) [shop]: ?
The folder is called so.
Project name (? for help) [shop]: Bad Name
"Bad Name" is not lower-case letters and digits in words joined by hyphens, starting with a letter
Project name (? for help) [shop]: corner-shop
Go module path [example.com/corner-shop]: 
Who signs users in?
  1) acme - for tests
  2) bolt - for tests
Number or name, ? for help: 7
unknown "7" (choices: acme, bolt)
Number or name, ? for help: AKME
unknown "AKME", did you mean "acme"? (choices: acme, bolt)
Number or name, ? for help: 1
How do callers pay?
  1) card - for tests
  2) coin - for tests
  3) voucher - for tests
Numbers or names with commas between, or none [none]: coin, 1
Greeting: Grüße, 世界
Is it live? (y/N) maybe
"maybe" is neither true nor false
Is it live? (y/N) yes
Address: http://x
"http://x" is not an origin like https://app.example.com (https, lower case, no port 443, no path, no slash at the end)
Address: https://shop.example
`
	if out.String() != transcript {
		t.Errorf("got:\n%s\nwant:\n%s", out, transcript)
	}
}

func TestPlainPayments(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string][]string{
		"":             {},
		"none":         {},
		"2":            {"coin"},
		"Card":         {"card"},
		"3,1,voucher,": {"card", "voucher"},
	} {
		a, out := plainAsker(t, typed+"\n")
		got, err := a.Ask(t.Context(), catalog(t), answered("payments"))
		if err != nil || !reflect.DeepEqual(got.Payments, want) {
			t.Errorf("%q: got %q, %v; want %q\n%s", typed, got.Payments, err, want, out)
		}
	}
}

// What a condition or a choice opens is asked, and only then.
func TestPlainConditional(t *testing.T) {
	t.Parallel()
	a, out := plainAsker(t, "n\n")
	if _, err := a.Ask(t.Context(), catalog(t), answered("live")); err != nil || strings.Contains(out.String(), "Address") {
		t.Errorf("asked for the address of what is not live: %v\n%s", err, out)
	}
	a, out = plainAsker(t, "bolt\nNo Word\nstaff\n")
	got, err := a.Ask(t.Context(), catalog(t), answered("auth"))
	if realm, _ := got.Get("realm"); err != nil || realm != "staff" || !strings.Contains(out.String(), `"No Word" is not a word`) {
		t.Errorf("got %q, %v\n%s", realm, err, out)
	}
}

// An answer that cannot stand beside an earlier one is asked again at once.
func TestPlainConflict(t *testing.T) {
	t.Parallel()
	a, out := plainAsker(t, "coin\ncard\nstaff\n")
	got, err := a.Ask(t.Context(), catalog(t), answered("payments").Set("auth", "bolt").Set("realm", "staff"))
	if err != nil || !reflect.DeepEqual(got.Payments, []string{"card"}) || !strings.Contains(out.String(), "\nbolt and coin cannot be chosen together\n") {
		t.Errorf("got %q, %v\n%s", got.Payments, err, out)
	}
}

// Where nobody signs in, something has to be sold, and to anybody: what needs a user is
// not offered, and nothing is no answer.
func TestPlainWithoutLogin(t *testing.T) {
	t.Parallel()
	a, out := plainAsker(t, "none\n\n2\n")
	got, err := a.Ask(t.Context(), sellers(t), answered("payments").Set("auth", "none"))
	if err != nil || !reflect.DeepEqual(got.Payments, []string{"coin"}) {
		t.Errorf("got %q, %v\n%s", got.Payments, err, out)
	}
	const reason = "\na server without sign-in has nothing but what it sells, so it needs a way to pay: sell by card, coin, or choose who signs users in (--auth)\n"
	if strings.Count(out.String(), reason) != 2 || strings.Contains(out.String(), "voucher") {
		t.Errorf("asked:\n%s", out)
	}
	a, out = plainAsker(t, "none\nacme\n")
	got, err = a.Ask(t.Context(), sellers(t), answered("auth").Set("payments", "voucher"))
	if err != nil || got.Auth != "acme" || !strings.Contains(out.String(), "\nvoucher sells to signed-in users, and nobody signs in here: sell by card, coin, or choose who signs users in (--auth)\n") {
		t.Errorf("got %q, %v\n%s", got.Auth, err, out)
	}
}

func TestPlainEndOfInput(t *testing.T) {
	t.Parallel()
	a, _ := plainAsker(t, "kiosk\n")
	got, err := a.Ask(t.Context(), catalog(t), generator.Answers{})
	if !errors.Is(err, prompt.ErrInterrupted) || got.Name != "kiosk" {
		t.Errorf("got %+v, %v; want what was answered, and ErrInterrupted", got, err)
	}
	a, _ = plainAsker(t, "")
	if yes, err := a.Confirm(t.Context(), "Overwrite?", true); yes || !errors.Is(err, prompt.ErrInterrupted) {
		t.Errorf("Confirm at the end of the input: %v, %v", yes, err)
	}
}

func TestPlainConfirmAndSelect(t *testing.T) {
	t.Parallel()
	a, out := plainAsker(t, "\n\ny\r\nN\n2\n\n")
	for _, def := range []bool{true, false} {
		if got, err := a.Confirm(t.Context(), "Sure?", def); err != nil || got != def {
			t.Errorf("Enter with default %v: %v, %v", def, got, err)
		}
	}
	for _, want := range []bool{true, false} {
		if got, err := a.Confirm(t.Context(), "Sure?", !want); err != nil || got != want {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
	}
	choices := []generator.Choice{{Value: "keep", Label: "my edit"}, {Value: "take"}}
	for _, want := range []string{"take", "keep"} {
		if got, err := a.Select(t.Context(), "main.go", choices, "keep"); err != nil || got != want {
			t.Errorf("got %q, %v; want %q\n%s", got, err, want, out)
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("escape codes in %q", out)
	}
}

func TestNothingToChoose(t *testing.T) {
	t.Parallel()
	a, _ := plainAsker(t, "")
	if _, err := a.Select(t.Context(), "Which?", nil, ""); err == nil || errors.Is(err, prompt.ErrInterrupted) {
		t.Errorf("got %v, want an error that says so", err)
	}
}
