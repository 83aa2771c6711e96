#!/bin/sh
# The tests. `quick` leaves out what needs real servers, and what takes long, and uses every core;
# `all` runs that as well, servers one at a time, but for what `make helios` alone runs, and holds the coverage. Where Java, Maven, npm or PostgreSQL are missing `all`
# says loudly what it left out, and fails there when REQUIRE_SERVERS=1.
set -eu
bin=${VENV:-.venv}/bin
if [ "$1" = quick ]; then
  exec "$bin/pytest" -q -n auto -m "not server and not forms and not long and not faults" tests
fi
missing=""
for tool in java mvn npm; do
  command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
# Debian keeps PostgreSQL's programs out of PATH
set -- "$1" /usr/lib/postgresql/*/bin/initdb
if ! command -v initdb >/dev/null 2>&1 && ! [ -x "$2" ]; then
  missing="$missing postgresql"
fi
if [ -n "$missing" ]; then
  echo "=====================================================================" >&2
  echo "LEFT OUT: everything with real servers and the official validator." >&2
  echo "Missing:$missing. With Debian: apt install openjdk-17-jdk-headless maven npm postgresql" >&2
  echo "=====================================================================" >&2
  if [ "${REQUIRE_SERVERS:-0}" = 1 ]; then
    exit 1
  fi
fi
export RUNGS=all
rm -f .coverage .coverage.*
"$bin/coverage" run -m pytest -q -n auto -m "not server and not forms and not faults" tests
if [ -z "$missing" ]; then
  "$bin/coverage" run -m pytest -q -m "server and not faults and not helios" tests
fi
"$bin/coverage" combine --quiet
"$bin/coverage" report
