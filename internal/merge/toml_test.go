package merge

import "testing"

const wantTOML = `# InsForge settings.
project_id = "shop" # shown in the dashboard

# Users come from Clerk.
[auth]
disable_signup = true
allowed_redirect_urls = ["http://localhost:8080/cb", "https://shop.example.com/cb"]

[auth.password]
min_length = 12

[storage]
# In megabytes.
max_file_size_mb = 20
`

func TestAdopt_toml(t *testing.T) {
	run(t, "insforge.toml", []adoptCase{
		{
			name: "fills tables and adds the missing ones", want: wantTOML,
			user: `# mine
[storage] # kept

[auth]
  disable_signup = false   # we want it
  unknown = { a = 1 }

# about realtime
[realtime]
retention_days = 7
`,
			result: `# InsForge settings.
project_id = "shop" # shown in the dashboard

# mine
[storage] # kept
# In megabytes.
max_file_size_mb = 20

[auth]
  disable_signup = false   # we want it
  unknown = { a = 1 }
  allowed_redirect_urls = ["http://localhost:8080/cb", "https://shop.example.com/cb"]

# about realtime
[realtime]
retention_days = 7

[auth.password]
min_length = 12
`,
		},
		{
			name: "canonical order of what is added",
			want: "[storage]\nmax_file_size_mb = 1\n[extra]\na = 1\n[auth]\ndisable_signup = true\nother = 1\nrequire_email_verification = true\n[auth.smtp]\nenabled = false\n",
			user: "project_id = \"x\"",
			result: `project_id = "x"

[auth]
require_email_verification = true
disable_signup = true
other = 1

[auth.smtp]
enabled = false

[storage]
max_file_size_mb = 1

[extra]
a = 1
`,
		},
		{
			name: "root keys and dotted keys", want: "project_id = \"p\"\n[auth]\ndisable_signup = true\n[auth.password]\nmin_length = 8\nrequire_number = true\n",
			user:   "title = \"t\"\n\n[auth]\npassword . min_length = 9 # nine\n\n[x]\n",
			result: "title = \"t\"\nproject_id = \"p\"\n\n[auth]\npassword . min_length = 9 # nine\ndisable_signup = true\npassword . require_number = true\n\n[x]\n",
		},
		{
			name: "a string that ends like a comment", want: "project_id = \"p\"\n[auth]\ndisable_signup = true\n",
			user:   "note = \"\"\"\n# x\"\"\"\n[auth]\n",
			result: "note = \"\"\"\n# x\"\"\"\nproject_id = \"p\"\n[auth]\ndisable_signup = true\n",
		},
		{
			name: "sub-table without its parent", want: "[auth]\ndisable_signup = true\n",
			user:   "[auth.password]\nmin_length = 9\n",
			result: "[auth.password]\nmin_length = 9\n\n[auth]\ndisable_signup = true\n",
		},
		{
			name: "quoted keys are the same keys", want: "[auth]\ndisable_signup = true\nallowed_redirect_urls = ['b']\n",
			user:   "[ \"auth\" ]\n'disable_signup' = true\n\"allowed_redirect_urls\" = [\"a\"]\n",
			result: "[ \"auth\" ]\n'disable_signup' = true\n\"allowed_redirect_urls\" = [\"a\", 'b']\n",
		},
		{
			name: "inline table that lacks nothing", want: "[auth]\ndisable_signup = true\nallowed_redirect_urls = ['b']\n",
			user:   "auth = { disable_signup = false, allowed_redirect_urls = [], x = nan }\n",
			result: "auth = { disable_signup = false, allowed_redirect_urls = ['b'], x = nan }\n",
		},
		{
			name: "a scalar of another kind stays", want: "[auth]\ndisable_signup = true\n",
			user: "[auth]\ndisable_signup = \"no\"\nat = 1979-05-27T07:32:00-08:00",
		},
		{
			name: "arrays of tables elsewhere", want: "[auth]\ndisable_signup = true\n",
			user:   "[[jobs]]\nname = 'a'\n[jobs.auth]\n[[jobs]]\n[auth]\n[[jobs]]\n",
			result: "[[jobs]]\nname = 'a'\n[jobs.auth]\n[[jobs]]\n[auth]\ndisable_signup = true\n[[jobs]]\n",
		},
		{
			name: "multi-line values and brackets in strings", want: "[auth]\ndisable_signup = true\nallowed_redirect_urls = ['n']\n",
			user:   "[auth]\nallowed_redirect_urls = [\"a]#\"] # ]\nnote = \"\"\"\n[auth.password]\n# \"\"\"\n",
			result: "[auth]\nallowed_redirect_urls = [\"a]#\", 'n'] # ]\nnote = \"\"\"\n[auth.password]\n# \"\"\"\ndisable_signup = true\n",
		},
	})
}

