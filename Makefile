# Every command of the house. Paths are relative and tools are called as modules of .venv,
# so that a checkout whose path has spaces or accents works.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

STATE ?= default
PORT_BASE ?= 8100
export STATE PORT_BASE

# Makefile variables given on the command line (ONCE=1, CLIENT=holder-01) reach the commands through the environment.
PY := .venv/bin/python
LOCAL := $(PY) -m deploy.local
# Like the installation, it trusts the system's certificates: a company's own authority may stand before the index.
COMPILE := UV_SYSTEM_CERTS=1 $(PY) -m uv pip compile --quiet --universal --python-version 3.11 \
    --generate-hashes --no-header --no-annotate
# import-linter has no runnable module, and its console script would depend on the path of the checkout.
LINT_IMPORTS := $(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"

##@ The stack on this machine (STATE= names it, PORT_BASE= moves its ports)

.PHONY: demo
demo: .local-tools  ## start everything, replay 2016, print published beside computed (ONCE=1 stops after)
	@$(LOCAL) demo

.PHONY: run
run: .local-tools  ## start everything without data
	@$(LOCAL) run

.PHONY: down
down: .local-tools  ## stop what runs
	@$(LOCAL) down

.PHONY: status
status: .local-tools  ## say what runs, where, and how far each listener has heard
	@$(LOCAL) status

.PHONY: reset
reset: .local-tools  ## forget the data of a state that is stopped
	@$(LOCAL) reset

.PHONY: logs
logs: .local-tools  ## show the logs of the processes
	@$(LOCAL) logs

.PHONY: token
token: .local-tools  ## print an access token (CLIENT=holder-01)
	@$(LOCAL) token

.PHONY: lag
lag: .local-tools  ## say what is behind, how old it is, and who is idle or stuck (SERVICE=)
	@$(LOCAL) operate lag $(SERVICE)

.PHONY: operate
operate: .local-tools  ## run an operators' verb on the running stack (VERB="parked indicators")
	@$(LOCAL) operate $(VERB)

##@ Before a merge

.PHONY: check
check: .dev-tools  ## format, lint, types, import rules, dependencies, YAML
	$(PY) -m ruff format --check --quiet .
	$(PY) -m ruff check --quiet .
	$(PY) -m mypy
	@echo 'import-linter'; $(LINT_IMPORTS) --no-logo --no-cache
	$(PY) -m deptry --no-ansi .
	$(PY) -m yamllint --strict .

.PHONY: check-deploy
check-deploy: .dev-tools  ## the files of deploy/: Dockerfile, compose, proxy, rights
	@$(PY) -m deploy.check

.PHONY: check-asyncapi
check-asyncapi:  ## ask the parser of AsyncAPI about the description of the exchange (needs npm)
	@sh tests/contracts/check_asyncapi.sh

.PHONY: test
test: .dev-tools  ## the whole suite, on a real Postgres and NATS (ARGS= goes to pytest)
	@$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

.PHONY: model
model: .dev-tools  ## explore every interleaving of the exchange's small model (DEEP=1: some minutes)
	@$(PY) -m tests.model $(if $(DEEP),--deep)

.PHONY: simulate
simulate: .dev-tools  ## run the exchange in one deterministic process, with every fault (SEEDS=1000, SEED= replays one)
	@$(PY) -m tests.simulation --seeds $(or $(SEEDS),1000) $(if $(SEED),--seed $(SEED))

.PHONY: faults
faults: .dev-tools  ## attack real processes under load, then do the books (MINUTES=2 SEED=1)
	@$(PY) -m tests.faults --minutes $(or $(MINUTES),2) --seed $(or $(SEED),1)

.PHONY: fuzz
fuzz: .dev-tools  ## ask the four services everything their documents allow, and more (MINUTES=10 SEED=1)
	@$(PY) -m tests.fuzz --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1)

##@ While working

.PHONY: format
format: .dev-tools  ## rewrite the code in the house format
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format --quiet .

.PHONY: openapi
openapi: .dev-tools  ## rewrite the snapshots of the services' OpenAPI documents
	@$(PY) -m tests.contracts.snapshot

.PHONY: bench
bench: .dev-tools  ## measure, each bench beside its limit (BENCH= names one; none lists them)
	@$(PY) -m tests.benchmarks $(BENCH)

.PHONY: lock
lock: .dev-tools  ## pin the dependencies of pyproject.toml again (UPGRADE=1 takes newer ones)
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --extra local --extra dev pyproject.toml -o requirements/dev.lock
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --constraint requirements/dev.lock --extra local pyproject.toml -o requirements/local.lock
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --constraint requirements/dev.lock pyproject.toml -o requirements/run.lock
	@echo uv | $(COMPILE) $(if $(UPGRADE),--upgrade) - -o requirements/installer.lock

.PHONY: image
image:  ## build and try the container images (SERVICE=labelling for one; needs root and apt)
	@sh deploy/image/build.sh $(SERVICE)

.PHONY: help
help:  ## list these commands
	@awk 'BEGIN { FS = ":.*## " } \
	     /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	     /^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

# PYTHON= chooses the interpreter of .venv; without it, the first supported one on the PATH.
.PHONY: .local-tools .dev-tools
.local-tools:
	@sh requirements/install.sh local

.dev-tools:
	@sh requirements/install.sh dev
