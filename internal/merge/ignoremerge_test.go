package merge

import "testing"

func TestStructured_gitignore(t *testing.T) {
	const base = "# Secrets.\n.env*\n!.env.example\n\n/bin/\n"
	runMerges(t, ".gitignore", []mergeCase{
		{
			name: "both add at the end", base: base,
			user: base + "mine\n", target: base + "/dist/\n",
			result: "# Secrets.\n.env*\n!.env.example\n\n/bin/\n/dist/\nmine\n",
		},
		{
			name: "both add a paragraph at the end", base: base,
			user: base + "\n# mine\n*.log\n", target: base + "\n# Built.\n/dist/\n/out/\n",
			result: base + "\n# Built.\n/dist/\n/out/\n\n# mine\n*.log\n",
		},
		{
			name: "added at the head of a paragraph, beside the user's", base: base,
			user:   "# Secrets.\nmine\n.env*\n!.env.example\n\n/bin/\n",
			target: "# Secrets.\n*.pem\n.env*\n!.env.example\n\n/bin/\n",
			result: "# Secrets.\n*.pem\nmine\n.env*\n!.env.example\n\n/bin/\n",
		},
		{
			name: "added with all around it gone", base: base,
			user: "mine\n", target: base + "/dist/\n",
			result: "mine\n\n# Added by forge\n/dist/\n",
		},
		{
			name: "an exception must follow", base: base,
			user:   "!.env.example\n/bin/\n.env*\n!.env.example\n",
			target: "# Secrets.\n.env*\n*.example\n!.env.example\n\n/bin/\n",
			result: "!.env.example\n/bin/\n.env*\n*.example\n!.env.example\n",
		},
		{
			name: "an exception follows the added rule again", base: base,
			user:   "!.env.example\n/bin/\n",
			target: "# Secrets.\n.env*\n!.env.example\n\n/bin/\n*.example\n!.env.example\n",
			result: "!.env.example\n/bin/\n*.example\n!.env.example\n",
		},
		{
			name: "an exception follows a rule that only fits at the end", base: ".env*\n!.env.example\n/bin/\n",
			user:   "!.env.example\n.env*\n/bin/\n",
			target: ".env*\n*.example\n!.env.example\n/bin/\n",
			result: "!.env.example\n.env*\n/bin/\n\n# Added by forge\n*.example\n!.env.example\n",
		},
		{
			name: "an exception that forge makes twice", base: "",
			user: "mine\n", target: "a*\n!ab\nab*\n!ab\n",
			result: "mine\n\n# Added by forge\na*\nab*\n!ab\n",
		},
		{
			name: "the user has it", base: base, user: "/dist/\n" + base, target: base + "/dist/\n",
		},
		{
			name: "the user wants the opposite", base: base, user: base + "!/dist/\n", target: base + "/dist/\n",
		},
		{
			name: "the user ignores what forge excepts", base: base, user: base + "*.log\n", target: base + "!*.log\n",
		},
		{
			name: "forge changes its mind", base: base, user: base + "mine\n", target: replace(base, "!.env.example", ".env.example"),
			result: "# Secrets.\n.env*\n.env.example\n\n/bin/\nmine\n",
		},
		{
			name: "removed with its comment", base: base + "\n# Built.\n/dist/\n",
			user: base + "\n# Built.\n/dist/\n\n# mine\nmine\n", target: base,
			result: base + "\n# mine\nmine\n",
		},
		{
			name: "removed from a comment that says more", base: base + "\n# Built.\n/dist/\n/out/\n",
			user: base + "\n# Built.\n/dist/\nmine\n/out/\n", target: base,
			result: base + "\n# Built.\nmine\n",
		},
		{
			name: "the user's comment stays", base: base + "\n# Built.\n/dist/\n",
			user: base + "\n# Built here.\n/dist/\nmine\n", target: base,
			result: base + "\n# Built here.\nmine\n",
		},
		{
			name: "removed by the user stays removed", base: base,
			user: "/bin/\nmine\n", target: base + "/dist/\n",
			result: "/bin/\n/dist/\nmine\n",
		},
		{
			name: "forge's own paragraph goes with its heading", base: base + "/dist/\n",
			user: "mine\n\n# Added by forge\n/dist/\n", target: base,
			result: "mine\n",
		},
	})
}
