package signin

import "testing"

func TestKey(t *testing.T) {
	k := newKey()
	if got, ok := parseKey(k.String()); !ok || got != k {
		t.Errorf("parseKey(%q) = %v, %v", k.String(), got, ok)
	}
	if newKey() == k {
		t.Error("two keys are equal")
	}
	for _, s := range []string{"", "A", k.String() + "A", k.String()[1:], k.String()[:42] + "=", k.String() + "\n", "!" + k.String()[1:]} {
		if got, ok := parseKey(s); ok {
			t.Errorf("parseKey(%q) = %v", s, got)
		}
	}
	if k.derive("a") == k.derive("b") || k.derive("a") == newKey().derive("a") {
		t.Error("what is derived for two purposes, or of two keys, is equal")
	}
}

func TestSeal(t *testing.T) {
	k := newKey()
	sealed := k.seal("secret")
	if got, err := k.unseal(sealed); err != nil || got != "secret" {
		t.Errorf("unseal = %q, %v", got, err)
	}
	if sealed == k.seal("secret") {
		t.Error("the same secret was sealed twice to the same text")
	}
	if got, err := k.unseal(k.seal("")); err != nil || got != "" {
		t.Errorf("nothing comes back as %q, %v", got, err)
	}
	for name, bad := range map[string]string{
		"damaged": "A" + sealed[1:], "cut": sealed[:len(sealed)-4], "short": "AAAA", "no base64": "!",
	} {
		if got, err := k.unseal(bad); err == nil && bad != sealed {
			t.Errorf("%s: unseal = %q", name, got)
		}
	}
	if got, err := newKey().unseal(sealed); err == nil {
		t.Errorf("another key opens it: %q", got)
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(newKey().String())
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if k, ok := parseKey(s); ok && k.String() != s {
			t.Errorf("%q and %q open the same session", s, k)
		}
	})
}
