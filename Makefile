# Works on a machine with python3 (>= 3.11, with venv and pip) and make; everything else comes into .venv, locked.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# An editable install needs no rebuild; the stamps make a changed lock file reinstall.
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
RELEASE_STAMP := $(VENV)/release/.installed
UV := $(VENV)/release/bin/uv
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# A requirements file is a complete list, so pip resolves nothing: a release that is newer than the lock changes nothing.
LOCKED := install --no-deps --require-hashes --only-binary :all:

# What `make test` and `make e2e` run: the built wheel, in an environment that has no checkout on its path. The locked
# packages beside it are those of the developers' environment.
WHEEL := $(VENV)/wheel
TESTED := $(WHEEL)/bin/python

SOAK_MINUTES ?= 12
.PHONY: help demo test test-fast test-newest test-random test-dates fuzz e2e e2e-built wheel check bench detection soak format dashboards rules manifests docs lock live release-check clean
help: ## List the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(RUN_STAMP) ## Run the exporter against the simulator on :10529; no key, no network
	$(BIN)/aiprobe demo

test: wheel ## Every test that needs only Python
	$(TESTED) -m pytest -m "not e2e" -n 2

test-fast: wheel ## The part that takes less than a minute
	$(TESTED) -m pytest -m "not e2e and not slow" -n 2

e2e: wheel ## The tests with Prometheus tools as packages, a network namespace and a browser
	$(TESTED) -m tests.e2e.tools
	$(TESTED) -m pytest -m "e2e and not built" $(END_TO_END)

e2e-built: wheel ## The tests with current Prometheus tools, which Go builds once
	$(TESTED) -m tests.e2e.tools --built
	$(TESTED) -m pytest -m built $(END_TO_END)

# In reverse, because those that wait are in tests/e2e: a worker that computes fits beside them, and none waits at the end.
END_TO_END := -n 2 --dist loadgroup $$(grep -rl mark.e2e --include='test_*.py' tests | sort -r)

fuzz: $(DEV_STAMP) ## New inputs for whatever reads a stranger's bytes, for FUZZ_SECONDS=60
	@$(BIN)/python -m tests.fuzz --seconds $(or $(FUZZ_SECONDS),60)

check: $(DEV_STAMP) ## Format, lint, types, contracts between the rooms, spelling, wording, links
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python -m tests.prose

bench: $(DEV_STAMP) ## Exactness and cost beside blackbox_exporter, about half an hour; BENCH="--quick --only cpu"
	@$(BIN)/python -m benchmarks.load $(BENCH)

detection: $(DEV_STAMP) ## Measure how soon and how falsely the alerts page, half an hour; writes the tables of docs/; DETECTION="--part declared"
	@$(BIN)/python -m benchmarks.detection $(DETECTION)

soak: $(DEV_STAMP) ## Faults, scrapes and reloads for SOAK_MINUTES; prints what grows, and fails if it does
	@$(BIN)/python -m benchmarks.soak --minutes $(SOAK_MINUTES)

format: $(DEV_STAMP) ## Rewrite the files into the form that `make check` requires
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

dashboards: $(DEV_STAMP) ## Write the boards of dashboards/ again
	$(BIN)/python -m dashboards.src

rules: $(DEV_STAMP) ## Write the rules of alerts/ again
	$(BIN)/python -m alerts.src

manifests: $(DEV_STAMP) ## Write deploy/kubernetes again from the chart, with the Helm that Go builds
	$(BIN)/python -m tests.helm.chart

docs: $(DEV_STAMP) ## Write the generated pages of docs/ again
	$(BIN)/python -m docs.src

lock: $(RELEASE_STAMP) ## Resolve the dependencies again, with the locked uv
	$(UV) lock
	$(UV) export --quiet --frozen --no-emit-project --no-dev --format requirements-txt -o requirements.txt
	$(UV) export --quiet --frozen --no-emit-project --only-group build --format requirements-txt -o requirements-build.txt
	$(UV) export --quiet --frozen --no-emit-project --only-group release --format requirements-txt -o requirements-release.txt
	$(UV) export --quiet --frozen --no-emit-project --group dev --format requirements-txt -o requirements-dev.txt

