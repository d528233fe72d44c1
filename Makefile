# make help lists the targets. GNU make 3.81 or newer (macOS ships that one).
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# The tiers of `make test` run in their order, also under -j.
.NOTPARALLEL:

ACTIVATE := . tools/activate.sh
PYTEST := python -m pytest -q
# Tests that share no server run in two processes; the others one after the other.
PARALLEL := -n 2 --dist loadfile
# Each process of the SQL tier has an emulator of its own, so single tests may move.
BALANCED := -n 2 --dist worksteal

.PHONY: help bootstrap up down clean test unit sql engine validate bench lint format lock shell

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap: ## prepare .venv, DuckDB's extensions and the Pulumi engine (all targets do)
	@tools/bootstrap.sh

up: bootstrap ## start the local cloud and deploy the local stack with sample data
	@$(ACTIVATE); eros local up

down: bootstrap ## stop the local cloud, keep its data
	@$(ACTIVATE); python -m localcloud down

clean: bootstrap ## stop the local cloud and delete its data
	@$(ACTIVATE); python -m localcloud clean

test: lint validate unit sql engine ## everything CI checks

unit: bootstrap ## tests without a cloud: seconds
	@$(ACTIVATE); $(PYTEST) $(PARALLEL) tests/unit tests/localcloud

sql: bootstrap ## SQL objects: analyser, then emulator
	@$(ACTIVATE); $(PYTEST) $(BALANCED) tests/sql

engine: bootstrap ## the real pulumi against a local cloud of its own
	@$(ACTIVATE); $(PYTEST) --timeout 900 tests/engine

bench: bootstrap ## time the system on generated data
	@$(ACTIVATE); python -m bench

validate: bootstrap ## every SQL statement through Google's analyser, offline
	@$(ACTIVATE); eros validate

lint: bootstrap ## ruff, without changing a file
	@$(ACTIVATE); ruff check --quiet . && ruff format --check --quiet . && echo "lint: clean"

format: bootstrap ## ruff, changing what it can mend
	@$(ACTIVATE); ruff check --fix --quiet . ; ruff format --quiet .

lock: bootstrap ## requirements.in to requirements.txt
	@tools/lock.sh

shell: bootstrap ## a shell with pulumi, python and eros on PATH
	@exec bash --rcfile <(echo '[ ! -f ~/.bashrc ] || . ~/.bashrc; . "$(CURDIR)/tools/activate.sh"') -i
