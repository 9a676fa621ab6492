# Two commands do everything on a fresh machine: `make demo` and `make test`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
VENV ?= .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.ready
export PYTHONDONTWRITEBYTECODE = 1
export YOLO_OFFLINE = true
export YOLO_AUTOINSTALL = false
export DO_NOT_TRACK = 1
export PREFECT_SERVER_ANALYTICS_ENABLED = false

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-peers check bench docs clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt deploy/setup.sh deploy/web/package-lock.json
	@bash deploy/setup.sh $(VENV)
	@touch $@

setup: $(STAMP) ## virtual environment, packages, front-end files (reused afterwards)

demo: $(STAMP) ## one patrol end to end on a rendered scene: table, files in out/demo, exit 0 only if right
	@$(VENV)/bin/offsite demo

test: $(STAMP) ## the tests, on two workers, with one unseen seed of the demo
	@$(PY) -m pytest -m "not peers" -n 2 --dist loadfile --no-loadscope-reorder

test-peers: $(STAMP) ## tests against real peers (Chromium, RTSP, ...) and three unseen seeds of the demo
	@$(PY) -m pytest -m peers --timeout 900 -n 2 --dist loadfile --no-loadscope-reorder

check: $(STAMP) ## ruff, mypy strict, import contracts, unused and missing dependencies, size of the house
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/deptry .
	@$(PY) .ci/house_size.py

bench: $(STAMP) ## speed against a peer or a limit in the same run
	@for script in benchmarks/*.py; do echo "== $$script"; $(PY) $$script; done

docs: $(STAMP) ## docs made from the program, and the console's screenshot (after `make demo`)
	@$(PY) docs/generate.py
	@$(PY) docs/screenshot.py

clean: ## remove what the program and the tests wrote
	rm -rf out build .pytest_cache .mypy_cache .ruff_cache .hypothesis
