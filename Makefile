# Every command works on a machine with only Python (>= 3.11), make and git: the first one sets up .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo quick test test-postgres chaos run check quality reference fmt clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "tocsin needs Python 3.11 or later; set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/ready ## the main job on loopback: no account, no network
	@$(BIN)/tocsin demo

quick: $(VENV)/ready ## before each commit: format, lint, types, quick unit tests
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python tests/gates.py --quick

test: $(VENV)/ready ## all gates and tests
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python tests/gates.py

test-postgres: $(VENV)/ready ## store and line on PostgreSQL: TOCSIN_TEST_POSTGRES=postgresql://... names a server
	@TOCSIN_TEST_DATABASE=postgresql $(BIN)/pytest -n 2 tests/adapters/store tests/adapters/line tests/adapters/cli/test_server.py tests/e2e/test_server.py tests/e2e/test_chaos.py

chaos: $(VENV)/ready ## kill, stop, starve and misdate the daemon on loopback for up to half an hour, and count what came of it: ARGS="--database postgresql"
	@PYTHONPATH=daemon:tests:tests/e2e $(BIN)/python -m chaos $(ARGS)

run: $(VENV)/ready ## the daemon on config.yaml
	@$(BIN)/tocsin run --config config.yaml

check: $(VENV)/ready ## configuration and rules, examples included
	@$(BIN)/tocsin check --config config.yaml

quality: $(VENV)/ready ## make quality DATA=FOLDER: the packs on labelled news, against the floors
	@test -n "$(DATA)" || { echo "say where the labelled news is: make quality DATA=FOLDER" >&2; exit 2; }
	@$(BIN)/python bench/quality.py "$(DATA)"

reference: $(VENV)/ready ## write docs/reference/config.md and cli.md again, from the program
	@$(BIN)/python tests/generate_reference.py

fmt: $(VENV)/ready ## format and sort imports
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

clean: ## remove what was built
	rm -rf $(VENV) build dist .coverage* .mypy_cache .ruff_cache .pytest_cache demo-mails