func TestAdopt_tomlArrays(t *testing.T) {
	const want = "[auth]\nallowed_redirect_urls = [\"a\", \"b\", \"c\", 'b']\n"
	array := func(name, user, result string) adoptCase {
		const key = "[auth]\nallowed_redirect_urls = "
		return adoptCase{name: name, want: want, user: key + user, result: key + result}
	}
	run(t, "insforge.toml", []adoptCase{
		array("one line", `[ "x", 'b' ] # why`, `[ "x", 'b', "a", "c" ] # why`),
		array("trailing comma", `["x",]`, `["x", "a", "b", "c",]`),
		array("empty", "[ ]\n", "[\"a\", \"b\", \"c\"]\n"),
		array("has all", `["c", "b", "a", "a"]`, `["c", "b", "a", "a"]`),
		array("lines", "[\n    \"x\", # one\n    \"a\" # two\n    # end\n]\n",
			"[\n    \"x\", # one\n    \"a\", # two\n    # end\n    \"b\",\n    \"c\"\n]\n"),
		array("lines with a trailing comma", "[\n\t\"a\",\n\n]", "[\n\t\"a\",\n\n\t\"b\",\n\t\"c\",\n]"),
		array("comma in a comment", "[\n  \"a\" # or, say,\n]", "[\n  \"a\", # or, say,\n  \"b\",\n  \"c\"\n]"),
		array("comma on its own line", "[\n  \"a\" # ,\n  ,\n]", "[\n  \"a\" # ,\n  ,\n  \"b\",\n  \"c\",\n]"),
		array("bracket after the last", "[\"a\",\n   \"x\"]", "[\"a\",\n   \"x\",\n   \"b\",\n   \"c\"]"),
		array("bracket after a comma", "[ # first\n  \"a\",]", "[ # first\n  \"a\",\n  \"b\",\n  \"c\",]"),
		array("empty lines", "[\n]", "[\n  \"a\",\n  \"b\",\n  \"c\"\n]"),
		array("only comments", "[ # none\n\t# yet\n\t]\n", "[ # none\n\t# yet\n\t\"a\",\n\t\"b\",\n\t\"c\"\n\t]\n"),
		array("lines in CRLF", "[\r\n\"a\"\r\n]\r\n", "[\r\n\"a\",\r\n\"b\",\r\n\"c\"\r\n]\r\n"),
	})
}

func TestAdopt_tomlErrors(t *testing.T) {
	refuse := func(name, user, err string) adoptCase {
		return adoptCase{name: name, want: wantTOML, user: user, err: err}
	}
	run(t, "insforge.toml", []adoptCase{
		refuse("syntax", "a = 1\nb = \n", "insforge.toml:2:5: unexpected character U+000A at start of value"),
		refuse("table twice", "[auth]\n[auth]\n", "insforge.toml:2:2: table auth already exists"),
		refuse("inline table", "\nauth = { disable_signup = true }\n",
			"insforge.toml:2:8: auth is an inline table, which forge cannot extend; write it as [auth] so that forge can add auth.allowed_redirect_urls\n"+
				"insforge.toml:2:8: auth is an inline table, which forge cannot extend; write it as [auth] so that forge can add auth.password.min_length"),
		refuse("value in a table's place", "auth = \"x\"\nstorage = 1\n",
			"insforge.toml:1:1: auth is a string, but forge needs a table there; rename or remove it\n"+
				"insforge.toml:2:1: storage is an integer, but forge needs a table there; rename or remove it"),
		refuse("array of tables", "[[storage]]\nmax_file_size_mb = 1\n",
			"insforge.toml:1:1: [[storage]] is an array of tables, but forge needs one table; write it with single brackets"),
		refuse("string for an array", "[auth]\nallowed_redirect_urls = \"a\"\n",
			"insforge.toml:2:25: auth.allowed_redirect_urls is a string, but forge needs an array of strings; change it by hand"),
		refuse("mixed array", "[auth]\nallowed_redirect_urls = [\"a\", 1]\n",
			"insforge.toml:2:25: auth.allowed_redirect_urls holds more than strings, so forge cannot add \"http://localhost:8080/cb\"; make it an array of strings"),
		refuse("array for a scalar", "[auth]\ndisable_signup = [true]\n",
			"insforge.toml:2:18: auth.disable_signup is an array, but forge needs a bool; change it by hand"),
		refuse("table for a scalar", "[auth.disable_signup]\n",
			"insforge.toml:1:1: auth.disable_signup is a table, but forge needs it to be a bool; rename or remove it"),
		refuse("dots for a scalar", "x = 1\nproject_id.a = 1\n",
			"insforge.toml:2:1: project_id is a table, but forge needs it to be a string; rename or remove it"),
		{
			name: "forge's in another style", want: "auth.disable_signup = true\n", user: "x = 1\n",
			err: "forge's insforge.toml:1:1: forge does not merge dotted keys and inline tables; use a [table]",
		},
		{
			name: "forge's arrays of tables", want: "[[auth]]\n", user: "x = 1\n",
			err: "forge's insforge.toml:1:1: forge does not merge arrays of tables",
		},
	})
}

// TestCheckTOML shows that a wrong edit, which Adopt should never make, would
// not get past the last check.
func TestCheckTOML(t *testing.T) {
	parse := func(text string) *tomlFile {
		f, err := parseTOML(source{name: "insforge.toml", text: text})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	user := parse("[a]\nx = nan\ny = ['p']\n")
	want := parse("[a]\nx = 2.0\ny = ['q']\nz = [1, {b = 2}]\n")
	for text, ok := range map[string]bool{
		"[a]\nx = nan\ny = ['p', 'q']\nz = [1, {b = 2}]\n":        true,
		"[a]\nx = 2.0\ny = ['p', 'q']\nz = [1, {b = 2}]\n":        false,
		"[a]\nx = nan\ny = ['q', 'p']\nz = [1, {b = 2}]\n":        false,
		"[a]\nx = nan\ny = ['p', 'q']\nz = [1, {b = 3}]\n":        false,
		"[a]\nx = nan\ny = ['p', 'q']\n":                          false,
		"[a]\nx = nan\ny = ['p', 'q']\nz = [1, {b = 2}]\nw = 1\n": false,
		"[a]\nx = nan\ny = ['p', 'q'\nz = [1, {b = 2}]\n":         false,
		"": false,
	} {
		if err := checkTOML(source{name: "insforge.toml", text: text}, user, want); (err == nil) != ok {
			t.Errorf("checkTOML(%q) = %v, want ok %t", text, err, ok)
		}
	}
}
