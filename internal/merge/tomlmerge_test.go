package merge

import "testing"

func TestStructured_toml(t *testing.T) {
	const base = `# InsForge settings.

project_id = "shop"

# Users come from Clerk.
[auth]
disable_signup = true
allowed_redirect_urls = ["http://localhost:8080/cb"]

# Long ones.
[auth.password]
min_length = 12

# Files.
[storage]
# In megabytes.
max_file_size_mb = 20
`
	runMerges(t, "insforge.toml", []mergeCase{
		{
			name: "both add to one table", base: base,
			user:   replace(base, "min_length = 12\n", "min_length = 12\nrequire_number = true # mine\n"),
			target: replace(base, "min_length = 12\n", "min_length = 12\n# As the law says.\nrequire_special_char = true\n"),
			result: replace(base, "min_length = 12\n", "min_length = 12\nrequire_number = true # mine\n# As the law says.\nrequire_special_char = true\n"),
		},
		{
			name: "both add a table", base: base,
			user:   base + "\n[mine]\nx = 1\n",
			target: base + "\n# History.\n[realtime]\nretention_days = 7\n",
			result: base + "\n[mine]\nx = 1\n\n# History.\n[realtime]\nretention_days = 7\n",
		},
		{
			name: "both add the same key", base: base,
			user:   base + "\n[realtime]\nretention_days = 30\n",
			target: base + "\n[realtime]\nretention_days = 7\n",
		},
		{
			name: "added to a table of dots", base: "x = 1\n[auth]\nmax = 1\n",
			user: "x = 2\nauth.max = 1\n", target: "x = 1\n[auth]\nmax = 1\nmin = 1\n",
			result: "x = 2\nauth.max = 1\nauth.min = 1\n",
		},
		{
			name: "added to the root", base: "[auth]\nmax = 1\n",
			user: "# mine\n[auth]\nmax = 2\n", target: "# The project.\nproject_id = \"p\"\n\n[auth]\nmax = 1\n",
			result: "# The project.\nproject_id = \"p\"\n\n# mine\n[auth]\nmax = 2\n",
		},
		{
			name: "changed with its comment", base: base,
			user:   replace(base, "[storage]\n", "[storage]\nmine = 1\n"),
			target: replace(base, "# In megabytes.\nmax_file_size_mb = 20", "# In MB.\nmax_file_size_mb = 30 # enough"),
			result: replace(replace(base, "[storage]\n", "[storage]\nmine = 1\n"), "# In megabytes.\nmax_file_size_mb = 20", "# In MB.\nmax_file_size_mb = 30 # enough"),
		},
		{
			name: "changed in the user's way of writing it", base: base,
			user:   replace(base, "min_length = 12", "  \"min_length\"=0xC # mine"),
			target: replace(base, "min_length = 12", "min_length = 14"),
			result: replace(base, "min_length = 12", "  \"min_length\"=14 # mine"),
		},
		{
			name: "changed in the user's indentation", base: "[t]\n# one\nx = 1\ny = 1\n",
			user: "[t]\n  # one\n  x = 1\n  y = 5\n", target: "[t]\n# two\n# lines\nx = 2\ny = 1\n",
			result: "[t]\n  # two\n  # lines\n  x = 2\n  y = 5\n",
		},
		{
			name: "changed in an inline table", base: "[auth]\nmax = 1\nmin = 1\n",
			user: "auth = { max = 1, min = 5, mine = 1 }\n", target: "[auth]\nmax = 2\nmin = 1\n",
			result: "auth = { max = 2, min = 5, mine = 1 }\n",
		},
		{
			name: "only comments changed", base: base,
			user:   replace(base, "max_file_size_mb = 20", "max_file_size_mb = 50"),
			target: replace(replace(base, "# In megabytes.", "# In MB."), "# Files.\n[storage]", "# Big files.\n[storage] # all"),
			result: replace(replace(replace(base, "max_file_size_mb = 20", "max_file_size_mb = 50"), "# In megabytes.", "# In MB."), "# Files.\n[storage]", "# Big files.\n[storage] # all"),
		},
		{
			name: "the user's comment stays where both changed it", base: base,
			user:   replace(base, "# In megabytes.\nmax", "# My limit.\nmax"),
			target: replace(base, "# In megabytes.\nmax_file_size_mb = 20", "# In MB.\nmax_file_size_mb = 30"),
			result: replace(base, "# In megabytes.\nmax_file_size_mb = 20", "# My limit.\nmax_file_size_mb = 30"),
		},
		{
			name: "a comment that belongs to nothing", base: base,
			user:   replace(base, "\nproject_id = \"shop\"\n", "\n# mine\nproject_id = \"shop\" # too\n"),
			target: replace(replace(base, "# InsForge settings.", "# What InsForge does."), "project_id = \"shop\"", "project_id = \"store\""),
			result: replace(replace(base, "# InsForge settings.", "# What InsForge does."), "\nproject_id = \"shop\"\n", "\n# mine\nproject_id = \"store\" # too\n"),
		},
		{
			name: "removed with its comment", base: base,
			user:   replace(base, "max_file_size_mb = 20\n", "max_file_size_mb = 20\nmine = 1\n"),
			target: replace(base, "# In megabytes.\nmax_file_size_mb = 20\n", "other = 1\n"),
			result: replace(base, "# In megabytes.\nmax_file_size_mb = 20\n", "mine = 1\nother = 1\n"),
		},
		{
			name: "a table that ends up empty goes", base: base,
			user:   replace(base, "[storage]", "[storage]\n") + "\n[mine]\nx = 1\n",
			target: replace(base, "\n# Files.\n[storage]\n# In megabytes.\nmax_file_size_mb = 20\n", ""),
			result: replace(base, "\n# Files.\n[storage]\n# In megabytes.\nmax_file_size_mb = 20\n", "") + "\n[mine]\nx = 1\n",
		},
		{
			name: "a table with the user's key stays", base: base,
			user:   replace(base, "max_file_size_mb = 20\n", "max_file_size_mb = 20\nmine = 1\n"),
			target: replace(base, "\n# Files.\n[storage]\n# In megabytes.\nmax_file_size_mb = 20\n", ""),
			result: replace(base, "# In megabytes.\nmax_file_size_mb = 20\n", "mine = 1\n"),
		},
		{
			name: "a table with the user's comment stays", base: base,
			user:   base + "# mine\n",
			target: replace(base, "\n# Files.\n[storage]\n# In megabytes.\nmax_file_size_mb = 20\n", ""),
			result: replace(base, "# In megabytes.\nmax_file_size_mb = 20\n", "# mine\n"),
		},
		{
			name: "a table that the user explained stays", base: base,
			user:   replace(base, "# Files.", "# My files."),
			target: replace(base, "\n# Files.\n[storage]\n# In megabytes.\nmax_file_size_mb = 20\n", ""),
			result: replace(replace(base, "# Files.", "# My files."), "# In megabytes.\nmax_file_size_mb = 20\n", ""),
		},
		{
			name: "removed by forge, kept because the user changed or explained it", base: base,
			user:   replace(replace(base, "min_length = 12", "min_length = 8"), "max_file_size_mb = 20", "max_file_size_mb = 20 # mine"),
			target: "# InsForge settings.\n\nproject_id = \"shop\"\n",
			result: "# InsForge settings.\n\nproject_id = \"shop\"\n\n# Long ones.\n[auth.password]\nmin_length = 8\n\n# Files.\n[storage]\n# In megabytes.\nmax_file_size_mb = 20 # mine\n",
		},
		{
			name: "removed by the user stays removed, with all that is in it", base: base,
			user:   "project_id = \"mine\"\n\n[storage]\n",
			target: replace(replace(replace(base, "min_length = 12", "min_length = 14\nmax_length = 99"), "max_file_size_mb = 20", "max_file_size_mb = 30"), "disable_signup = true", "disable_signup = false\n"),
		},
		{
			name: "a table beside one that the user removed", base: "[auth.password]\nmin = 1\n",
			user: "x = 1\n", target: "[auth.password]\nmin = 2\n\n[auth.smtp]\nport = 1\n",
			result: "x = 1\n\n[auth.smtp]\nport = 1\n",
		},
		{
			name: "a string that ends like a comment", base: "# one\na = 1\n",
			user: "note = \"\"\"\n# x\"\"\"\na = 1\n", target: "# two\na = 2\n",
			result: "note = \"\"\"\n# x\"\"\"\na = 2\n",
		},
		{
			name: "removed below a string that ends like a comment", base: "a = 1\nb = 1\n",
			user: "note = \"\"\"\n# x\"\"\"\na = 1\nb = 2\n", target: "b = 1\n",
			result: "note = \"\"\"\n# x\"\"\"\nb = 2\n",
		},
		{
			name: "all is removed by the user", base: base, user: "", target: base + "\n[realtime]\nretention_days = 7\n",
			result: "[realtime]\nretention_days = 7\n",
		},
		{
			name: "both changed the value", base: base,
			user:   replace(base, "min_length = 12", "min_length = 8 # mine"),
			target: replace(replace(base, "# Long ones.", "# Longer ones."), "min_length = 12", "min_length = 14"),
			result: replace(replace(base, "# Long ones.", "# Longer ones."), "min_length = 12\n",
				"<<<<<<< yours\nmin_length = 8 # mine\n||||||| before\nmin_length = 12\n=======\nmin_length = 14\n>>>>>>> forge\n"),
			reasons: []string{"you and forge gave auth.password.min_length different values"},
		},
		{
			name: "both changed a value, which the user writes with dots", base: "[a]\nb = 1\nc = [1]\n",
			user: "x = 1\n  a . b = 2\na.c = [\n  2,\n]\n", target: "[a]\nb = 3\nc = [\n  3\n]\n",
			result: "x = 1\n<<<<<<< yours\n  a . b = 2\n||||||| before\n  a . b = 1\n=======\n  a . b = 3\n>>>>>>> forge\n" +
				"<<<<<<< yours\na.c = [\n  2,\n]\n||||||| before\na.c = [1]\n=======\na.c = [\n  3\n]\n>>>>>>> forge\n",
			reasons: []string{"you and forge gave a.b different values", "you and forge gave a.c different values"},
		},
		{
			name: "both changed a value in an inline table", base: "[a]\nb = 1\n",
			user: "a = { b = 2 }\n", target: "[a]\nb = 3\n",
			err: "insforge.toml:1:7: a.b stands in an inline table, which forge cannot edit; write it as [a]",
		},
		{
			name: "a key to add to an inline table", base: "[a]\nb = 1\n",
			user: "a = { b = 2 }\n", target: "[a]\nb = 1\nc = 1\n",
			err: "insforge.toml:1:5: a is an inline table, which forge cannot extend; write it as [a] so that forge can add a.c",
		},
		{
			name: "a table in a key's place", base: "a = 1\n",
			user: "[a]\nb = 2\n", target: "a = 2\n",
			err: "insforge.toml:1:1: a is a table, but forge needs it to be an integer; rename or remove it",
		},
		{
			name: "a table in a key's place that forge left alone or dropped", base: "a = 1\nb = 1\n",
			user: "[a]\n[b]\n", target: "b = 1\nc = 1\n",
			result: "c = 1\n\n[a]\n[b]\n",
		},
		{
			name: "unreadable", base: base, user: "a = \n", target: base + "\n",
			err: "insforge.toml:1:5: unexpected character U+000A at start of value",
		},
		{
			name: "forge's earlier file in another style", base: "a.b = 1\n", user: "a.b = 1\nc = 1\n", target: "[a]\nb = 1\n",
			err: "forge's earlier insforge.toml:1:1: forge does not merge dotted keys and inline tables; use a [table]",
		},
	})
}

