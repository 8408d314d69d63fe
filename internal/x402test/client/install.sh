#!/bin/sh
# Installs the npm packages of real buyers into the folder given, exactly as
# package-lock.json has them, unless they are there. No script of theirs runs.
set -eu

target=$1
here=$(dirname "$0")

if cmp -s "$here/package-lock.json" "$target/installed.json"; then
	exit 0
fi
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
	echo "buying as programs do needs node and npm, which internal/x402test/install.sh installs on Debian" >&2
	exit 1
fi
mkdir -p "$target"
cp "$here/package.json" "$here/package-lock.json" "$target/"
(cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --silent)
cp "$here/package-lock.json" "$target/installed.json"
