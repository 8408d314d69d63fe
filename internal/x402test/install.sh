#!/bin/sh
# Compiles token/Token.sol to the path given, unless that is newer. The compiler
# comes as a package of npm, whose client this uses; on Debian and Ubuntu it
# installs the client if need be. The package's one file of WebAssembly is all
# that runs: nothing it depends on is fetched.
set -eu

package=solc@0.8.37
sha512=89e51874f0d118d28cb19a427e2f6d63ae10f804a82fcb7284bbaf7fd7058aa0ecfba8a3971f169f60918b437bd40942bd1c74574f76ae5518bb76f73eec5694
target=$1
folder=$(dirname "$target")
compiler=$folder/soljson-0.8.37.js
here=$(dirname "$0")

newest=$(ls -t "$target" "$here/token/Token.sol" "$here/token/compile.js" 2>/dev/null | head -n 1)
if [ -f "$target" ] && [ "$newest" = "$target" ]; then
	exit 0
fi
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "compiling the tests' token needs node and npm" >&2
		exit 1
	fi
	sudo=""
	if [ "$(id -u)" -ne 0 ]; then
		sudo="sudo"
	fi
	$sudo apt-get update -q
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends nodejs npm
fi
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Written beside the target first, so that an interrupted write is never taken for it.
if [ ! -f "$compiler" ]; then
	(cd "$work" && npm pack --silent "$package" >/dev/null)
	echo "$sha512  $(ls "$work"/*.tgz)" | sha512sum -c --quiet -
	tar -xzf "$work"/*.tgz -C "$work" package/soljson.js
	cp "$work/package/soljson.js" "$compiler.part"
	mv "$compiler.part" "$compiler"
fi
node "$here/token/compile.js" "$compiler" "$here/token/Token.sol" >"$target.part"
mv "$target.part" "$target"
