#!/bin/sh
# The tests and their coverage. `quick` leaves out what needs real servers; `all` runs it where Java
# and Maven are, says loudly where they are not, and fails there when REQUIRE_SERVERS=1.
set -eu
bin=${VENV:-.venv}/bin
missing=""
for tool in java mvn npm; do
  command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
marks="not server and not forms"
limit=0 # coverage is held where everything ran
if [ "$1" = all ] && [ -z "$missing" ]; then
  marks="not forms"
  limit=95
elif [ "$1" = all ]; then
  echo "=====================================================================" >&2
  echo "LEFT OUT: everything with real servers and the official validator." >&2
  echo "Missing:$missing. With Debian: apt install openjdk-17-jdk-headless maven npm" >&2
  echo "=====================================================================" >&2
  if [ "${REQUIRE_SERVERS:-0}" = 1 ]; then
    exit 1
  fi
fi
rm -f .coverage .coverage.*
"$bin/coverage" run -m pytest -m "$marks" tests
"$bin/coverage" combine --quiet
"$bin/coverage" report --fail-under="$limit"
