# Developers, the workflows and .ci/run call the same targets. `make` alone lists them.
#
# `make run` and `make test` need Python 3.11 or newer and make. `make e2e` needs Go and, once, packages of
# Debian that `.ci/run` installs (chromium, nginx-light). macOS ships GNU make 3.81 and BSD tools, so recipes use
# only what POSIX describes; a test checks it.

PYTHON ?= python3
VENV := .venv
PROCESSES ?= 2
BIN := $(VENV)/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
SOURCES := exporter/src releases-api/src releases-api/tools grafana tests

# What `make run` and `make check` read, and where `make run` listens. These are given on make's command line
# (`make run PORT=9000`); a variable of the shell's environment does not count, since it is meant for others.
FROM := exporter/sample
# For `make check` alone: `make run` asks the releases API that it starts.
CATALOG := releases-api/catalogs
HOST := 127.0.0.1
PORT := 8080
METRICS_PORT := 8081
API_PORT := 8090
API_METRICS_PORT := 8091
RUN_FOLDER := build/run

.DEFAULT_GOAL := help
.PHONY: help run check test lint types layers unit e2e e2e-tools bench generate picture pictures demo fleet-past fleet-present golden format requirements clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-14s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Only `make run KUBECONFIG=file` means a real cluster; a variable of the shell's environment does not.
ifeq ($(origin KUBECONFIG),command line)
CLUSTER = --kubeconfig $(KUBECONFIG)
else
CLUSTER = --from $(FROM)
endif

# --- environment -----------------------------------------------------------------------------------

REQUIREMENTS := exporter/requirements.txt releases-api/requirements.txt requirements-build.txt

$(VENV)/.run: $(REQUIREMENTS) exporter/pyproject.toml releases-api/pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes $(REQUIREMENTS:%=-r %)
	$(PIP) install --no-deps --no-build-isolation -e exporter -e releases-api
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

# --- use ---------------------------------------------------------------------------------------------

run: $(VENV)/.run ## start releases API and agent: on the recorded sample, or on a cluster with KUBECONFIG=file
	HOST=$(HOST) PORT=$(PORT) METRICS_PORT=$(METRICS_PORT) API_PORT=$(API_PORT) \
		API_METRICS_PORT=$(API_METRICS_PORT) RUN_FOLDER=$(RUN_FOLDER) \
		PYTHONPATH=tests $(BIN)/python -m tools.run_both $(CLUSTER)

demo: $(VENV)/.dev e2e-tools ## a made-up fleet of 120 days: agent, gateway, Prometheus with the shipped rules, until Ctrl-C
	PORT=$(PORT) METRICS_PORT=$(METRICS_PORT) API_PORT=$(API_PORT) API_METRICS_PORT=$(API_METRICS_PORT) \
		PYTHONPATH=tests $(BIN)/python -m tools.demo

fleet-past: $(VENV)/.dev e2e-tools ## for compose.yaml: 120 days of a made-up fleet in build/fleet
	PYTHONPATH=tests $(BIN)/python -m tools.demo --past-only --folder build/fleet

fleet-present: $(VENV)/.dev ## for compose.yaml: the newest reports of that fleet, through the gateway
	PYTHONPATH=tests $(BIN)/python -m tools.demo --send-to http://$(if $(findstring :,$(HOST)),[$(HOST)],$(HOST)):$(API_PORT)

check: $(VENV)/.run ## the same as a table in the terminal
	$(BIN)/workflow-exporter check $(CLUSTER) --catalog $(CATALOG)

# --- proof -------------------------------------------------------------------------------------------

test: lint types layers unit ## everything that needs Python only

lint: $(VENV)/.dev ## check the format and ruff's rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev ## check the types with mypy
	$(BIN)/mypy $(SOURCES)

layers: $(VENV)/.dev ## check which module imports which
	$(BIN)/lint-imports --no-logo

unit: $(VENV)/.dev ## run the unit and contract tests; PROCESSES=1 uses less of the machine
	$(BIN)/python -m pytest tests/unit tests/contract --numprocesses $(PROCESSES) --dist worksteal

e2e-tools: ## build the real Kubernetes, etcd, kwok, kubectl and promtool: 10 minutes once, then seconds
	$(MAKE) -C tests/tools e2e

e2e: $(VENV)/.dev e2e-tools ## everything against real parts
	$(BIN)/python -m pytest tests/e2e tests/contract/test_kubernetes_*.py --api-server=real

bench: $(VENV)/.dev e2e-tools ## figures as ratios to a floor or a peer of the same run
	$(MAKE) -C tests/tools bench
	PYTHONPATH=tests $(BIN)/python -m bench.run
	PYTHONPATH=tests $(BIN)/python -m bench.analytics
	$(BIN)/python tests/bench/catalog_serving.py
	PYTHONPATH=tests $(BIN)/python -m bench.ingest

# --- upkeep ------------------------------------------------------------------------------------------

generate: $(VENV)/.dev ## write what is generated: shipped catalogs, tables of documents, boards, protobuf's code
	$(BIN)/python releases-api/tools/catalogs_from_facts.py
	PYTHONPATH=tests $(BIN)/python -m tools.privacy_page
	PYTHONPATH=tests $(BIN)/python -m tools.recognised_releases
	PYTHONPATH=grafana $(BIN)/python -m generator
	PYTHONPATH=tests $(BIN)/python -m tools.chart_files
	PYTHONPATH=tests $(BIN)/python -m tools.chart_values helm/workflow-exporter helm/workflow-releases
	$(BIN)/python -m grpc_tools.protoc -I exporter/src --python_out=exporter/src --pyi_out=exporter/src \
		exporter/src/workflow_exporter/reporter/remote_write.proto

picture: $(VENV)/.dev ## take the README's picture of the page (needs Debian's chromium)
	PYTHONPATH=tests $(BIN)/python -m tools.readme_picture docs/page.png

pictures: $(VENV)/.dev e2e-tools ## draw every board as a real Prometheus answers it, of the demo's fleet
	PYTHONPATH=tests $(BIN)/python -m tools.pictures docs

golden: $(VENV)/.dev ## rewrite the golden files; read the diff before you commit it
	$(BIN)/python -m pytest tests/unit tests/contract --golden
	$(MAKE) -C tests/tools $(CURDIR)/tests/tools/bin/helm $(CURDIR)/tests/tools/bin/helm3
	$(BIN)/python -m pytest tests/e2e/test_helm_rendering.py -k golden --golden

format: $(VENV)/.dev ## format and repair what can be repaired
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

COMPILE := uv pip compile -q --generate-hashes --universal --no-header --python-version 3.11

requirements: ## resolve the pins anew (needs uv); hashes only, no addresses, the same pins for both programs
	$(COMPILE) exporter/pyproject.toml -o exporter/requirements.txt
	$(COMPILE) releases-api/pyproject.toml -c exporter/requirements.txt -o releases-api/requirements.txt
	$(COMPILE) requirements-build.in -o requirements-build.txt
	$(COMPILE) exporter/pyproject.toml releases-api/pyproject.toml requirements-build.in requirements-dev.in \
		-c exporter/requirements.txt -c releases-api/requirements.txt -c requirements-build.txt \
		-o requirements-dev.txt

clean: ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
