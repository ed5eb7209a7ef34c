# `make` alone prints this help. Everything installs what it needs; see README.md.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PY := $(BIN)/python
CHECKED := operator model_builders training hack tests benchmarks

# What the e2e tests and the demo run on: embedded (default), kind or current.
export CLUSTER ?= embedded
K ?=
export TRACKING_URI ?=
# Debian's `su` leaves them out.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

.PHONY: help setup lock generate format check unit integration test test-e2e image \
        cluster-up cluster-down cluster-status demo demo-down demo-ensemble train mlflow-up mlflow-down benchmark-operator \
        benchmark-controller benchmark-ensemble benchmark-serving benchmark-training

help: ## this help
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' \
	  | awk -F'\t' '{printf "  make %-20s %s\n", $$1, $$2}'
	@echo
	@echo "  CLUSTER=embedded|kind|current chooses the cluster of demo and tests (now $(CLUSTER))"

setup: $(STAMP) ## the work tree's virtual environment

$(STAMP): requirements/dev.txt pyproject.toml hack/uv.py
	@uv=$$($(PYTHON) hack/uv.py); \
	echo "==> installing requirements/dev.txt in $(VENV)"; \
	test -x $(PY) || $$uv venv --quiet --python $(PYTHON) $(VENV); \
	$$uv pip sync --quiet --python $(PY) requirements/dev.txt; \
	$$uv pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .; \
	touch $@

lock: ## write requirements/ anew from pyproject.toml
	@uv=$$($(PYTHON) hack/uv.py); compile="$$uv pip compile --quiet --upgrade --python-version 3.11 --generate-hashes --no-header"; \
	$$compile pyproject.toml --group training --group test --group dev -o requirements/dev.txt; \
	pinned="$$uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header -c requirements/dev.txt"; \
	$$pinned pyproject.toml -o requirements/operator.txt; \
	for group in training test; do $$pinned --group $$group -o requirements/$$group.txt; done; \
	$$pinned --group mlflow-server -o hack/images/mlflow/requirements.txt; \
	echo hatchling | $$pinned - -o requirements/build.txt

generate: $(STAMP) ## write crds/ and docs/api.md anew from the API's types
	@$(PY) hack/generate.py

format: $(STAMP) ## format and sort imports
	@$(BIN)/ruff check --quiet --fix $(CHECKED) || true
	@$(BIN)/ruff format --quiet $(CHECKED)

check: $(STAMP) ## format, lint, types, import contracts, unit tests, generated files
	@echo "==> format"; $(BIN)/ruff format --check --quiet $(CHECKED) || { echo "What to do: make format"; exit 1; }
	@echo "==> lint"; $(BIN)/ruff check --quiet $(CHECKED)
	@echo "==> types"; $(BIN)/mypy
	@echo "==> import contracts"; PYTHONPATH=operator:. $(BIN)/lint-imports
	@echo "==> generated files"; $(PY) hack/generate.py --check
	@echo "==> unit tests"; $(PY) -m pytest -q tests/unit tests/architecture

unit: $(STAMP) ## unit tests
	@$(PY) -m pytest -q tests/unit tests/architecture

integration: $(STAMP) ## tests against a real API server, a real Triton, a real TLS server
	@$(PY) -m pytest tests/contract tests/integration tests/images $(if $(K),-k "$(K)")

test-e2e: $(STAMP) ## the e2e tests, or those of K=expression, on a cluster that is kept up
	@KEEP_CLUSTER=1 $(PY) -m pytest tests/e2e $(if $(K),-k "$(K)")

test: check ## check + integration + e2e
	@$(PY) -m pytest tests --ignore tests/unit --ignore tests/architecture

image: $(STAMP) ## the operator's and Triton's images, as archives
	@$(PY) -m hack.images build all

cluster-up: $(STAMP) ## a local Kubernetes
	@$(PY) -m hack.cluster up

cluster-down: $(STAMP) ## remove the local Kubernetes, and everything that it left
	@$(PY) -m hack.cluster down

cluster-status: $(STAMP) ## what of it runs
	@$(PY) -m hack.cluster status

train: $(STAMP) ## train the shipped MODELS=a,b (all) and register them in MLflow, or that of TRACKING_URI=
	@$(PY) -m hack.train $(if $(MODELS),--models "$(MODELS)") $(if $(PROFILE),--profile $(PROFILE)) $(if $(ALIAS),--alias $(ALIAS))

mlflow-up: $(STAMP) ## MLflow on this machine, with its web pages
	@$(PY) -m hack.mlflow up

mlflow-down: $(STAMP) ## end it; build/mlflow keeps what is registered
	@$(PY) -m hack.mlflow down

demo: $(STAMP) ## the main job: train, deploy, predict, on a real Kubernetes
	@$(PY) -m hack.demo up

demo-ensemble: $(STAMP) ## several models and steps as one: MLflow, the trading ensemble, a prediction
	@$(PY) -m hack.demo_ensemble

demo-down: $(STAMP) ## remove what the demo made, its cluster included
	@$(PY) -m hack.demo down

benchmark-operator: $(STAMP) ## requests, latency and memory of the operator with 10 models
	@$(PY) -m benchmarks.operator_basics

benchmark-serving: $(STAMP) ## requests a second of the shipped models on the real Triton, beside a plain loop
	@$(PY) -m benchmarks.serving

benchmark-ensemble: $(STAMP) ## the trading ensemble in one request, beside its steps called one by one
	@$(PY) -m benchmarks.ensemble

benchmark-training: $(STAMP) ## the training loop beside a plain one
	@$(PY) -m benchmarks.training

benchmark-controller: $(STAMP) ## the controller with N=1000 models: burst, edits, restart, idle, delete
	@$(PY) -m benchmarks.controller --n $(or $(N),1000) --output build/benchmarks/controller-$(or $(N),1000).json
