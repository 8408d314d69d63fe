#!/bin/sh
# Installs the npm packages of the generated Better Auth server into the folder
# given, exactly as its package-lock.json has them, unless they are there. No
# script of theirs runs.
set -eu

target=$1
server=$(dirname "$0")/../../templates/auth/better-auth/files/auth-server

if cmp -s "$server/package-lock.json.tmpl" "$target/installed.json"; then
	exit 0
fi
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
	echo "the Better Auth server needs node and npm, which internal/x402test/install.sh installs on Debian" >&2
	exit 1
fi
mkdir -p "$target"
for file in package.json package-lock.json; do
	sed 's/{{ \.Name }}/shop/' "$server/$file.tmpl" >"$target/$file"
done
(cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --silent)
cp "$server/package-lock.json.tmpl" "$target/installed.json"
