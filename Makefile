# Two commands for newcomers: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= $(shell .ci/find-python)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
NODE := $(CURDIR)/$(VENV)/node/node_modules
WORKERS ?= logical
PYTEST := OPENAPI_TS=$(NODE)/@hey-api/openapi-ts OPENAPI_PYTHON_CLIENT=$(CURDIR)/$(VENV)/tools/bin/openapi-python-client \
	GRADIO_CLIENT_JS=$(NODE)/@gradio/client GITHUB_OPENAPI=$(NODE)/@octokit/openapi/generated/api.github.com.deref.json \
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --maxprocesses=8 --dist=loadfile --no-loadscope-reorder
# The demo is the same whatever tokens, models and proxies the shell, or .env, has.
KEPT := HOME PATH TERM COLUMNS LANG NO_COLOR CI DISPLAY WAYLAND_DISPLAY BROWSER CHROMIUM PLAYWRIGHT_BROWSERS_PATH
ALONE := env -i ENV_FILE=/dev/null $(foreach name,$(KEPT),$(if $($(name)),$(name)="$($(name))"))
DEMO := tests/data/briefs/harbour-library.json

.DEFAULT_GOAL := help
.PHONY: help demo browser serve test coverage fuzz chaos gate bench docs smoke image-check lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/installed browser ## build a sample app on this machine, with no account and no key
	@$(ALONE) LLM_MODELS=plain $(BIN)/pipeline run $(DEMO) --fresh $$(test -t 1 && echo --open)

browser: $(VENV)/installed ## see to a browser in which apps are checked
	@.ci/browser

serve: $(VENV)/installed ## start the service on http://127.0.0.1:8000 (needs DEPLOY_SECRET)
	@$(BIN)/pipeline serve

test: gate ## the gate and every test that needs no outside service
	@.ci/install-test-tools
	@begun=$$(date +%s); $(PYTEST) && \
		echo "The tests took $$(($$(date +%s) - begun)) seconds; make WORKERS=4 test runs four files at once."

coverage: $(VENV)/installed-dev ## the same tests, and which lines and branches they reach; takes longer
	@.ci/install-test-tools
	@$(PYTEST) --cov --cov-report=term

fuzz: $(VENV)/installed-dev ## property tests alone, with many random examples
	@$(PYTEST) -m hypothesis --hypothesis-profile=fuzz

chaos: $(VENV)/installed-dev ## 200 jobs through kills, faults and an outage, by chance; prints figures (CHAOS_SEED)
	@CHAOS_JOBS=$${CHAOS_JOBS:-200} CHAOS_KILLS=$${CHAOS_KILLS:-24} CHAOS_LIFE_SECONDS=$${CHAOS_LIFE_SECONDS:-5} \
		$(BIN)/python -m pytest -s -n 0 tests/acceptance/test_chaos.py

gate: $(VENV)/installed-dev ## lint, format, types, import rules, bounds of size
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python .ci/bounds.py

bench: $(VENV)/installed-dev ## print figures; asserts nothing about time
	@$(BIN)/python -m pytest -m bench -s tests/bench/*.py

docs: $(VENV)/installed-dev ## write the tables of the reference pages from settings, routes and commands
	@$(BIN)/python .ci/docs.py

smoke: ## install and run the demo on every newer Python found here
	@.ci/smoke $(DEMO)

image-check: $(VENV)/installed-dev ## carry out the Dockerfile in a folder and use what comes of it (root, Debian's tools)
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/python .ci/image_check.py

lock: ## write constraints.txt anew from what pyproject.toml asks for
	@.ci/lock $(PYTHON)

clean: ## remove what these commands made, except generated_repos/
	rm -rf $(VENV) build dist *.egg-info .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# The files below record that an install has finished; they are made again when the requirements change.
$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/created
	@echo "Installing into $(VENV) (the first time takes a minute or two) ..."
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(VENV)/created
	@echo "Installing into $(VENV), with the tools for development ..."
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/installed

$(VENV)/created:
	@.ci/check-python $(PYTHON)
	@$(PYTHON) -m venv $(VENV)
	@touch $@
