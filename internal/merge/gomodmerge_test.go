package merge

import "testing"

func TestStructured_goMod(t *testing.T) {
	const base = `module example.com/shop

go 1.26

require (
	example.com/auth v1.4.0
	example.com/jwt v0.2.0
)

require example.com/time v1.1.0 // indirect
`
	const paid = `module example.com/shop

go 1.26

require (
	example.com/auth v1.4.0
	example.com/eth v1.17.0
	example.com/jwt v0.2.0
)

require (
	example.com/far v1.1.0 // indirect
	example.com/time v1.1.0 // indirect
)
`
	runMerges(t, "go.mod", []mergeCase{
		{
			name: "both add in one place", base: base,
			user:   replace(base, "v1.4.0\n", "v1.4.0\n\texample.com/fs v1.0.0 // mine\n"),
			target: paid,
			result: replace(paid, "v1.17.0\n", "v1.17.0\n\texample.com/fs v1.0.0 // mine\n"),
		},
		{
			name: "all that is the user's stays", base: base,
			user:   "// My shop.\n" + base + "\nreplace example.com/jwt => ../jwt\n\nexclude example.com/auth v1.3.0\n\nretract v1.0.1 // broken\n\ntool example.com/auth/cmd/a\n\nignore (\n\t./web\n)\n",
			target: paid,
			result: "// My shop.\n" + paid + "\nreplace example.com/jwt => ../jwt\n\nexclude example.com/auth v1.3.0\n\nretract v1.0.1 // broken\n\ntool example.com/auth/cmd/a\n\nignore (\n\t./web\n)\n",
		},
		{
			name: "the higher version wins", base: base,
			user:   replace(replace(base, "auth v1.4.0", "auth v1.5.0"), "jwt v0.2.0", "jwt v0.2.1"),
			target: replace(replace(replace(base, "auth v1.4.0", "auth v1.4.2"), "jwt v0.2.0", "jwt v0.10.0"), "time v1.1.0", "time v1.2.0"),
			result: replace(replace(replace(base, "auth v1.4.0", "auth v1.5.0"), "jwt v0.2.0", "jwt v0.10.0"), "time v1.1.0", "time v1.2.0"),
		},
		{
			name: "a version that forge did not change is the user's", base: base,
			user:   replace(base, "auth v1.4.0", "auth v1.3.0"),
			target: replace(base, "jwt v0.2.0", "jwt v0.3.0"),
			result: replace(replace(base, "auth v1.4.0", "auth v1.3.0"), "jwt v0.2.0", "jwt v0.3.0"),
		},
		{
			name: "forge goes back to an older version", base: base,
			user:   replace(base, "go 1.26", "go 1.26 // mine"),
			target: replace(base, "auth v1.4.0", "auth v1.3.0"),
			result: replace(replace(base, "go 1.26", "go 1.26 // mine"), "auth v1.4.0", "auth v1.3.0"),
		},
		{
			name: "forge goes back, but the user has requirements", base: base,
			user:   base + "\nrequire example.com/mine v1.0.0\n",
			target: replace(base, "auth v1.4.0", "auth v1.3.0"),
		},
		{
			name: "go and toolchain", base: base,
			user:   replace(base, "go 1.26\n", "go 1.27.1\n\ntoolchain go1.27.2\n"),
			target: replace(base, "go 1.26\n", "go 1.27\n\ntoolchain go1.28.0\n"),
			result: replace(base, "go 1.26\n", "go 1.27.1\n\ntoolchain go1.28.0\n"),
		},
		{
			name: "go and toolchain, added", base: "module m\n", user: "// mine\nmodule m // here\n", target: "module m\n\ngo 1.26\n\ntoolchain go1.27.0\n",
			result: "// mine\nmodule m // here\n\ngo 1.26\n\ntoolchain go1.27.0\n",
		},
		{
			name: "toolchain dropped, or declined", base: "module m\n\ngo 1.26\n\ntoolchain go1.26.1\n",
			user: "module m\n\ngo 1.26 // mine\n\ntoolchain go1.26.1\n", target: "module m\n\ngo 1.26\n",
			result: "module m\n\ngo 1.26 // mine\n",
		},
		{
			name: "toolchain declined", base: "module m\n\ngo 1.26\n\ntoolchain go1.26.1\n",
			user: "module m\n\ngo 1.26\n", target: "module m\n\ngo 1.27\n\ntoolchain go1.27.1\n",
			result: "module m\n\ngo 1.27\n",
		},
		{
			name: "forge was given another module path", base: base,
			user:   replace(base, "go 1.26", "go 1.27"),
			target: replace(base, "module example.com/shop", "module example.com/store"),
			result: replace(replace(base, "go 1.26", "go 1.27"), "module example.com/shop", "module example.com/store"),
		},
		{
			name: "the user's module path stays", base: base,
			user:   replace(base, "module example.com/shop", "module example.com/mine"),
			target: replace(paid, "module example.com/shop", "module example.com/store"),
			result: replace(paid, "module example.com/shop", "module example.com/mine"),
		},
		{
			name: "dropped by forge", base: paid,
			user:   replace(paid, "go 1.26", "go 1.27"),
			target: base,
			result: replace(base, "go 1.26", "go 1.27"),
		},
		{
			name: "dropped by forge, from the user's own layout", base: paid,
			user:   "module example.com/shop\ngo 1.26\nrequire example.com/jwt v0.2.0\nrequire (\n\texample.com/eth v1.17.0\n\n\texample.com/auth v1.4.0\n)\nrequire (\n\texample.com/far v1.1.0 // indirect\n)\nrequire example.com/time v1.1.0 // indirect; mine\n",
			target: base,
			result: "module example.com/shop\ngo 1.26\nrequire example.com/jwt v0.2.0\nrequire (\n\n\texample.com/auth v1.4.0\n)\nrequire example.com/time v1.1.0 // indirect; mine\n",
		},
		{
			name: "dropped by forge, kept because the user has requirements", base: paid,
			user:   replace(paid, "jwt v0.2.0\n", "jwt v0.2.0\n\texample.com/mine v1.0.0\n"),
			target: base,
		},
		{
			name: "dropped by forge, kept because the user changed or explained it", base: paid,
			user:   replace(replace(paid, "eth v1.17.0", "eth v1.18.0"), "\texample.com/far", "\t// mine\n\texample.com/far"),
			target: base,
		},
		{
			name: "removed by the user", base: base,
			user:   replace(base, "\texample.com/auth v1.4.0\n", ""),
			target: replace(base, "jwt v0.2.0", "jwt v0.3.0"),
			result: replace(replace(base, "\texample.com/auth v1.4.0\n", ""), "jwt v0.2.0", "jwt v0.3.0"),
		},
		{
			name: "removed by the user, but newly needed", base: base,
			user:   replace(base, "\texample.com/auth v1.4.0\n", ""),
			target: replace(base, "auth v1.4.0", "auth v1.4.1"),
			result: replace(base, "auth v1.4.0", "auth v1.4.1"),
		},
		{
			name: "direct becomes indirect and the other way round, and stays where it is", base: base,
			user:   "module example.com/shop\ngo 1.26\nrequire (\n\texample.com/time v1.1.0 // indirect\n\texample.com/jwt v0.2.0 // mine\n\texample.com/auth v1.4.0\n)\n",
			target: "module example.com/shop\n\ngo 1.26\n\nrequire (\n\texample.com/time v1.1.0\n)\n\nrequire (\n\texample.com/auth v1.4.0 // indirect\n\texample.com/jwt v0.2.0 // indirect\n)\n",
			result: "module example.com/shop\ngo 1.26\nrequire (\n\texample.com/time v1.1.0\n\texample.com/jwt v0.2.0 // indirect; mine\n\texample.com/auth v1.4.0 // indirect\n)\n",
		},
		{
			name: "only comments are left", base: base, user: "// mine\n", target: paid,
			result: "// mine\n\n" + paid,
		},
		{
			name: "excluded", base: base,
			user:   base + "\nexclude example.com/auth v1.4.1\n",
			target: replace(base, "auth v1.4.0", "auth v1.4.1"),
			err:    "go.mod:12:1: example.com/auth v1.4.1 is excluded, but forge needs it; remove the line, or require a higher version",
		},
		{
			name: "excluded, but forge needs nothing new", base: base,
			user:   base + "\nexclude example.com/auth v1.4.0\n",
			target: replace(base, "jwt v0.2.0", "jwt v0.3.0"),
			result: replace(base, "jwt v0.2.0", "jwt v0.3.0") + "\nexclude example.com/auth v1.4.0\n",
		},
		{
			name: "no module", base: base, user: "go 1.26\n", target: paid,
			err: "go.mod:1:1: has no module line; add module example.com/shop",
		},
		{
			name: "unreadable", base: base, user: "module m\n<<<<<<< HEAD\n", target: paid,
			err: "go.mod:2:1: unknown directive: <<<<<<<",
		},
		{
			name: "more than requirements", base: base, user: base + "// mine\n", target: paid + "replace a.b/c => ../c\n",
			err: "forge's go.mod:15:1: forge does not add replace lines to a go.mod",
		},
	})
}

