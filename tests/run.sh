#!/bin/sh
# The tests. `quick` leaves out what needs real servers, and what takes long, and uses every core;
# `all` runs that as well, but for what `make helios` alone runs. What needs servers runs one at a
# time, and leaves a core idle while it waits for them: the others run beside it, and give way to it.
# The quick ones alone hold the coverage: counting branches makes a test take twice as long, and the
# long ones and real servers take the same code's ways with other replies. Where Java, Maven, npm or
# PostgreSQL are missing `all` says loudly what it left out, and fails there when REQUIRE_SERVERS=1.
# Where Chromium is missing it says so as loudly, and goes on: not every machine can have one.
set -eu
bin=${VENV:-.venv}/bin
# as images with Python set it: then each process rewrites the asserts of all tests anew
unset PYTHONDONTWRITEBYTECODE
serverless="not server and not forms and not faults"
# each process takes the next tests from whoever has most left
every_core="-q -n auto --dist worksteal"
quick="$serverless and not long and not rung"
slow="$serverless and (long or rung)"
if [ "$1" = quick ]; then
  exec "$bin/pytest" $every_core -m "$quick" tests
fi
without_servers() {
  # a test that hangs ends by itself (pytest's timeout); this is for a process that does not end
  set -- nice -n 5 timeout --kill-after=60 4000
  trap 'kill "$running" 2>/dev/null; exit 143' TERM
  code=0
  "$@" "$bin/coverage" run -m pytest $every_core -m "$quick" tests &
  running=$!
  wait "$running" || code=1
  "$@" "$bin/pytest" $every_core -m "$slow" tests &
  running=$!
  wait "$running" || code=1
  exit "$code"
}
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
with_servers="server"
if command -v chromium || command -v chromium-browser || command -v google-chrome; then
  with_servers="(server or forms)"
else
  echo "=====================================================================" >&2
  echo "LEFT OUT: the forms in a browser (make forms)." >&2
  echo "Missing: chromium. With Debian: apt install chromium" >&2
  echo "=====================================================================" >&2
fi >/dev/null
rm -f .coverage .coverage.*
failed=0
told=$(mktemp)
if [ -n "$missing" ]; then
  without_servers &
else
  without_servers >"$told" 2>&1 &
fi
beside=$!
trap 'kill "$beside" 2>/dev/null; cat "$told"; rm -f "$told"' EXIT
trap 'exit 130' INT TERM
if [ -z "$missing" ]; then
  echo "With real servers:"
  "$bin/pytest" -q -m "$with_servers and not faults and not helios" tests || failed=1
fi
wait "$beside" || failed=1
trap 'rm -f "$told"' EXIT
if [ -z "$missing" ]; then
  echo "Without:"
  cat "$told"
fi
"$bin/coverage" combine --quiet
"$bin/coverage" report || failed=1
exit "$failed"
