# Everything a person or a machine does with this tree. `make help` prints the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Where the machine asks for no bytecode, each of the hundreds of processes of a run would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
PIP := $(PY) -m pip --quiet --quiet --disable-pip-version-check --no-input
# Two workers a core: a story waits for processes and for the disk about half of its time. Who has nothing left takes
# over from the others.
WORKERS := $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$(( n < 2 ? 2 : n > 4 ? 8 : 2 * n )))
PYTEST := $(PY) -m pytest -q -n $(WORKERS) --dist worksteal

# $(call need,test that it is there,what it is,packages): install with apt as root, else say what to do.
define need
if ! { $(1); } >/dev/null 2>&1; then \
  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
    echo "Installing $(2) ..."; \
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends $(3); } \
      >/dev/null 2>&1 </dev/null || { echo "$(2) could not be installed; try: apt-get install $(3)" >&2; exit 1; }; \
  else \
    echo "$(2) is missing; install it first: sudo apt-get install $(3)" >&2; exit 1; \
  fi; \
fi
endef

.PHONY: help
help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-9s %s\n", $$1, $$2 }'

# ------------------------------------------------------------------------------------ the two commands

.PHONY: demo
demo: $(RUN) gnupg ## set up what is missing, then play one disclosure from post to end
	@$(PY) -m gateway demo

.PHONY: test
test: $(DEV) gnupg postgresql ## set up what is missing, then run the tests
	@$(PYTEST)

# -------------------------------------------------------------------------------------------- the rest

.PHONY: test-long
test-long: $(DEV) gnupg postgresql ## every test, every story on PostgreSQL as well
	@EMBARGO_TEST_LONG=1 $(PYTEST)

.PHONY: side
side: $(DEV) gnupg postgresql ## the stories of rarer turns and attacks, which make test leaves out
	@$(PYTEST) -m side

.PHONY: stories
stories: $(DEV) gnupg postgresql ## the stories that make test tells on SQLite alone, on PostgreSQL
	@EMBARGO_TEST_LONG=1 $(PYTEST) tests/stories -k postgresql

.PHONY: serve
serve: $(RUN) gnupg ## run the service in the foreground, with ./config.toml
	@$(PY) -m gateway serve

.PHONY: check
check: lint types imports docs ## lint + types + imports + docs

.PHONY: lint
lint: $(DEV) ## rules and format of the code
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

.PHONY: types
types: $(DEV) ## types of the four packages
	@$(PY) -m mypy

.PHONY: imports
imports: $(DEV) ## who may import whom
	@$(VENV)/bin/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

.PHONY: docs
docs: $(DEV) ## what the docs say holds
	@$(PY) -m pytest -q tests/test_docs.py tests/test_architecture.py

.PHONY: bench
bench: $(DEV) gnupg ## how long intake and the fan-out to a hundred members take
	@$(PY) benchmarks/run.py

.PHONY: model
model: $(RUN) ## search every position of a small world with the real policy/ code
	@$(PY) -m tools.model

.PHONY: mutants
mutants: $(DEV) ## change policy/ (or MODULE=dates) in small ways, and see whether the tests notice
	@$(PY) -m tools.mutants $(MODULE)

.PHONY: lock
lock: ## resolve the two lock files anew from pyproject.toml
	@$(PYTHON) -m venv build/lock && build/lock/bin/python -m pip install -q pip-tools
	@for one in "requirements.txt --extra=postgres" "requirements-dev.txt --extra=postgres --extra=dev"; do \
	  set -- $$one; file=$$1; shift; echo "resolving $$file"; \
	  env -u PIP_FIND_LINKS -u PIP_CONSTRAINT PIP_CONFIG_FILE=/dev/null build/lock/bin/pip-compile -q --upgrade \
	    --generate-hashes --strip-extras --allow-unsafe --all-build-deps --no-header \
	    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links "$$@" -o build/$$file pyproject.toml; \
	  { echo "# Made by 'make lock' from pyproject.toml: exact versions, with the hashes of all their published files."; \
	    echo; sed -e '/./,$$!d' build/$$file; } > $$file; \
	done

.PHONY: clean
clean: ## remove what can be made again
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage

# ------------------------------------------------------------------------------------- setting it up

.PHONY: gnupg
gnupg:
	@$(call need,command -v gpg && command -v gpg-agent && command -v gpgconf,GnuPG,gnupg)

# The tests run on PostgreSQL too. As root it is installed, without the server that the package would
# start by itself; for anybody else the rest of the tests is still worth running.
.PHONY: postgresql
postgresql:
	@if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    conf=/etc/postgresql-common/createcluster.conf; \
	    if [ ! -e $$conf ]; then mkdir -p $${conf%/*}; echo "create_main_cluster = false" > $$conf; fi; \
	    export UCF_FORCE_CONFFOLD=1; \
	    $(call need,false,PostgreSQL,postgresql); \
	  else \
	    echo "PostgreSQL is missing, so its tests are left out; to run them: sudo apt-get install postgresql"; \
	  fi; \
	fi

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12" >&2; exit 1; }
	@$(call need,$(PYTHON) -c "import ensurepip",the Python module venv,python3-venv)
	@echo "Making $(VENV) (only the first time) ..."
	@$(PYTHON) -m venv $(VENV)

$(RUN): requirements.txt pyproject.toml | $(PY)
	@echo "Installing the locked libraries ..."
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# All in one go: the tools' lock file holds the libraries, too.
$(DEV): requirements-dev.txt pyproject.toml | $(PY)
	@echo "Installing the locked libraries, and the tools for tests and checks ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(RUN)
	@touch $@
