# One word for everything. `make help` explains each target.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLIENT := client-vscode
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-python test-client lint types contracts format settings bench bench-judging bench-repair requirements clean

help:  ## what each target does
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .make/python .make/client  ## install everything into .venv and client-vscode/node_modules

.make/python: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@mkdir -p .make && touch $@

.make/client: $(CLIENT)/package.json $(CLIENT)/package-lock.json $(CLIENT)/.npmrc
	cd $(CLIENT) && npm ci --no-audit --no-fund
	@mkdir -p .make && touch $@

demo: .make/python  ## repair a bug in an unsaved buffer, through the real server, from start to end
	$(BIN)/python examples/demo.py

test: lint test-client test-python  ## every test of the project, fast ones first

test-python: .make/python  ## the Python tests
	$(BIN)/python -m pytest

test-client: .make/client  ## the VS Code client: types, bundle, package, tests
	cd $(CLIENT) && npm run check && npm test

lint: .make/python  ## style, types and the import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check trm_lsp tests bench examples/demo.py examples/bug.py
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: .make/python  ## put the code into the project's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format trm_lsp tests bench examples/demo.py examples/bug.py

settings: .make/python  ## write the settings page and the client's settings from their one home
	$(BIN)/python -m trm_lsp.settings.reference

bench: .make/python  ## latencies and memory of the server beside their targets
	$(BIN)/python -m bench.editor

bench-judging: .make/python  ## speed, cost and honesty of the judge beside their targets
	$(BIN)/python -m bench.judging

bench-repair: .make/python  ## bugs that are repaired, beside the targets and three controls; it goes on where it was
	$(BIN)/python -m bench.repair $(if $(DEVELOPMENT),--development $(DEVELOPMENT)) $(ARGS)

requirements: .make/python  ## pin the dependencies anew, with hashes
	$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --strip-extras \
		--allow-unsafe --extra dev --output-file requirements/dev.txt pyproject.toml

clean:  ## remove what the targets made
	rm -rf $(VENV) .make build *.egg-info $(CLIENT)/node_modules $(CLIENT)/dist $(CLIENT)/*.vsix
