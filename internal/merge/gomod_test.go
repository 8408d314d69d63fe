package merge

import "testing"

func TestAdopt_goMod(t *testing.T) {
	const want = `module example.com/shop

go 1.26

require (
	example.com/direct v1.4.0
	example.com/more v0.2.0
)

require example.com/far v1.1.0 // indirect
`
	run(t, "go.mod", []adoptCase{
		{
			name: "keeps everything of the user's", want: want,
			user: `// Shop sells things.
module example.com/shop // here

go 1.27.1
toolchain go1.27.2

require (
	example.com/aa   v1.0.0 // aligned by hand
	// pinned: see the wiki
	example.com/direct v1.5.0

	example.com/zz v1.0.0
)
require (
	example.com/far v1.0.0 // indirect
)
replace example.com/aa => ../aa
exclude example.com/zz v0.9.0
retract v1.0.1 // broken
tool example.com/zz/cmd/z
godebug x=1
`,
			result: `// Shop sells things.
module example.com/shop // here

go 1.27.1
toolchain go1.27.2

require (
	example.com/aa   v1.0.0 // aligned by hand
	// pinned: see the wiki
	example.com/direct v1.5.0
	example.com/more v0.2.0

	example.com/zz v1.0.0
)
require (
	example.com/far v1.1.0 // indirect
)
replace example.com/aa => ../aa
exclude example.com/zz v0.9.0
retract v1.0.1 // broken
tool example.com/zz/cmd/z
godebug x=1
`,
		},
		{
			name: "no requirements yet", want: want,
			user: "module example.com/shop\n\ngo 1.25.3 // old\n\nexclude example.com/q v1.0.0\n",
			result: `module example.com/shop

go 1.26 // old

require (
	example.com/direct v1.4.0
	example.com/more v0.2.0
)

require (
	example.com/far v1.1.0 // indirect
)

exclude example.com/q v1.0.0
`,
		},
		{
			name: "indirect becomes direct", want: want,
			user: `module example.com/shop
go 1.26
require example.com/direct v1.3.0 // indirect
require "example.com/more" v0.3.0 // indirect; but why
require example.com/far v1.2.0`,
			result: `module example.com/shop
go 1.26
require example.com/direct v1.4.0
require "example.com/more" v0.3.0 // but why
require example.com/far v1.2.0`,
		},
		{
			name: "first in its block", want: want,
			user:   "module example.com/shop\ngo 1.26\nrequire (\n\t// the last one\n\texample.com/q v1.0.0\n)\nrequire example.com/far v1.1.0\n",
			result: "module example.com/shop\ngo 1.26\nrequire (\n\texample.com/direct v1.4.0\n\texample.com/more v0.2.0\n\t// the last one\n\texample.com/q v1.0.0\n)\nrequire example.com/far v1.1.0\n",
		},
		{
			name: "prerelease is lower", want: "module m\nrequire example.com/a v1.0.0\n",
			user:   "module m\nrequire example.com/a v1.0.0-rc.1\nrequire example.com/a v0.9.0 // indirect\n",
			result: "module m\nrequire example.com/a v1.0.0\nrequire example.com/a v0.9.0 // indirect\n",
		},
		{
			name: "go versions are not decimals", want: "module m\ngo 1.9\n",
			user: "module m\ngo 1.26\n",
		},
		{
			name: "another module", want: want, user: "// x\nmodule example.com/other\n",
			err: "go.mod:2:1: the module is example.com/other, but forge was asked for example.com/shop; give forge the module path example.com/other",
		},
		{
			name: "no module", want: want, user: "go 1.26\n",
			err: "go.mod:1:1: has no module line; add module example.com/shop",
		},
		{
			name: "excluded", want: want, user: "module example.com/shop\nexclude example.com/direct v1.4.0\n",
			err: "go.mod:2:1: example.com/direct v1.4.0 is excluded, but forge needs it; remove the line, or require a higher version",
		},
		{
			name: "unreadable lines", want: want, user: "module example.com/shop\nfoo bar\nrequire example.com/a master\n",
			err: "go.mod:2:1: unknown directive: foo\ngo.mod:3:1: require example.com/a: version \"master\" invalid: must be of the form v1.2.3",
		},
		{
			name: "unended block", want: want, user: "module example.com/shop\nrequire (\n",
			err: "go.mod:3:1: syntax error (unterminated block started at go.mod:2:1)",
		},
		{
			name: "more than requirements", want: want + "\nreplace a.b/c => ../c\n", user: "module example.com/shop\n",
			err: "forge's go.mod:12:1: forge does not add replace lines to a go.mod",
		},
	})
}
