#!/bin/sh
# Makes sure the programs of a Postgres server (15 or newer) are on this
# machine. On Debian and Ubuntu it installs them; elsewhere it names them.
set -eu

for dir in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null) /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
	if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
		exit 0
	fi
done
if command -v initdb >/dev/null 2>&1 && command -v postgres >/dev/null 2>&1; then
	exit 0
fi
if [ -n "${PGBIN:-}" ] && [ -x "$PGBIN/initdb" ]; then
	exit 0
fi
if command -v apt-get >/dev/null 2>&1; then
	sudo=""
	if [ "$(id -u)" -ne 0 ]; then
		sudo="sudo"
	fi
	$sudo apt-get update -q
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql
	exit 0
fi
echo "the tests need the programs of a Postgres server, 15 or newer (initdb, postgres):" >&2
echo "install them and put their folder on PATH or into PGBIN" >&2
exit 1
