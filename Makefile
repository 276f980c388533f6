# 和解 Hejie. `make run` and `make test` need only Python 3.11-3.13 and make.
PYTHON ?= python3
PY := .venv/bin/python
READY := .venv/.ready
export RASA_TELEMETRY_ENABLED = false
# Byte code is kept: without it every process of a test run compiles all it imports.
export PYTHONDONTWRITEBYTECODE =

.PHONY: install run test check bench bench-rasa evaluate lock chaos hostile load
.DEFAULT_GOAL := run

install: $(READY)

# Byte code is made afterwards on all cores; a few packages carry files for other Pythons.
$(READY): requirements.txt
	@echo "[1/2] making the environment in .venv"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "Hejie needs Python 3.11, 3.12 or 3.13: call make with PYTHON=python3.12, say."; exit 1; }
	@$(PYTHON) -m venv .venv
	@echo "[2/2] installing the locked packages (about 1 GB, under a minute with a warm cache)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-compile --no-deps \
	  --ignore-requires-python --require-hashes -r requirements.txt
	@$(PY) -m compileall -qq -j 0 .venv/lib || true
	@touch $@

run: $(READY)
	@$(PY) -m bot serve

test: $(READY)
	@$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(READY)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

bench: $(READY)
	@$(PY) -m tests.benchmarks

# RASA_PYTHON: the Python of an environment with stock Rasa; without it the way there is told.
bench-rasa: $(READY)
	@$(PY) -m tests.benchmarks.stock_rasa

hostile: $(READY)
	@$(PY) -m tests.hostile

load: $(READY)
	@$(PY) -m tests.load

evaluate: $(READY)
	@$(PY) -m bot evaluate $(EVAL)

chaos: $(READY)
	@$(PY) -m tests.chaos

lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --no-emit-find-links --quiet -o requirements.txt
