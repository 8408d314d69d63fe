package merge

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// draw makes well-formed files, which random bytes seldom are, from a seed.
type draw struct{ *rand.Rand }

func drawers() map[string]func(d draw, mine bool) string {
	return map[string]func(d draw, mine bool) string{
		"go.mod":        draw.goMod,
		"go.sum":        draw.goSum,
		"insforge.toml": draw.toml,
		".env.example":  draw.env,
		".gitignore":    draw.ignore,
	}
}

// checkDrawn merges two files drawn from seed. See checkAdopt.
func checkDrawn(t *testing.T, path string, seed uint64) bool {
	t.Helper()
	d := draw{rand.New(rand.NewPCG(seed, 0))}
	file := drawers()[path]
	want, user := file(d, false), file(d, true)
	if d.IntN(2) == 0 {
		user = strings.ReplaceAll(user, "\n", "\r\n")
	}
	if d.IntN(2) == 0 {
		user = strings.TrimRight(user, "\r\n")
	}
	return checkAdopt(t, path, user, want)
}

func TestAdopt_properties(t *testing.T) {
	const rounds = 3000
	for path := range drawers() {
		t.Run(path, func(t *testing.T) {
			merged := 0
			for seed := range uint64(rounds) {
				if checkDrawn(t, path, seed) {
					merged++
				}
			}
			if merged < rounds/4 {
				t.Errorf("%d of %d merges succeeded; the files drawn prove too little", merged, rounds)
			}
		})
	}
}

// some returns a few of lines, each at most once, in any order.
func (d draw) some(lines ...string) string {
	var out strings.Builder
	for _, i := range d.Perm(len(lines))[:d.IntN(len(lines)+1)] {
		out.WriteString(lines[i])
	}
	return out.String()
}

func (d draw) one(of ...string) string { return of[d.IntN(len(of))] }

func (d draw) ignore(bool) string {
	return d.some(".env\n", ".env.*\n", "!.env.example\n", "# note\n", "\n", "bin/ \n", "/bin/\n", "a\\ \n")
}

func (d draw) env(bool) string {
	return d.some("A=1\n", "# b\nB='x y'\n", "\n", "\n# c\n# cc\nC=\n", "#D=\n", "export E=5\n", "# A=1\n", "F = \"f\"\n")
}

func (d draw) goSum(bool) string {
	return d.some("b.c/d v1.9.0 h1:d=\n", "b.c/d v1.10.0 h1:e=\n", "b.c/d v1.10.0/go.mod h1:f=\n", "\n", "a.b/c  v0.0.1 h1:g=\n", "a.b/c v0.0.1 h2:h=\n")
}

func (d draw) goMod(mine bool) string {
	text := "module m\n" + d.some("\n", "// note\n", "go 1.25\n", "// tail\n")
	lines := func(n int, mark string) (out string) {
		for i := range n {
			out += fmt.Sprintf("\t%s v1.%d.%d%s\n", d.one("a.b/c", "a.b/d", "b.c/d"), d.IntN(4), i, mark)
		}
		return out
	}
	for _, mark := range []string{"", " // indirect", " // indirect; why"} {
		if n := d.IntN(4); n > 0 {
			text += "require (\n" + lines(n, mark) + ")\n"
		}
	}
	if mine {
		text += d.some("exclude a.b/c v1.9.0\n", "replace a.b/d => ../d\n", "\n", "// end\n", "require (\n)\n", "retract v1.0.0\n")
	}
	return text
}

func (d draw) toml(mine bool) string {
	root := d.some("# note\n", "\n", "project_id = \"p\"\n", "limit = 5 # five\n")
	if mine && d.IntN(4) == 0 {
		return root + d.some("auth.password.min_length = 9\n", "auth.disable_signup = true\n", "auth.allowed_redirect_urls = [ 'a', ]\n",
			"storage = { max_file_size_mb = 1 }\n", "\n", "# end\n")
	}
	array := "allowed_redirect_urls = " + d.one(
		"[]", "['a']", "[ \"b\", 'a', ]", "[\n  'c', # c\n  # d\n]", "[\n\t'a',\n\t'c'\n]", "[\n]", "['a',\n 'd']",
	) + "\n"
	return root + d.some("[auth]\n"+d.some(array, "# off\ndisable_signup = true\n", "require_email_verification = false\n", "\n", "extra = 1\n"),
		"\n[auth.password]\n"+d.some("min_length = 8\n", "  require_number = true # digits\n", "\n"),
		"# files\n[storage]\n"+d.some("max_file_size_mb = 20\n"),
		"[ realtime ]\n",
	)
}
