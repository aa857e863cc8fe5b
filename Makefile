# Everything a developer runs. `make quickstart` and `make test` need nothing but Python 3.11+, make and a C compiler.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST_ARGS ?=

SLURM_PACKAGES := slurmctld slurmd slurm-client munge

.PHONY: help install quickstart dist docs test test-slow cluster-test lint format bench kill-storm chaos clean

help:
	@echo "make quickstart   install, then run a small campaign on real molecular dynamics"
	@echo "make install      create $(VENV) and install autodisco with the versions of constraints.txt"
	@echo "make dist         a wheel in dist/, which holds the campaign files and needs no repository"
	@echo "make docs         the documentation as pages in site/, which work without a network"
	@echo "make test         fast tests            make test-slow   whole campaigns and longer simulations"
	@echo "make cluster-test campaigns and faults on a Slurm that it brings up here; needs root and Debian's packages of Slurm"
	@echo "make lint         style, types, layers  make format      rewrite the style"
	@echo "make bench        the kernels against other tools"
	@echo "make kill-storm   200 SIGKILLs over small campaigns; takes about half an hour"
	@echo "make chaos        an hour of killed and stopped processes, full and lost disks, and other faults; needs root"
	@echo "Another interpreter: make install PYTHON=python3.12"

install: $(STAMP)

$(BIN)/python:
	@command -v "$(PYTHON)" >/dev/null || { echo "error: $(PYTHON) not found; name an interpreter: make install PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: autodisco needs Python 3.11 or newer and $(PYTHON) is $$("$(PYTHON)" --version 2>&1); choose another: make install PYTHON=python3.11" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

# torch goes first and alone, so that a wheel offered without CUDA is taken where there is one.
$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing into $(VENV); the first time this takes a few minutes"
	$(BIN)/python -m pip install --quiet torch==$$(sed -n 's/^torch==//p' constraints.txt) -c constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

quickstart: $(STAMP)
	$(BIN)/autodisco run campaigns/quickstart.toml

dist: $(STAMP)
	$(BIN)/python -m hatchling build -t wheel -d dist

docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

test: $(STAMP)
	$(BIN)/python -m pytest -q -n 3 --dist worksteal $(PYTEST_ARGS)

# The report is looked at in Chromium, which only Debian and its relatives install here; elsewhere these tests may be skipped.
test-slow: $(STAMP)
	@command -v chromium >/dev/null || ! command -v apt-get >/dev/null || [ "$$(id -u)" != 0 ] || \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; }
	$(BIN)/python -m pytest -q -m slow $(PYTEST_ARGS)

# Debian and its relatives only; elsewhere, and without root, the tests say what is missing and are skipped.
cluster-test: $(STAMP)
	@command -v slurmctld >/dev/null || ! command -v apt-get >/dev/null || [ "$$(id -u)" != 0 ] || \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(SLURM_PACKAGES) >/dev/null; }
	$(BIN)/python -m pytest -q -m cluster tests/cluster $(PYTEST_ARGS)

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

kill-storm: $(STAMP)
	$(BIN)/python bench/kill_storm.py

# In a mount namespace of its own, on a disk that is a file: nothing outside is touched.
chaos: $(STAMP)
	$(BIN)/python bench/chaos.py

bench: $(STAMP)
	$(BIN)/python -m pytest bench -q -m "bench or not bench" $(PYTEST_ARGS)

clean:
	rm -rf $(VENV) dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
