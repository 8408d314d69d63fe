package merge

import "testing"

func TestStructured_env(t *testing.T) {
	const base = `# Copy this file to .env.

# Listen here.
# Optional: [host]:port.
# ADDR=:8080

# Where InsForge is.
INSFORGE_URL=http://localhost:7130

# The key of the provider.
CLERK_KEY=pk_test
`
	runMerges(t, ".env.example", []mergeCase{
		{
			name: "both add at the end", base: base,
			user:   base + "\n# mine\nMINE=1\n",
			target: base + "\n# The wallet.\nWALLET=0x0\n",
			result: base + "\n# The wallet.\nWALLET=0x0\n\n# mine\nMINE=1\n",
		},
		{
			name: "both add at the end, the user below the last one", base: base,
			user:   base + "MINE=1\n",
			target: base + "\n# The wallet.\nWALLET=0x0\n",
			result: base + "MINE=1\n\n# The wallet.\nWALLET=0x0\n",
		},
		{
			name: "added below the variable it follows, next to the user's",
			base: "A=1\nB=2\n\nC=3\n", user: "A=1\nMINE=1\nB=2\n\nC=3\n", target: "A=1\nNEW=1\nB=2\n\nC=3\n",
			result: "A=1\nNEW=1\nMINE=1\nB=2\n\nC=3\n",
		},
		{
			name: "added before all", base: "A=1\n", user: "MINE=1\nA=1\n", target: "NEW=1\n\nA=1\n",
			result: "MINE=1\nA=1\n\nNEW=1\n",
		},
		{
			name: "the user has it already", base: "A=1\n", user: "A=1\nNEW=mine\n", target: "A=1\nNEW=forge\n",
		},
		{
			name: "the user declined it already", base: "A=1\n", user: "A=1\n# NEW=x\n", target: "A=1\n\n# new\nNEW=forge\n",
		},
		{
			name: "the user declined it already, in a comment on another", base: "A=1\n",
			user: "# NEW=x\n# What A is.\nA=1\n", target: "A=1\n\nNEW=forge\n",
		},
		{
			name: "added behind one that the user removed", base: "# A=1\nB=1\n",
			user: "# A=1\n", target: "# A=1\nB=1\n# c\nC=1\n",
			result: "# A=1\n\n# c\nC=1\n",
		},
		{
			name: "changed with its comment", base: base,
			user:   replace(base, "7130\n", "7130\nMINE=1\n"),
			target: replace(replace(base, "7130", "7131"), "Where InsForge is.", "Where InsForge listens."),
			result: replace(replace(base, "7130\n", "7131\nMINE=1\n"), "Where InsForge is.", "Where InsForge listens."),
		},
		{
			name:   "added behind remarks to whose last one the user added a line",
			base:   "A=1\n\n# one\n# B=b c\n\n# two\n# C=c d\n",
			user:   "A=1\n\n# one\n# B=b c\n\n# two\n# C=c d\n# mine\n",
			target: "A=1\n\n# one\n# B=b c\n\n# two\n# C=c d\n\n# three\nD=1\n\n# four\n# five\n# six\n# seven\n# eight\nE=1\n",
			result: "A=1\n\n# three\nD=1\n\n# four\n# five\n# six\n# seven\n# eight\nE=1\n\n# one\n# B=b c\n\n# two\n# C=c d\n# mine\n",
		},
		{
			name: "changed below a comment that the user gave to another",
			base: "# a\nA=1\n", user: "# a\nMINE=1\nA=1\n", target: "# aa\nA=2\n",
			result: "# a\nMINE=1\nA=2\n",
		},
		{
			name: "changed where the user edited next to it", base: "# a\nA=1\n# b\nB=2\n",
			user: "# a\nA=1\n# b\nB=mine\n", target: "# a\nA=3\n# bb\nB=2\n",
			result: "# a\nA=3\n# bb\nB=mine\n",
		},
		{
			name: "the comment changed far above what the user put into it",
			base: "# a1\n# a2\n# a3\nA=1\n", user: "# a1\n# a2\n# a3\nMINE=1\nA=1\n", target: "# b1\n# a2\n# a3\nA=1\n",
			result: "# b1\n# a2\n# a3\nMINE=1\nA=1\n",
		},
		{
			name: "changed in the user's way of writing it", base: "A=1\nB=1\n",
			user: "  A = 1\nB=mine\n", target: "A=2\nB=1\n",
			result: "  A =2\nB=mine\n",
		},
		{
			name: "the user's comment stays where both changed it", base: "# one\nA=1\nB=1\n",
			user: "# mine\nA=1\nB=1\n", target: "# two\nA=2\nB=1\n",
			result: "# mine\nA=2\nB=1\n",
		},
		{
			name: "offered becomes required, and the other way round", base: "# A=1\nB=1\nC=1\n",
			user: "# A=1\nMINE=1\nB=1\nC=1\n", target: "A=1\n# B=1\nC=1\n",
			result: "A=1\nMINE=1\n# B=1\nC=1\n",
		},
		{
			name: "removed by forge, with its comment", base: base,
			user:   replace(base, "CLERK_KEY=pk_test\n", "CLERK_KEY=pk_test\n\nMINE=1\n"),
			target: "# Copy this file to .env.\n\n# Where InsForge is.\nINSFORGE_URL=http://localhost:7130\n",
			result: "# Copy this file to .env.\n\n# Where InsForge is.\nINSFORGE_URL=http://localhost:7130\n\nMINE=1\n",
		},
		{
			name: "removed by forge, kept because the user changed it",
			base: "# a\nA=1\n\n# b\nB=1\n\nC=1\n", user: "# a\nA=mine\n\n# mine\nB=1\n\nC=1\n", target: "C=1\n",
		},
		{
			name: "removed by forge, kept because the user set it twice", base: "A=1\nB=1\n",
			user: "A=1\nA=1\nB=2\n", target: "B=1\n",
		},
		{
			name: "removed by the user stays removed", base: base,
			user:   "# Copy this file to .env.\n\nINSFORGE_URL=mine\n",
			target: replace(replace(base, ":8080", ":9090"), "pk_test", "pk_live"),
		},
		{
			name: "all is removed by the user", base: "A=1\n", user: "", target: "A=2\n\n# b\nB=1\n",
			result: "# b\nB=1\n",
		},
		{
			name: "declined by the user stays declined", base: "A=1\nB=1\n",
			user: "# A=1\nB=1\n", target: "A=2\nB=2\n",
			result: "# A=1\nB=2\n",
		},
		{
			name: "the user's own example and setting of an optional one", base: "# A=1\n\n# B=1\n\nC=1\n",
			user: "# A=mine\n\nB=mine\n\nC=1\n", target: "# A=2\n\n# B=2\n\nC=2\n",
			result: "# A=mine\n\nB=mine\n\nC=2\n",
		},
		{
			name: "both changed the value", base: "# a\nA=1\n\nB=1\n",
			user: "# a\nexport A=mine\n\nB=1\n", target: "# aa\nA=2\n\nB=2\n",
			result:  "# aa\n<<<<<<< yours\nexport A=mine\n||||||| before\nA=1\n=======\nA=2\n>>>>>>> forge\n\nB=2\n",
			reasons: []string{"you and forge gave A different values"},
		},
		{
			name: "two conflicts", base: "A=1\nB=1\n", user: "B=3\nA=3\n", target: "A=2\nB=2\n",
			result: "<<<<<<< yours\nB=3\n||||||| before\nB=1\n=======\nB=2\n>>>>>>> forge\n" +
				"<<<<<<< yours\nA=3\n||||||| before\nA=1\n=======\nA=2\n>>>>>>> forge\n",
			reasons: []string{"you and forge gave B different values", "you and forge gave A different values"},
		},
		{
			name: "both made the same change", base: "A=1\nB=1\n", user: "A=2\nB=1\nMINE=1\n", target: "A=2\nB=2\n",
			result: "A=2\nB=2\nMINE=1\n",
		},
		{
			name: "the last line counts", base: "A=1\n", user: "A=1\nA=mine\n", target: "A=2\n",
			result:  "A=1\n<<<<<<< yours\nA=mine\n||||||| before\nA=1\n=======\nA=2\n>>>>>>> forge\n",
			reasons: []string{"you and forge gave A different values"},
		},
		{
			name: "a comment that belongs to nothing", base: "# Copy this file.\n\nA=1\nB=1\n",
			user: "# Copy this file.\n\nMINE=1\nA=1\nB=1\n", target: "# Copy this file to .env.\n\nA=2\nB=1\n",
			result: "# Copy this file to .env.\n\nMINE=1\nA=2\nB=1\n",
		},
		{
			name: "the user's comment that belongs to nothing", base: "# Copy this file.\n\nA=1\nB=1\n",
			user: "# My project.\n\nMINE=1\nA=1\nB=1\n", target: "# Copy this file to .env.\n\nA=2\nB=1\n",
			result: "# My project.\n\nMINE=1\nA=2\nB=1\n",
		},
		{
			name: "a wrapped sentence is no variable", base: "X=1\n",
			user:   "X=1\nMINE=1\n",
			target: "X=1\n\n# Required unless\n# MOCK=true.\n# Optional: the key.\n# KEY=\n\n# No money moves.\n# MOCK=false\n",
			result: "X=1\nMINE=1\n\n# Required unless\n# MOCK=true.\n# Optional: the key.\n# KEY=\n\n# No money moves.\n# MOCK=false\n",
		},
		{
			name: "a wrapped sentence goes with the comment it is in",
			base: "X=1\n\n# Required unless\n# MOCK=true.\n# Optional: the key.\n# KEY=\n\n# No money moves.\n# MOCK=false\n",
			user: "X=1\n\n# Required unless\n# MOCK=true.\n# Optional: the key.\n# KEY=\n", target: "X=1\n",
			result: "X=1\n",
		},
		{
			name: "not a variable", base: "A=1\n", user: "A=1\nfoo\n", target: "A=2\n",
			err: ".env.example:2:1: neither a comment nor NAME=value",
		},
		{
			name: "forge sets one twice", base: "A=1\n", user: "A=1\nB=1\n", target: "A=1\nA=2\n",
			err: "forge's .env.example:2:1: A is set twice",
		},
	})
}
