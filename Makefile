# Everything a new machine needs is made here: Python 3.11 or later and make are enough for
# `make demo`; the real servers of `make test` want Java 17, Maven, npm and PostgreSQL besides.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run
TEST := $(VENV)/.test
BENCH := $(VENV)/.bench
WHEEL := $(VENV)/.wheel
SOURCES := $(shell find src profiles/r4 profiles/r5 examples/clinic examples/plans examples/year -type f -not -name '*.pyc' 2>/dev/null) pyproject.toml README.md

.PHONY: demo demo-hapi test test-faults helios ladder check lint types unit servers forms golden pages profiles mutate-profiles bench lock clean

demo: $(RUN)  ## the example clinic, mapped and synced to a folder
	$(BIN)/alliance-fhir demo

demo-hapi: $(RUN)  ## the same with a real HAPI FHIR server on this machine (Java 17, Maven)
	$(BIN)/alliance-fhir sandbox start
	$(BIN)/alliance-fhir demo --to http://127.0.0.1:8080/fhir
	@echo "The server goes on running; this ends it: $(BIN)/alliance-fhir sandbox stop"

test: $(TEST) $(WHEEL)  ## everything: lint, types, layers, all tests with real servers, coverage
	$(MAKE) lint types
	VENV=$(VENV) sh tests/run.sh all

test-faults: $(TEST) $(WHEEL)  ## the long runs of failures; SEED=N repeats one, YEAR=all takes all of the example's messages
	$(BIN)/pytest -m faults tests/faults tests/fhir/test_engine.py

HFS ?= .cache/helios/bin/hfs
ladder: $(TEST) $(WHEEL)  ## the whole contract suite on HAPI R4B, R5, and on R4 with each ability taken away
	LADDER=all $(BIN)/pytest -q -m "server and not helios" tests/contract

helios: $(TEST) $(WHEEL) $(HFS)  ## the tests on a third real server, Helios hfs (cargo, npm); HFS=FILE where it is built already
	HFS=$(abspath $(HFS)) $(BIN)/pytest -q -m helios tests

check: $(TEST) $(WHEEL)  ## what needs no server
	$(MAKE) lint types
	VENV=$(VENV) sh tests/run.sh quick

lint: $(TEST) $(WHEEL)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(TEST) $(WHEEL)
	$(BIN)/basedpyright --warnings

forms: $(TEST) $(WHEEL)  ## our Questionnaires score themselves in a real form filler (Node, Chromium)
	$(BIN)/pytest -m forms tests

golden: $(TEST) $(WHEEL)  ## writes the golden files anew; look at the difference before you commit
	PYTHONPATH=tests $(BIN)/python -m golden.regenerate

profiles: $(TEST) $(WHEEL)  ## writes profiles/ anew, and the pages of docs/ that tell of them
	PYTHONPATH=tests $(BIN)/python profiles/build.py
	PYTHONPATH=docs $(BIN)/python -m pages

pages: $(TEST) $(WHEEL)  ## writes docs/profiles and docs/instruments anew, of what there is
	PYTHONPATH=docs $(BIN)/python -m pages

mutate-profiles: $(TEST) $(WHEEL)  ## takes each constraint out of the profiles: a fault has to be missed
	PYTHONPATH=tests:tests/fhir $(BIN)/python -m profile_mutants

bench: $(TEST) $(WHEEL) $(BENCH)  ## the ratios of benchmarks/, in one run each (Java 17, Maven)
	code=0; for of in map plans messages mllp sync; do $(BIN)/python -m benchmarks.$$of || code=$$?; done; exit $$code

lock: $(TEST)  ## renews the lock files
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --quiet --upgrade pyproject.toml -o requirements/run.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --quiet --upgrade pyproject.toml --group test -c requirements/run.lock -o requirements/test.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --quiet --upgrade --group bench -c requirements/test.lock -o requirements/bench.lock

# --- how it is made -------------------------------------------------------------------------------

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed")'
	$(PYTHON) -m venv $(VENV)

$(RUN): $(BIN)/python requirements/run.lock $(SOURCES)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall .
	touch $@

$(TEST): $(BIN)/python requirements/test.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.lock
	touch $@

$(BENCH): $(TEST) requirements/bench.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.lock
	touch $@

# the tests import the wheel that was built, not the sources beside them
$(WHEEL): $(TEST) $(SOURCES)
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall dist/*.whl
	touch $@ $(RUN)

# a quarter of an hour, once; it stays until somebody removes .cache
.cache/helios/bin/hfs:
	CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet helios-hfs --version 0.2.7 --locked --debug \
	  --no-default-features --features R4,sqlite --root .cache/helios

clean:
	rm -rf $(VENV) dist .coverage* .pytest_cache .ruff_cache alliance-demo .alliance-fhir
