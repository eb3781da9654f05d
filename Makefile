# Everything one can do here. Targets explain themselves: `make help`.
.DEFAULT_GOAL := help
.SHELLFLAGS := -eu -c
PYTHON := .venv/bin/python

# Tests that build. They wait for an engine as the others wait for Airflow, so `make test` runs both at once.
BUILDS := tests/e2e tests/release

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: dev
dev: .venv/.ready ## Make the development environment (.venv)

.venv/.ready: tools/bootstrap requirements/dev.txt requirements/uv.txt frontend/pyproject.toml provider/pyproject.toml
	@tools/bootstrap

.PHONY: lint
lint: dev ## Ruff (lint and format), and the contracts of the layers
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .
	@.venv/bin/lint-imports --no-logo

.PHONY: types
types: dev ## Mypy, strict
	@.venv/bin/mypy

.PHONY: check
check test: export PYTHONDONTWRITEBYTECODE = # or each pytest, and each command that a test runs, compiles everything
check: lint types ## Lint, types and unit tests: under a minute
	@.venv/bin/pytest -q -n 3 --dist worksteal tests/repository tests/frontend tests/provider tests/tools

.PHONY: test
test: dev ## All tests, those on a real engine included; brings up what they need
	@$(PYTHON) -m tools.base_images || echo "tests that need an engine or these images are skipped"
	@log=$$(mktemp); builds=; trap 'rm -f "$$log"; kill $$builds 2>&- || true' EXIT; trap 'exit 130' INT TERM; \
	.venv/bin/pytest -q --durations=10 -m "not matrix and not engines" $(BUILDS) > "$$log" 2>&1 & builds=$$!; \
	tasks=0; .venv/bin/pytest -q --durations=10 -m "not matrix and not engines" $(addprefix --ignore=,$(BUILDS)) tests || tasks=$$?; \
	code=0; wait $$builds || code=$$?; builds=; cat "$$log"; \
	exit $$((tasks ? tasks : code))

.PHONY: engines
engines: dev ## The tests of builds on the other engines: Docker 26, and the containerd store (twenty minutes)
	@.venv/bin/pytest -q -m engines tests/e2e
	@for engine in docker-26 docker-28-containerd; do \
	  echo "on $$engine"; \
	  PYENV_ENGINE=$$engine .venv/bin/pytest -q --ignore=tests/e2e/environments --ignore=tests/e2e/examples tests/e2e; \
	done

.PHONY: matrix
matrix: dev ## The provider on every release of Airflow from 2.4 to 3.3, real schedulers included (half an hour)
	@PYENV_MATRIX=all .venv/bin/pytest -q -m "" --durations=10 tests/airflow

.PHONY: property
property: dev ## The laws of document, language and expansion over 20,000 examples each (ten minutes and more)
	@PYENV_EXAMPLES=20000 .venv/bin/pytest -q tests/property

.PHONY: fuzz
fuzz: dev ## Coverage-guided fuzzing, 200,000 runs of each target
	@PYENV_FUZZ_RUNS=200000 .venv/bin/pytest -q -m "" tests/fuzz

.PHONY: demo
demo: dev ## The main job at work: build an image with PYENV, run a DAG with @task.venv in it
	@$(PYTHON) -m tools.demo

.PHONY: demo-local
demo-local: dev ## The same with no engine: environments and DAG on this machine, Airflow on SQLite
	@$(PYTHON) -m tools.demo_local

.PHONY: bench
bench: dev image ## Measure against the alternatives, write bench/RESULTS.md (PARTS="cached tasks" for some)
	@$(PYTHON) -m bench $(PARTS)

.PHONY: dist
dist: dev ## Wheels, sdists and the frontend's image as an OCI layout into dist/, all of them checked
	@$(PYTHON) -m tools.release $(DIST)

.PHONY: docs
docs: dev .venv/docs/.ready ## Build the documentation into site/, every warning an error
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=. .venv/docs/bin/mkdocs build -q

.PHONY: screens
screens: dev ## Record the terminals that the documentation shows, from real runs (SCREENS="build task" for some)
	@$(PYTHON) -m tools.screens $(SCREENS)

.PHONY: page-screens
page-screens: dev ## Take the pictures of the page in Airflow that the documentation shows
	@$(PYTHON) -m tools.page_screens

.venv/docs/.ready: requirements/docs.txt | .venv/.ready
	@$(PYTHON) -m tools.packages .venv/docs requirements/docs.txt && touch $@

.PHONY: images
images: dev ## Have the base images: pulled where a registry answers, else stand-ins
	@$(PYTHON) -m tools.base_images

.PHONY: image
image: dev ## Build the frontend's image, pyenv-frontend:dev
	@$(PYTHON) -m tools.build_image

.PHONY: engine
engine: dev ## Bring a Docker engine up, where none answers already
	@$(PYTHON) -m tools.engine up

.PHONY: engine-down
engine-down: dev ## Stop the engine that `make engine` started (its images stay)
	@$(PYTHON) -m tools.engine down

.PHONY: reference
reference: dev ## Write the reference page of PYENV anew from the options' table
	@$(PYTHON) -m tools.reference_pages

.PHONY: parser
parser: dev ## Write the parser that the frontend's image carries, which needs no lark, from the grammar
	@$(PYTHON) -m tools.grammar_parser

.PHONY: messages
messages: dev ## Compile the gateway's protobuf messages anew (the result is checked in)
	@$(PYTHON) -m tools.protobuf
