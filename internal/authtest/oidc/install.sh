#!/bin/sh
# Installs the npm package of an OpenID provider into the folder given, exactly as
# package-lock.json has it, unless it is there. No script of its runs.
set -eu

target=$1
here=$(dirname "$0")

if cmp -s "$here/package-lock.json" "$target/installed.json"; then
	exit 0
fi
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
	echo "signing in with OpenID Connect needs node and npm, which internal/x402test/install.sh installs on Debian" >&2
	exit 1
fi
mkdir -p "$target"
cp "$here/package.json" "$here/package-lock.json" "$target/"
(cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --silent)
cp "$here/package-lock.json" "$target/installed.json"
