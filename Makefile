# Needs python3 (3.11 or newer, with venv), git and make; everything else comes from requirements/ into .venv on first use.

.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# The first of these that is new enough and has venv, looked for when it is needed; PYTHON=/path/to/python3 overrules it.
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
FITNESS := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
ifndef PYTHON
FOUND = $(shell for each in $(CANDIDATES); do "$$each" -c '$(FITNESS)' 2>/dev/null && echo "$$each" && break; done)
PYTHON = $(eval PYTHON := $$(FOUND))$(PYTHON)
endif

# Many tests wait for processes, git and sockets: fewer than four at a time leave two processors idle for a third of the run.
WORKERS = $(shell "$(PYTHON)" -c 'import os; print(max(4, os.cpu_count() or 1))')

# With WHEEL=dist/….whl everything runs with that instead of the sources. TESTS are more arguments for pytest.
WHEEL ?=
TESTS ?=
EXTRAS ?=

VENV := .venv$(if $(WHEEL),-wheel)
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
SUBJECT := $(if $(WHEEL),--force-reinstall $(WHEEL),--editable .)

.PHONY: help
help:  ## list the words
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

.PHONY: demo
demo: $(VENV)/installed  ## show the whole nightly job on two embedded registries
	$(VENV)/bin/gcrsync demo

.PHONY: install
install: $(VENV)/installed $(EXTRAS:%=$(VENV)/extra-%)  ## put gcrsync into .venv/bin, from the lock; EXTRAS="dask notify" too

.PHONY: test
test: $(VENV)/developed  ## run the tests; none needs a network
	$(VENV)/bin/python -m pytest --numprocesses $(WORKERS) $(TESTS)

.PHONY: lint
lint: $(VENV)/developed  ## read everything that can be read without running it
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/actionlint .github/workflows/*.yml
	$(VENV)/bin/zizmor --offline --no-progress --persona pedantic .github
	@if command -v shellcheck >/dev/null; then shellcheck .ci/run; else echo "No shellcheck on PATH: shell scripts were not read"; fi

.PHONY: fix
fix: $(VENV)/developed  ## let ruff mend and format what it can
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

.PHONY: cover
cover: $(VENV)/developed  ## run the tests, and show the lines and branches that none of them reached
	rm -f .coverage .coverage.*
	$(VENV)/bin/coverage run -m pytest --numprocesses $(WORKERS) $(TESTS)
	$(VENV)/bin/coverage combine --quiet
	$(VENV)/bin/coverage report

.PHONY: soak
soak: $(VENV)/developed  ## run the tests that take long
	$(VENV)/bin/python -m pytest -m soak $(TESTS)

.PHONY: picture
picture: $(VENV)/developed  ## draw the README's picture of a run anew
	FORCE_COLOR=1 COLUMNS=112 $(VENV)/bin/gcrsync demo 2>&1 | $(VENV)/bin/python docs/picture.py >docs/demo.svg

.PHONY: answers
answers: $(VENV)/developed  ## run the commands on the pages of README and docs, and write their answers there
	PYTHONPATH=. $(VENV)/bin/python docs/answers.py README.md docs/*.md

.PHONY: wheel
wheel: $(VENV)/developed  ## build dist/gcrsync-….whl
	$(VENV)/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

.PHONY: lock
lock: $(VENV)/developed  ## resolve the dependencies again; LOCK=--upgrade takes the newest versions
	$(COMPILE) --group build --output-file requirements/run.txt
	$(COMPILE) --group dev --extra dask --extra notify --constraints requirements/run.txt --output-file requirements/dev.txt
	for extra in dask notify; do \
	  $(COMPILE) --extra $$extra --constraints requirements/dev.txt --output-file requirements/$$extra.txt || exit 1; done

COMPILE = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command 'make lock' $(LOCK) pyproject.toml
LOCK ?=

.PHONY: clean
clean:  ## remove everything that make has made
	rm -rf .venv .venv-wheel build dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ] || ! "$(PYTHON)" -c '$(FITNESS)' 2>/dev/null; then \
	  echo "gcrsync needs Python 3.11 or newer with venv, and $(if $(PYTHON),$(PYTHON) is not that,none of $(CANDIDATES) is that):" \
	    "install it (on Debian: python3 and python3-venv), or name one with PYTHON=/path/to/python3" >&2; exit 1; fi
	"$(PYTHON)" -m venv $(VENV)

# A stamp is older than the lock when the lock has changed, and then the installation is brought up to date.
$(VENV)/installed: requirements/run.txt pyproject.toml $(WHEEL) | $(VENV)/bin/python
	$(PIP) --require-hashes --requirement requirements/run.txt
	$(PIP) --no-deps --no-build-isolation $(SUBJECT)
	@touch $@

$(VENV)/extra-%: requirements/%.txt | $(VENV)/installed
	$(PIP) --require-hashes --requirement $<
	@touch $@

$(VENV)/developed: requirements/dev.txt pyproject.toml $(WHEEL) | $(VENV)/bin/python
	$(PIP) --require-hashes --requirement requirements/dev.txt
	$(PIP) --no-deps --no-build-isolation $(SUBJECT)
	@touch $@ $(VENV)/installed
