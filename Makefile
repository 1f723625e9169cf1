# `make` alone tells what there is. Everything runs in .venv, made from the pinned versions.
PYTHON ?= python3
PYTEST = .venv/bin/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder
.DEFAULT_GOAL := help
BEGAN := $(shell date +%s)

help: ## list these targets
	@grep -E '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/installed: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "making .venv from the pinned versions (about a minute, once)"
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: .venv/installed ## make .venv from the pinned versions

run: setup ## run everything: servers, worker, simulated province, live table; Ctrl-C stops
	@.venv/bin/opscentre run --began $(BEGAN)

quick: check ## check, then run the tests that need no servers and little time: under a minute
	@$(PYTEST) -m "not servers and not slow"

test: check ## check, then run all tests, each process of them on servers of its own
	@$(PYTEST)

check: setup ## lint, types, import contracts, generated documents
	@$(MAKE) --no-print-directory --jobs 2 --output-sync types style

types: ## mypy, over code and tests
	@.venv/bin/mypy

style: ## lint, format, layers, generated documents
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/lint-imports
	@.venv/bin/opscentre build --check
	@.venv/bin/opscentre dashboards build --check

format: setup ## format the code
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

bench: setup ## measure throughput, latency and memory
	@.venv/bin/opscentre bench

SEEDS ?= 5
torture: setup ## random schedules of faults under load, exact afterwards; SEEDS=100 for as many
	@.venv/bin/python -m tests.torture --seeds $(SEEDS)

pictures: setup ## make the pictures of docs/screens.md from what `make run` shows
	@.venv/bin/python -m tests.pictures

lock: ## pin the newest versions that pyproject.toml allows (needs uv)
	uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev -o requirements-dev.lock pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements-dev.lock -o requirements.lock pyproject.toml

clean-data: ## stop the servers and delete the data, to start over
	@if [ -x .venv/bin/opscentre ]; then .venv/bin/opscentre down; fi
	@rm -rf .opscentre

.PHONY: help setup run quick test check types style format bench torture pictures lock clean-data
