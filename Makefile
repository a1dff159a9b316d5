# One command for each thing a person wants; `make` alone lists them.
# Needs Python 3.11 or later and nothing else: the virtual environment is made here, from pinned hashes.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO_SPEED ?= 6
MINUTES ?= 4

.DEFAULT_GOAL := help
.PHONY: help demo test lint simulate sweep fuzz safety bench pins clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/run: .ci/constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "media-pipeline needs Python 3.11 or later; $(PYTHON) is older." \
	         "Try: make PYTHON=python3.11"; exit 1; }
	@echo "Setting up $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r .ci/constraints.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: $(VENV)/run .ci/constraints-dev.txt
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r .ci/constraints-dev.txt
	@touch $@

demo: $(VENV)/run  ## run manifests/demo.yaml on the embedded sandbox: no key, no money
	@PIPELINE_SANDBOX_SPEED=$(DEMO_SPEED) $(BIN)/pipeline run manifests/demo.yaml --yes
	@$(BIN)/pipeline report --json >/dev/null
	@echo
	@echo "The files are in outputs/demo, the contact sheet is outputs/demo/report/index.html."
	@echo "The program is $(BIN)/pipeline; README.md has a tour of five minutes."

test: $(VENV)/dev  ## the linter, the types and the whole suite
	@$(BIN)/ruff check pipeline tests
	@$(BIN)/mypy pipeline
	@$(BIN)/pytest $(PYTEST_ARGS)

simulate: $(VENV)/dev  ## an hour of simulated crashes on all cores, then every sweep (MINUTES=60)
	@PYTHONPATH=tests/simulation:tests:. $(BIN)/python -m simulate \
	  $(if $(filter command environment,$(origin MINUTES)),--minutes $(MINUTES))
	@PIPELINE_SWEEP=full $(BIN)/pytest tests/simulation $(PYTEST_ARGS)

sweep: $(VENV)/dev  ## a small run killed or failed at every system call, every disk image; an hour (needs strace)
	@$(BIN)/python tests/processes/sweep_falls.py $(SWEEP_ARGS)
	@$(BIN)/python tests/processes/sweep_images.py

$(VENV)/fuzz: $(VENV)/dev .ci/constraints-fuzz.txt
	@if $(BIN)/pip install -q --disable-pip-version-check --require-hashes \
	  -r .ci/constraints-fuzz.txt; then touch $@; fi

fuzz: $(VENV)/fuzz  ## the readers of foreign bytes under a coverage-guided fuzzer; MINUTES=4
	@$(BIN)/python tests/fuzz/fuzz_guided.py --minutes $(MINUTES)

safety: $(VENV)/dev  ## what tries to break each promise, and what it tried; FULL=1 for everything
	@$(BIN)/python tests/safety.py

bench: $(VENV)/dev  ## the benchmarks beside their peers, as tables; ONLY=name SIZES=1000,10000 ROUNDS=3
	@$(BIN)/python tests/benchmarks/bench.py $(ONLY) $(if $(SIZES),--sizes $(SIZES)) \
	  $(if $(ROUNDS),--rounds $(ROUNDS))

pins: $(VENV)/dev  ## resolve the pinned versions anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header --extra media --group build \
	  pyproject.toml -o .ci/constraints.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header --extra media --extra mcp \
	  --extra keyring --group dev \
	  pyproject.toml -o .ci/constraints-dev.txt

clean:  ## remove the virtual environment and the caches, never state/ or outputs/
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