func TestStructured_goSum(t *testing.T) {
	const (
		a, b, c = "a.io/a v1.0.0 h1:a=\n", "b.io/b v1.0.0 h1:b=\n", "c.io/c v1.0.0 h1:c=\n"
		mine    = "b.io/mine v1.0.0 h1:m=\n"
	)
	runMerges(t, "go.sum", []mergeCase{
		{name: "both add in one place", base: a, user: a + mine, target: a + b + c, result: a + b + mine + c},
		{name: "both add the same", base: a, user: a + b, target: a + b + c, result: a + b + c},
		{name: "dropped by forge", base: a + b, user: b + a, target: a + c, result: a + c},
		{name: "dropped by forge, kept because the user has modules", base: a + b + c, user: a + b + mine + c, target: a},
		{name: "removed by the user, in the union again", base: a + b, user: a, target: a + b + c, result: a + b + c},
		{name: "the user's order, with nothing to add", base: a + c, user: c + b + a, target: a + b + c},
		{name: "both add the same, in another place", base: a + c, user: b + a + c, target: a + c + b},
		{
			name: "another checksum", base: a, user: mine + replace(a, "h1:a=", "h1:evil="), target: a + b,
			err: "go.sum:2:1: a.io/a v1.0.0 has checksum h1:evil=, but forge knows it as h1:a=; run go mod verify",
		},
		{
			name: "unreadable", base: a, user: a + "=======\n", target: a + b,
			err: "go.sum:2:1: not a line of the form: module version hash; delete the line and run go mod tidy",
		},
	})
}
