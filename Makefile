# make help lists the targets. GNU make 3.81 or newer (macOS ships that one).
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# The tiers of `make test` run in their order, also under -j.
.NOTPARALLEL:

ACTIVATE := . tools/activate.sh
PYTEST := python -m pytest -q
# A tier says which of its tests took longest.
TIER := $(PYTEST) --durations 10 --durations-min 1
# Tests of one file may share a server or an order, so a file stays in one of two processes.
PARALLEL := -n 2 --dist loadfile
# Here in the order and the groups that tests/engine/conftest.py gives them.
GROUPED := -n 2 --dist loadscope --no-loadscope-reorder
# Each process of the SQL tier has an emulator of its own, so single tests may move.
BALANCED := -n 2 --dist worksteal

.PHONY: announce report annotations client-suite touched help bootstrap up down clean test quick unit coverage sql engine validate bench chaos lint format lock shell \
	policy workflows security audit docs links wheels hooks plan drift health deploy backup verify sandbox sandbox-destroy sandbox-sweep
# Stack of plan, announce, report, drift, health, deploy, backup and verify.
STACK ?= local
# Stack that sandboxes stand beside.
SOURCE ?= staging
# Commit that a change is compared with.
BASE ?= HEAD

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap: ## prepare .venv, DuckDB's extensions and the Pulumi engine (all targets do)
	@tools/bootstrap.sh

up: bootstrap ## start the local cloud and deploy the local stack with sample data
	@$(ACTIVATE); eros local up

down: bootstrap ## stop the local cloud, keep its data
	@$(ACTIVATE); python -m localgcp down

clean: bootstrap ## stop the local cloud and delete its data
	@$(ACTIVATE); python -m localgcp clean

# One after the other, each with its name in front and its seconds behind.
test: bootstrap ## everything CI checks
	@for step in lint workflows security validate unit sql engine; do \
		echo "== $$step"; begun=$$SECONDS; $(MAKE) $$step; \
		echo "== $$step: $$((SECONDS - begun)) s"; \
	done; echo "== test: $$SECONDS s"

quick: bootstrap ## a minute: lint, types, tests of what has changed; BASE=a commit to compare with
	@$(ACTIVATE); python -m tools.quick $(if $(filter-out file,$(origin BASE)),$(BASE))

