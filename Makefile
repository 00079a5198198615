# Everything a person or CI does with the checkout. `make demo` and `make test` set up what they need.
PYTHON ?= python3
BIN := .venv/bin
PLUGINS := $(sort $(wildcard plugins/*/*/pyproject.toml))
EDITABLE := -e . $(foreach p,$(PLUGINS),-e $(dir $(p)))
STAMP := .venv/.installed

.PHONY: setup system lint types unit conformance e2e test demo bench wheels docs clean

setup: $(STAMP)

$(BIN)/uv:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(STAMP): $(BIN)/uv pyproject.toml constraints.txt $(PLUGINS)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraints constraints.txt --group dev $(EDITABLE)
	touch $@

system:                 ## Janus and Chromium from the distribution, where this may be done
	bash scripts/system_packages.sh

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .

types: setup
	bash scripts/types.sh

unit: setup             ## everything that needs no other server
	$(BIN)/python -m pytest -q cgrd plugins tests/kernel tests/contracts tests/scenarios

conformance: setup
	bash scripts/conformance.sh

e2e: setup system       ## real Janus, real browser
	$(BIN)/python -m pytest -q tests/e2e

test: lint types unit conformance e2e

demo: setup
	-bash scripts/system_packages.sh
	$(BIN)/python scripts/demo.py

# The bench is not part of this repository: it compares daemons, and stands beside them.
BENCH ?= ../shared/bench
bench: setup
	@test -f $(BENCH)/bench.py || { echo "no $(BENCH)/bench.py: make bench BENCH=folder names where the bench is" >&2; exit 1; }
	PYTHON=$(BIN)/python $(PYTHON) $(BENCH)/bench.py --start "$(CURDIR)/$(BIN)/cgrd run --config {conf} --state {state}"

wheels: setup           ## every distribution into dist/
	rm -rf dist
	$(BIN)/uv build --quiet --wheel --all-packages --out-dir dist

docs: setup             ## pages that tests compare with the daemon
	$(BIN)/cgrd methods --markdown -c conf/cgrd.toml > docs/METHODS.md
	$(BIN)/python -m cgrd.profiles.docs > docs/TARIFFPLANS.md
	$(BIN)/cgrd words --markdown > docs/VOCABULARY.md

clean:
	rm -rf .venv dist