func TestStructured_tomlSets(t *testing.T) {
	set := func(name, base, user, target, result string) mergeCase {
		key := func(array string) string {
			if array == "" {
				return "[auth]\n"
			}
			return "[auth]\nurls = " + array + "\n"
		}
		return mergeCase{name: name, base: key(base), user: key(user), target: key(target), result: key(result)}
	}
	runMerges(t, "insforge.toml", []mergeCase{
		set("forge adds, the user adds", `["a"]`, `["a", "mine"]`, `["a", "b"]`, `["a", "mine", "b"]`),
		set("forge replaces", `["a", "b"]`, `["a", "mine", "b"]`, `["c", "b"]`, `["c", "mine", "b"]`),
		set("forge drops the first", `["a", "b"]`, `[ "a", "mine", "b" ]`, `["b"]`, `[ "mine", "b" ]`),
		set("forge drops the last", `["a", "b"]`, `[ "mine", "b" ]`, `["a"]`, `[ "mine" ]`),
		set("forge drops the last, before a comma", `["a", "b"]`, `["mine", "a", "b",]`, `["a"]`, `["mine", "a",]`),
		set("forge drops all but the user's", `["a", "b"]`, `["a","mine","b"]`, `[]`, `["mine"]`),
		set("forge drops all that is left", `["a", "b"]`, `[ "a" ]`, `[]`, `[]`),
		set("the user dropped it", `["a", "b"]`, `["b"]`, `["a", "b", "c"]`, `["b", "c"]`),
		set("both drop it", `["a", "b"]`, `["b", "mine"]`, `["b"]`, `["b", "mine"]`),
		set("both add it", `[]`, `["a", "mine"]`, `["a"]`, `["a", "mine"]`),
		set("both add the key", "", `["mine"]`, `["a"]`, `["mine", "a"]`),
		set("the user declined the key", `["a"]`, "", `["b"]`, ""),
		set("forge drops the key, with all that is left", `["a", "b"]`, "[ \"b\" ]", "", ""),
		set("forge drops the key, but the user has more", `["a", "b"]`, `["b", "mine"]`, "", `["mine"]`),
		set("forge drops the key, which the user emptied", `["a"]`, `[]`, "", `[]`),
		set("forge adds one twice", `["a"]`, `["a", "mine"]`, `["a", "b", "b"]`, `["a", "mine", "b"]`),
		set("the user's order and comments", `["a", "b", "c"]`,
			"[\n  \"mine\", # mine\n  \"b\", # also mine\n  \"a\",\n  # end\n]", `["a", "d", "e"]`,
			"[\n  \"mine\", # mine\n  \"d\", # also mine\n  \"a\",\n  # end\n  \"e\",\n]"),
		set("lines go, comments stay", `["a", "b", "c"]`,
			"[\n  \"a\",\n  \"mine\",\n  \"b\", # see b\n  \"c\"\n]", `[]`,
			"[\n  \"mine\"\n  # see b\n]"),
		set("a comment alone stays", `["a"]`, "[\n  \"a\", # mine\n]", `[]`, "[\n  # mine\n]"),
		set("a comment before all stays", `["a"]`, "[ # mine\n  \"a\"\n]", `[]`, "[ # mine\n]"),
		set("several on a line", `["a", "b", "c"]`, "[\n  \"a\", \"mine\", \"b\",\n  \"c\", \"mine2\"\n]", `[]`, "[\n  \"mine\",\n  \"mine2\"\n]"),
		set("a comma on its own line", `["a", "b"]`, "[\n  \"mine\"\n  , \"a\"\n  , \"b\"\n]", `["b"]`, "[\n  \"mine\"\n  , \"b\"\n]"),
		set("hash in a string", `["a#", "b"]`, `["a#", "b", "b"]`, `[]`, `[]`),
	})
}