# The floor is judged where the figure is shown, with the files that pull it down.
unit: bootstrap ## tests without a cloud: seconds; fails when they cover less of the code than the floor
	@$(ACTIVATE); $(TIER) $(PARALLEL) --cov --cov-report= --cov-fail-under 0 \
		tests/unit packages/*/tests tests/browser && python -m tools.coverage_floor show

coverage: bootstrap ## what the last `make unit` covered; RAISE=1 raises the floor to it
	@$(ACTIVATE); python -m tools.coverage_floor show $(if $(RAISE),--raise)

sql: bootstrap ## SQL objects: analyser, then emulator
	@$(ACTIVATE); $(TIER) $(BALANCED) tests/sql

engine: bootstrap ## the real pulumi against local clouds of their own
	@$(ACTIVATE); $(TIER) $(GROUPED) --timeout 900 tests/engine

bench: bootstrap ## time the system on generated data; BENCH='peers --repeat 3' for one benchmark
	@$(ACTIVATE); python -m dev.bench $(BENCH)

client-suite: bootstrap ## system tests of a client of Google's (a checkout at DIR) against a local cloud
	@$(ACTIVATE); python -m dev.clients "$(DIR)"

chaos: bootstrap ## a fault at every call of every operation; CHAOS='--trials 10' for a spread
	@$(ACTIVATE); python -m dev.chaos $(CHAOS)

validate: bootstrap ## every SQL statement through Google's analyser, offline
	@$(ACTIVATE); eros validate

annotations: bootstrap ## what validate finds, as annotations of GitHub at file and line
	@$(ACTIVATE); { eros validate --format json || true; } | python -m tools.annotations

# Both look at what differs from BASE; the second fails when a test does.
touched: bootstrap ## rows and SQL tests that a change since BASE touches, as Markdown below PLAN
	@$(ACTIVATE); code=0; eros diff "$(BASE)" $(if $(PLAN),--output $(PLAN)) || code=1; \
		python -m tools.touched "$(BASE)" $(if $(PLAN),--output $(PLAN)) || code=1; exit $$code

lint: bootstrap ## ruff, sqlfluff, types, imports, and the words of docs/style.md, without changing a file
	@$(ACTIVATE); ruff check --quiet . && ruff format --check --quiet . && python -m tools.prose \
		&& sqlfluff lint --quiet --nocolor sql && mypy --no-error-summary \
		&& $(PYTEST) -qq tests/unit/test_rooms.py && echo "lint: clean"

workflows: bootstrap ## shell scripts through shellcheck, GitHub's workflows through actionlint
	@$(ACTIVATE); shellcheck tools/*.sh .ci/run && python -m tools.workflows

policy: bootstrap ## the policy pack over every stack's resources, without a plugin
	@$(ACTIVATE); $(PYTEST) tests/unit/test_policy.py

security: bootstrap ## code, secrets and licences, offline
	@tools/security.sh

audit: bootstrap ## known holes in the locked packages, from the advisory database
	@$(ACTIVATE); pip-audit --disable-pip --require-hashes --requirement requirements.txt

wheels: bootstrap ## build the packages, run them in an empty environment
	@$(ACTIVATE); tools/wheels.sh

docs: bootstrap ## links, anchors and commands in the documents
	@$(ACTIVATE); $(PYTEST) tests/unit/test_docs*.py

links: bootstrap ## links in the documents that leave the project; asks other people's servers
	@$(ACTIVATE); python -m tools.outside_links

hooks: bootstrap ## run the quick checks before every commit
	@$(ACTIVATE); pre-commit install

plan: bootstrap ## what a change does to STACK, as Markdown and JSON; FROM=a commit: without a cloud
	@$(ACTIVATE); eros plan --stack $(STACK) $(if $(FROM),--base $(FROM) --offline) $(if $(PLAN),--output $(PLAN))

drift: bootstrap ## fail unless STACK is what the program says
	@$(ACTIVATE); pulumi preview --stack $(STACK) --refresh --expect-no-changes --diff --color never

# A text as one word of the shell, whatever quotes it has.
quoted = '$(subst ','\'',$(1))'

announce: bootstrap ## announce a deployment of STACK a day before: AT=2026-12-01T18:00 WHAT='...' WHY='...'
	@$(ACTIVATE); eros announce --stack $(STACK) --at $(call quoted,$(AT)) --what $(call quoted,$(WHAT)) --why $(call quoted,$(WHY))

report: bootstrap ## the newest report of a deployment or rollback of STACK, from Cloud Logging
	@$(ACTIVATE); eros logs --stack $(STACK) --report --since 7d

deploy: bootstrap ## deploy STACK without questions: preflight, backup, up, validate; watched for OBSERVE minutes
	@$(ACTIVATE); eros deploy --stack $(STACK) --yes $(if $(OBSERVE),--observe $(OBSERVE)) $(if $(RESUME),--resume)

health: bootstrap ## the state of STACK; fails on a warning, but for HEALTH=--accept-warning
	@$(ACTIVATE); eros health --stack $(STACK) $(HEALTH)

# What is pruned has nothing to do with a backup that failed; the newest good one is kept longer.
backup: bootstrap ## a daily backup of STACK, then prune; a second copy with BACKUP=--export
	@$(ACTIVATE); code=0; eros backup create --kind daily $(BACKUP) --stack $(STACK) || code=1; \
		eros backup prune --stack $(STACK) || code=1; exit $$code

verify: bootstrap ## prove that the newest backup of STACK can be restored
	@$(ACTIVATE); eros backup verify --stack $(STACK)

# Staging's rows, whose stack CI has an identity for; elsewhere SOURCE=local.
sandbox: bootstrap ## make the sandbox NAME beside SOURCE and compare what both programs do to its rows
	@$(ACTIVATE); eros sandbox create "$(NAME)" --from $(SOURCE) --expires 3d && \
		eros sandbox diff --baseline --stack "$(NAME)" $(if $(PLAN),--output $(PLAN)/sandbox)

sandbox-destroy: bootstrap ## destroy the sandbox NAME beside SOURCE
	@$(ACTIVATE); eros sandbox destroy "$(NAME)" --from $(SOURCE) --yes

sandbox-sweep: bootstrap ## destroy the sandboxes beside SOURCE whose last day is over
	@$(ACTIVATE); eros sandbox sweep --from $(SOURCE)

format: bootstrap ## ruff, changing what it can fix
	@$(ACTIVATE); ruff check --fix --quiet . ; ruff format --quiet .

lock: bootstrap ## requirements.in to requirements.txt
	@tools/lock.sh

shell: bootstrap ## a shell with pulumi, python and eros on PATH
	@exec bash --rcfile <(echo '[ ! -f ~/.bashrc ] || . ~/.bashrc; . "$(CURDIR)/tools/activate.sh"') -i
