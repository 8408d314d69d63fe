package merge

import "testing"

func TestAdopt_gitignore(t *testing.T) {
	const want = "# secrets\n.env\n.env.*\n!.env.example\n\n/bin/\n"
	run(t, ".gitignore", []adoptCase{
		{name: "has all", want: want, user: "/bin/\n!.env.example\n.env.*\n.env"},
		{
			name: "adds what is missing", want: want,
			user:   "/bin/   \n.env\n",
			result: "/bin/   \n.env\n\n# Added by forge\n.env.*\n!.env.example\n",
		},
		{
			name: "exception follows the added rule again", want: want,
			user:   "!.env.example\n.env\n/bin/\n",
			result: "!.env.example\n.env\n/bin/\n\n# Added by forge\n.env.*\n!.env.example\n",
		},
		{
			name: "comments and escaped spaces are not patterns", want: ".env\na\\ \n",
			user:   "#.env\na\\\n \n\n",
			result: "#.env\na\\\n \n\n# Added by forge\n.env\na\\ \n",
		},
		{
			name: "the user's exception", want: want,
			user: "a\n!.env\n",
			err:  ".gitignore:2:1: !.env keeps what forge must ignore; remove the line, or add .env after it",
		},
		{name: "the user's exception with the rule", want: ".env\n", user: "!.env\n.env\n"},
	})
}

func TestAdopt_env(t *testing.T) {
	const want = `# The server.

# Listen on this address.
ADDR=:8080
# development or production. In APP_ENV=production
# cookies are strict.
APP_ENV=development

# Where keys are fetched.
# AUTH_JWKS_URL=https://example.com/keys

SECRET=
`
	run(t, ".env.example", []adoptCase{
		{
			name: "adds keys with their comments", want: want,
			user: "APP_ENV=mine # stays\n",
			result: `APP_ENV=mine # stays

# Listen on this address.
ADDR=:8080

# Where keys are fetched.
# AUTH_JWKS_URL=https://example.com/keys

SECRET=
`,
		},
		{
			name: "has all, in other words", want: want,
			user: "export SECRET='x'\nAUTH_JWKS_URL=\n  ADDR = \":1\" # \"\n#APP_ENV=production",
		},
		{
			name: "prose is no variable", want: "A=1\nB=2\n",
			user:   "# A=1 makes it fast\n# B=2\n",
			result: "# A=1 makes it fast\n# B=2\n\nA=1\n",
		},
		{
			name: "a wrapped sentence that looks like a variable", user: "X=1\n",
			want:   "# Required unless\n# A=true.\n# Optional.\nB=\n\n# For tests.\n# A=false\n",
			result: "X=1\n\n# Required unless\n# A=true.\n# Optional.\nB=\n\n# For tests.\n# A=false\n",
		},
		{
			name: "a remark that looks like a variable", want: "# One of:\n# A=x\nA=1\n", user: "B=1\n",
			result: "B=1\n\n# One of:\n# A=x\nA=1\n",
		},
		{
			name: "not a variable", want: want, user: "A=1\n<<<<<<< HEAD\n",
			err: ".env.example:2:1: neither a comment nor NAME=value",
		},
		{
			name: "value over several lines", want: want, user: "KEY=\"-----BEGIN\nabc=\n\"\n",
			err: ".env.example:1:1: the value of KEY opens a quote and does not close it on the same line",
		},
	})
}

func TestAdopt_goSum(t *testing.T) {
	const want = "example.com/b v1.10.0 h1:b10=\nexample.com/b v1.10.0/go.mod h1:m10=\n"
	run(t, "go.sum", []adoptCase{
		{
			name: "union in the go command's order", want: want,
			user: "example.com/c v0.1.0/go.mod h1:c=\n\nexample.com/b v1.9.0 h1:b9=\n",
			result: "example.com/b v1.9.0 h1:b9=\nexample.com/b v1.10.0 h1:b10=\n" +
				"example.com/b v1.10.0/go.mod h1:m10=\nexample.com/c v0.1.0/go.mod h1:c=\n",
		},
		{
			name: "nothing missing keeps the order", want: want,
			user: "example.com/b v1.10.0/go.mod h1:m10=\nexample.com/a v1.0.0 h1:a=\nexample.com/b v1.10.0 h1:b10=\n",
		},
		{
			name: "another checksum", want: want, user: "a.b/c v1.0.0 h1:x=\nexample.com/b v1.10.0 h1:evil=\n",
			err: "go.sum:2:1: example.com/b v1.10.0 has checksum h1:evil=, but forge knows it as h1:b10=; run go mod verify",
		},
		{
			name: "forge contradicts itself", want: want + "example.com/b v1.10.0 h1:evil=\n", user: "a.b/c v1.0.0 h1:x=\n",
			err: "forge's go.sum:3:1: example.com/b v1.10.0 has checksum h1:evil=, but forge knows it as h1:b10=; run go mod verify",
		},
		{
			name: "conflict markers", want: want, user: "a.b/c v1.0.0 h1:x=\n<<<<<<< HEAD\n",
			err: "go.sum:2:1: not a line of the form: module version hash; delete the line and run go mod tidy",
		},
		{
			name: "no version", want: want, user: "not a line:\n",
			err: "go.sum:1:1: not a line of the form: module version hash; delete the line and run go mod tidy",
		},
	})
}