test-random: wheel ## The tests with examples of hypothesis, on new examples
	$(TESTED) -m pytest -m "not e2e" -n 2 --hypothesis-profile random $$(grep -rl hypothesis --include='test_*.py' tests)

# Only wall clocks move: the deadlines of the tests are on monotonic ones. Under libfaketime, time.sleep() and commands of a
# credential fail with EINVAL by themselves: the tests of those two are left out.
NOT_UNDER_FAKETIME := --deselect tests/unit/credentials/test_probing.py --deselect tests/unit/transport/test_limits.py
test-dates: wheel ## The tests a year ahead, on a leap day and over the end of a year; needs faketime
	@command -v faketime >/dev/null || { echo "aiprobe: no faketime here; on Debian and Ubuntu: apt-get install faketime" >&2; exit 1; }
	@for date in +365d "@2028-02-29 12:00:00" "@2027-12-31 23:59:00"; do echo "test-dates: $$date"; \
	TZ=UTC FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f "$$date" $(TESTED) -m pytest -m "not e2e" -n 2 $(NOT_UNDER_FAKETIME) $(TESTS) || exit 1; done

test-newest: $(DEV_STAMP) ## The contract tests with the newest versions that the wheel allows
	$(call install_wheel,$(VENV)/newest,install)
	$(VENV)/newest/bin/python -m pytest tests/contract -n 2

wheel: $(DEV_STAMP) ## Build the wheel and install it where the tests run
	$(call install_wheel,$(WHEEL),install --no-deps --no-index)

# $(call install_wheel,ENVIRONMENT,PIP'S WORDS): what the wheel's environment lacks comes from the developers' one.
PURELIB := -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
define install_wheel
@rm -rf $(1) && $(BIN)/python -m venv --without-pip $(1)
@$(BIN)/python -m hatchling build -t wheel -d $(1)/dist
$(PIP) --python $(1)/bin/python $(2) $(1)/dist/aiprobe-*.whl
@$(BIN)/python $(PURELIB) > "$$($(1)/bin/python $(PURELIB))/locked.pth"
endef

live: $(DEV_STAMP) ## Ask every provider whose key is in the environment, for at most 0.10 USD, and write docs/live.md
	$(BIN)/python -m tests.live $(if $(CONFIG),--config $(CONFIG))

release-check: $(DEV_STAMP) $(RELEASE_STAMP) ## Rehearse a release: build, check, install, image; TAG=v1.2.3 for the real one
	@scratch="$$(mktemp -d)"; trap 'rm -rf "$$scratch"' EXIT; \
	$(BIN)/python -m tests.install.release --tag "$(TAG)" --dist "$(abspath $(VENV))/release/dist" --scratch "$$scratch"

clean: ## Remove the environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "aiprobe: no $(PYTHON) here; install Python 3.11 or newer, or say: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "aiprobe: needs Python 3.11 or newer, and $(PYTHON) is %d.%d; say: make PYTHON=/path/to/a/newer/python3 $(MAKECMDGOALS)" % v[:2] or 0)'
	@$(PYTHON) -m venv --clear $(VENV) || { echo "aiprobe: $(PYTHON) cannot make an environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(RUN_STAMP): requirements.txt requirements-build.txt pyproject.toml | $(BIN)/python
	$(PIP) $(LOCKED) -r requirements.txt -r requirements-build.txt
	$(PIP) install --no-deps --no-index --no-build-isolation --editable .
	$(PIP) check
	@touch $@

$(DEV_STAMP): requirements-dev.txt $(RUN_STAMP)
	$(PIP) $(LOCKED) -r requirements-dev.txt
	$(PIP) check
	@touch $@

# Tools of a release have an environment of their own: nothing of them is in reach of the tests.
$(RELEASE_STAMP): requirements-release.txt | $(BIN)/python
	@$(BIN)/python -m venv --clear $(VENV)/release
	$(PIP) --python $(VENV)/release/bin/python $(LOCKED) -r requirements-release.txt
	$(PIP) --python $(VENV)/release/bin/python check
	@touch $@
