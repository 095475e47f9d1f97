# Every command of the project. `make demo` and `make test` are all a new machine needs:
# Python 3.11 to 3.13, Node 18 or newer, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PRODUCERS := .venv-producers
# Microsoft's own Python runtime for functions is pure Python, published for 3.13 and newer, and runs on 3.11 and 3.12.
RUNTIME := azure-functions-runtime==1.3.0

.DEFAULT_GOAL := help
.PHONY: help setup demo up test bench e2e-producers lint format schema

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(VENV)/.ready local/azurite/node_modules/.ready ## virtual environment and Azurite (the other targets do it when needed)

$(VENV)/.ready: pyproject.toml requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, {v[0]}.{v[1]} found: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --ignore-requires-python --no-deps $(RUNTIME)
	@touch $@

local/azurite/node_modules/.ready: local/azurite/package.json local/azurite/package-lock.json
	npm ci --prefix local/azurite --engine-strict=false --no-audit --no-fund --loglevel=error
	@touch $@

demo: setup ## the main job from end to end on the local stack, in seconds
	@$(BIN)/python -m local.demo

up: setup ## the local stack in the foreground, with its addresses
	@$(BIN)/python -m local

test: setup lint ## everything: lint, types, unit, integration, contract and e2e tests
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

e2e-producers: setup $(PRODUCERS)/dbt/.ready $(PRODUCERS)/airflow/.ready ## dbt and Airflow from PyPI against the local stack (not in `test`: half a gigabyte to install)
	PRODUCERS=$(PRODUCERS) $(BIN)/python -m pytest tests/producers

$(PRODUCERS)/%/.ready: examples/%/requirements.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

lint: setup ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## what ruff can mend by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schema: setup ## docs/lineage-request.schema.json from the models
	$(BIN)/python -m lineage.request > docs/lineage-request.schema.json

bench: setup ## this app against its peers, into docs/benchmarks.md; QUICK=1 for a rough run
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick)
