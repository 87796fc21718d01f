# What a person types: `make help` lists it. Every target that needs Python makes the virtual environment first.

STACK ?= dev
VENV ?= .venv
PYTHON ?= python3

PY := $(abspath $(VENV))/bin/python
MAKEFLAGS += --no-print-directory --no-builtin-rules
SANDBOX = $(PY) -m sandbox

RESTORE = $(if $(SCHEMA),--schema "$(SCHEMA)") $(if $(AT),--at $(AT)) $(if $(TO),--to $(TO)) $(if $(OVER),--over) $(if $(PLAN),--dry-run)

# An environment variable or `make STACK=…` names a stack; the default above does not.
EXPLICIT_STACK = $(if $(filter file,$(origin STACK)),,--stack $(STACK))

.DEFAULT_GOAL := help
.PHONY: help up demo preview render capacity versions flows machines secrets new-service postmortem policy policy-mutants release images shell backup-status restore refresh destroy down status clean test test-all test-unit test-e2e e2e-traffic lint format bench schema docs lock tools hooks venv

help: ## show this list
	@echo "make TARGET [STACK=dev]"
	@sed -n 's/^\([a-z][a-z0-9-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | \
		while IFS='	' read -r target text; do printf '  %-14s %s\n' "$$target" "$$text"; done

up: venv ## start the sandbox's servers and bring the stack up in it [NODE=real|simulated]
	@$(SANDBOX) up --stack $(STACK)

demo: venv ## release a good and a bad version under load on a real node, as root; leaves a page [PICTURE=file.svg]
	@$(PY) -m demo $(if $(PICTURE),--picture $(PICTURE))

preview: venv ## show what would be made, without any server or credential [FORMAT=json]
	@$(SANDBOX) preview --stack $(STACK) $(if $(FORMAT),--format $(FORMAT))

render: venv ## write the documents of STACK (prometheus.yml, dashboards, …) to the folder OUT
	@$(PY) -m render documents --stack $(STACK) $(if $(OUT),--out $(OUT))

capacity: venv ## compute the sizes that the load of STACK asks for, and compare them with its settings
	@$(PY) -m render capacity --stack $(STACK)

versions: venv ## show what of others STACK runs, its licence, and how long it is supported [WARN=days]
	@$(PY) -m render versions --stack $(STACK) $(if $(WARN),--warn $(WARN))

flows: venv ## show who may talk to whom in STACK, at which port of the pod, and why
	@$(PY) -m render flows --stack $(STACK)

machines: venv ## show what runs on which machine of STACK, and how many pods there are of what
	@$(PY) -m render machines --stack $(STACK)

secrets: venv ## show the secrets that STACK needs: what each is, where to get it, how to set and how to replace it
	@$(PY) -m render secrets --stack $(STACK)

new-service: venv ## write a new service NAME into services/ for every stack [PORT=3000]
	@$(PY) -m settings new-service $(if $(NAME),$(NAME),"") $(if $(PORT),--port $(PORT))

postmortem: venv ## print a post-mortem to fill in for the alert ALERT, and the link that files it
	@$(PY) -m render postmortem --stack $(STACK) $(if $(ALERT),--alert $(ALERT))

policy: venv ## judge an exported state or a plan offline: STATE=file [FORMAT=sarif|markdown]
	@$(PY) -m policy.offline "$(STATE)" $(EXPLICIT_STACK) $(if $(FORMAT),--format $(FORMAT))

policy-mutants: venv ## break what the stacks declare, one property at a time, and list what no rule notices [SAMPLE=1]
	@$(PY) -m tests.policy.mutants $(EXPLICIT_STACK) $(if $(SAMPLE),--sample)

release: venv ## run the release tool in the sandbox: ARGS="status storefront"
	@$(SANDBOX) release --stack $(STACK) -- $(ARGS)

images: venv ## build and push the images of this repository, and name them by digest in the file of STACK
	@$(PY) -m release.images --stack $(STACK)

shell: venv ## open a shell inside the stack's own network, or run COMMAND there: COMMAND="kubectl get pods -A"
	@$(SANDBOX) shell --stack $(STACK) -- $(COMMAND)

backup-status: venv ## say of each kind of backup when the last good one was made, and what is in it
	@$(SANDBOX) backup --stack $(STACK) -- status

restore: venv ## restore WHAT=object-storage/media/2026 beside what is there [AT=moment] [TO=bucket/folder] [SCHEMA=of WHAT=database] [OVER=1] [PLAN=1]
	@$(SANDBOX) backup --stack $(STACK) -- restore "$(WHAT)" $(RESTORE)

refresh: venv ## compare the stack's state with what is on the sandbox's servers
	@$(SANDBOX) refresh --stack $(STACK)

destroy: venv ## remove everything that the stack made; the servers keep running
	@$(SANDBOX) destroy --stack $(STACK)

down: venv ## stop the servers of STACK, or of every stack when none is named
	@$(SANDBOX) down $(EXPLICIT_STACK)

status: venv ## show which servers run, where they listen and where their logs are
	@$(SANDBOX) status --stack $(STACK)

clean: venv ## stop the stack's servers and delete all that the sandbox knows of it
	@$(SANDBOX) clean --stack $(STACK)

test: venv ## run lint, then the unit, policy and document tests, then the end-to-end tests
	@$(PY) -m tests lint quick e2e

test-all: venv ## run what `make test` runs, then the long tests; as root, every night
	@$(PY) -m tests lint quick e2e long

test-unit: venv ## run the unit, policy and document tests
	@$(PY) -m tests quick

test-e2e: venv ## run the end-to-end tests against the sandbox
	@$(PY) -m tests e2e

e2e-traffic: venv ## run the long traffic scenarios, about half an hour, and print their figures
	@LUXIMA_TRAFFIC=long timeout 5400 $(PY) -m pytest -q -s -p no:xdist tests/e2e/edge
	@timeout 600 $(PY) -m tests.bench.edge

lint: venv ## run ruff, pyright, import-linter and compare what is generated
	@$(PY) -m tests lint

format: venv ## format the code and repair what ruff can
	@$(PY) -m ruff check --fix --quiet .; $(PY) -m ruff format .

bench: venv ## measure previews, ups and policies, and print the figures [SCALE=1: of a thousand services]
	@$(PY) -m tests.bench $(if $(SCALE),--scale)

schema: venv ## write the JSON Schemas of the stacks' files anew
	@$(PY) -m settings.schema

docs: venv ## write the generated references anew
	@$(PY) -m policy.docs
	@$(PY) -m sandbox.providers.reference
	@$(PY) -m render.rotation
	@$(PY) -m tests.proofs

lock: venv ## lock the Python dependencies anew after pyproject.toml changed
	@$(PY) -m tools.lock

tools: venv ## list the third-party programs: versions, sources, where they are
	@$(PY) -m tools list

hooks: venv ## have the checks run before each commit
	@$(PY) -m pre_commit install

venv:
	@test "$$(uname -sm)" = "Linux x86_64" || { echo "error: this is $$(uname -sm); Linux x86_64 is needed" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "error: $(PYTHON) is missing or older than 3.11: install Python 3.11 or newer, or name one with PYTHON=" >&2; exit 1; }
	@$(PYTHON) -m tools.bootstrap "$(abspath $(VENV))"
