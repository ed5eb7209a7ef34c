# `make` alone prints this help. Everything installs what it needs; see README.md.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
# Two environments in one folder: a small one for the operator and its tests, and the whole one.
STAMP := $(VENV)/.installed
FULL := $(VENV)/.installed-full
CHECKED := operator model_builders serving training hack tests benchmarks
# Most tests wait for servers, so more of them run at the same time than the machine has cores. No worker takes more than one.
WORKERS ?= 4
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest
PARALLEL := --numprocesses $(WORKERS)
K ?=
SELECTED = $(if $(K),-k "$(K)")

# The cluster of the e2e tests and the demo: embedded (default), kind or current.
export CLUSTER ?= embedded
# The version of the embedded cluster and of the API server alone: 1.37 (default) or 1.34.
export KUBERNETES ?=
export TRACKING_URI ?=
# Hundreds of processes import the same modules: without bytecode each of them compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE
# Debian's `su` leaves these folders out.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

.PHONY: help setup setup-all prepare lock generate format check check-training unit integration test test-all \
        test-e2e fresh-check image cluster-up cluster-down cluster-status demo demo-canary demo-down demo-ensemble demo-gateway train \
        fuzz sbom audit release-manifests release-chart release-check mlflow-up mlflow-down benchmark-operator benchmark-controller \
        benchmark-ensemble benchmark-gateway benchmark-gitops benchmark-serving benchmark-training gpu-check stack-up stack-down health metrics \
        environment environment-images branch-env branch-env-down install lint clean docker-ready docker-build docker-up docker-down

help: ## show this help
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' \
	  | awk -F'\t' '{printf "  make %-20s %s\n", $$1, $$2}'
	@echo
	@echo "  CLUSTER=embedded|kind|current chooses the cluster of demo and tests (now $(CLUSTER))"

setup: $(STAMP) ## create the environment for the operator, without PyTorch and MLflow
setup-all: $(FULL) ## create the whole environment: training, MLflow, benchmarks
prepare: $(FULL) ## build or fetch what demos and tests need: programs, images, trained models
	@$(PY) -m hack.prepare

# $(call install,LOCK) installs exactly the packages that the lock lists, and this project.
define install
uv=$$($(PYTHON) hack/uv.py); \
echo "==> installing $(1) in $(VENV)"; \
test -x $(PY) || $$uv venv --quiet --python $(PYTHON) $(VENV); \
$$uv pip sync --quiet --require-hashes --python $(PY) $(1); \
$$uv pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
endef

# The small environment is part of the whole one. If the whole one is installed, nothing is removed from it.
$(STAMP): requirements/dev.txt requirements/uv.txt pyproject.toml hack/uv.py
	@$(call install,$(if $(wildcard $(FULL)),requirements/all.txt,requirements/dev.txt)); touch $@ $(wildcard $(FULL))

$(FULL): requirements/all.txt $(STAMP)
	@$(call install,requirements/all.txt); touch $(STAMP) $@

lock: ## write requirements/ from pyproject.toml; UPGRADE=--upgrade takes newer versions
	@uv=$$($(PYTHON) hack/uv.py); \
	compile="$$uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header"; \
	$$compile $(UPGRADE) pyproject.toml --extra serving --group training --group test --group dev -o requirements/all.txt; \
	pinned="$$compile -c requirements/all.txt"; \
	$$pinned pyproject.toml -o requirements/operator.txt; \
	$$pinned pyproject.toml --extra serving --group test --group dev -o requirements/dev.txt; \
	$$pinned --group serving -o requirements/serving.txt; \
	$$pinned --group training -o requirements/training.txt; \
	$$pinned --group mlflow-server -o hack/images/mlflow/requirements.txt; \
	$$pinned --group release -o requirements/release.txt; \
	$$compile $(UPGRADE) --group gateway -o requirements/gateway.txt; \
	echo hatchling | $$pinned - -o requirements/build.txt; \
	grep -oE 'kopf>=[^"]+' pyproject.toml | $$compile --upgrade --no-deps --resolution lowest-direct - -o requirements/kopf-lowest.txt; \
	echo uv | $$compile $(UPGRADE) - -o requirements/uv.txt

generate: $(STAMP) ## write crds/, dist/ (install.yaml, Helm chart), docs/api.md and copies in manifests/argocd
	@$(PY) hack/generate.py

format: $(STAMP) ## format and sort imports
	@$(BIN)/ruff check --quiet --fix $(CHECKED) || true
	@$(BIN)/ruff format --quiet $(CHECKED)

check: $(STAMP) ## check format, lint, types, imports, unit tests, generated files; PyTorch is not needed
	@echo "==> format"; $(BIN)/ruff format --check --quiet $(CHECKED) || { echo "What to do: make format"; exit 1; }
	@echo "==> lint"; $(BIN)/ruff check --quiet $(CHECKED)
	@echo "==> types"; $(BIN)/mypy operator/inference_operator model_builders
	@echo "==> import contracts"; PYTHONPATH=operator:. $(BIN)/lint-imports
	@echo "==> generated files"; $(PY) hack/generate.py --check
	@echo "==> unit tests"; $(PYTEST) -q $(PARALLEL) --training without tests/unit tests/architecture

check-training: $(FULL) ## check all types, and run the unit tests that need PyTorch or MLflow
	@echo "==> types of training, hack and benchmarks"; $(BIN)/mypy
	@echo "==> every test can be imported"; $(PYTEST) -qq --collect-only tests --ignore tests/unit | { grep -A 20 ERROR || true; }
	@echo "==> unit tests of training"; $(PYTEST) -q $(PARALLEL) --training only tests/unit tests/architecture $(SELECTED)

unit: $(STAMP) ## run the operator's unit tests, or those of K=expression
	@$(PYTEST) -q $(PARALLEL) --training without tests/unit tests/architecture $(SELECTED)

integration: prepare ## run tests against a real API server, a real Triton, a real TLS server
	@$(PYTEST) $(PARALLEL) tests/contract tests/integration tests/images $(SELECTED)

test-e2e: prepare ## run the e2e tests, or those of K=expression, on a cluster that is kept; the long ones with LONG=1
	@KEEP_CLUSTER=1 $(PYTEST) $(PARALLEL) tests/e2e $(SELECTED) $(if $(LONG),--long)

test: check check-training prepare ## run check, integration, cluster and e2e tests: all that must always pass
	@$(PYTEST) $(PARALLEL) tests --ignore tests/unit --ignore tests/architecture

# Tests that depend on the API server's own messages and defaults.
API_TESTS := tests/cluster/test_apiserver.py tests/contract $(addprefix tests/integration/,adapters api benchmarks operator)

test-all: test ## run make test, long runs, fuzzing, and API-server tests on the older Kubernetes
	@echo "==> long runs"; $(PYTEST) $(PARALLEL) --long tests
	@echo "==> property tests with 20 times as many examples"; \
	  EXAMPLES_FACTOR=20 $(PYTEST) $(PARALLEL) --timeout 1800 -m hypothesis tests/unit tests/integration/api
	@echo "==> fuzzing"; $(PY) -m tests.fuzz --inputs 1000
	@echo "==> Kubernetes 1.34"; export KUBERNETES=1.34; $(PY) -m hack.prepare programs; $(PYTEST) $(PARALLEL) $(API_TESTS)

fresh-check: prepare ## run set-up and a sample of tests in a bare Debian 12, to find missing packages
	@$(PY) -m hack.fresh_check

fuzz: $(STAMP) ## fuzz all parsers of foreign text for SECONDS=600, or TARGET=name; FILE= runs 1 input
	@$(PY) -m tests.fuzz --seconds $(or $(SECONDS),600) $(if $(TARGET),--target $(TARGET)) $(if $(FILE),--reproduce $(FILE))

sbom: $(STAMP) ## write the SBOMs of the images and the training environment (CycloneDX) to build/sbom
	@$(PY) -m hack.sbom

audit: $(STAMP) ## look up vulnerabilities of all locked packages in a public database
	@$(PY) -m hack.sbom audit

image: $(STAMP) ## build all images as archives: operator, gateway, Triton, MLflow, Redis
	@$(PY) -m hack.images build all

release-manifests: $(STAMP) ## write build/release/: manifests with IMAGE=registry/name@sha256:... (and TRITON_IMAGE=)
	@$(PY) -m hack.release --image "$(IMAGE)" $(if $(TRITON_IMAGE),--triton-image "$(TRITON_IMAGE)")

release-chart: $(STAMP) ## write build/release/inference-operator-VERSION.tgz with IMAGE=...@sha256:...; CHARTS=oci://... pushes it
	@$(PY) -m hack.installation.package --image "$(IMAGE)" $(if $(TAG),--tag "$(TAG)") $(if $(CHARTS),--push "$(CHARTS)")

release-check: $(STAMP) ## run the parts of a release that need nothing from outside, and name the others
	@$(PY) -m hack.release_check

environment-images: $(STAMP) ## write digests for manifests/environments: OPERATOR= GATEWAY= TRITON= MLFLOW= REDIS=
	@$(PY) -m hack.environments images $(foreach v,OPERATOR GATEWAY TRITON MLFLOW REDIS,$(if $($(v)),--$(shell echo $(v) | tr A-Z a-z) "$($(v))"))

environment: $(STAMP) ## apply manifests/environments/NAME (local, dev, prod) to the cluster of KUBECONFIG
	@$(PY) -m hack.environments up -- "$${NAME:-}"

branch-env: $(STAMP) ## apply an environment of its own for the feature branch BRANCH=name
	@$(PY) -m hack.environments branch-up -- "$${BRANCH:-}"

branch-env-down: $(STAMP) ## remove the environment of the feature branch BRANCH=name
	@$(PY) -m hack.environments branch-down -- "$${BRANCH:-}"

cluster-up: $(STAMP) ## start a local Kubernetes
	@$(PY) -m hack.cluster up

cluster-down: $(STAMP) ## remove the local Kubernetes and all its files
	@$(PY) -m hack.cluster down

cluster-status: $(STAMP) ## show which parts of the local Kubernetes run
	@$(PY) -m hack.cluster status

train: $(FULL) ## train the shipped MODELS=a,b (all) and register them in MLflow (TRACKING_URI=)
	@$(PY) -m hack.demo.train $(if $(MODELS),--models "$(MODELS)") $(if $(PROFILE),--profile $(PROFILE)) $(if $(ALIAS),--alias $(ALIAS))

mlflow-up: $(FULL) ## start MLflow on this machine, with its web pages
	@$(PY) -m hack.services.mlflow up

mlflow-down: $(FULL) ## stop MLflow; build/mlflow keeps the registered models
	@$(PY) -m hack.services.mlflow down

stack-up: $(FULL) ## run gateway, Redis, Triton with the trained models and Prometheus; FREE_PORTS=1 takes others
	@$(PY) -m hack.stack up $(if $(FREE_PORTS),--free-ports)

stack-down: $(STAMP) ## end the processes of make stack-up
	@$(PY) -m hack.stack down

health: $(STAMP) ## ask the gateway of make stack-up whether it lives and can predict
	@$(PY) -m hack.stack health

metrics: $(STAMP) ## show the counts and latencies of the gateway of make stack-up
	@$(PY) -m hack.stack metrics

install: setup-all ## as make setup-all

lint: $(STAMP) ## check format and lint alone, which make check does too
	@$(BIN)/ruff format --check --quiet $(CHECKED) && $(BIN)/ruff check --quiet $(CHECKED)

clean: ## remove what tools keep beside the code; build/ stays, which has registered models
	@rm -rf dist/*.whl dist/*.tar.gz .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache; \
	  find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

docker-ready:
	@docker compose version >/dev/null 2>&1 || { echo "Docker with its plugin Compose is missing."; \
	  echo "What to do: install both, or use make stack-up, which needs neither."; exit 1; }
	@docker info >/dev/null 2>&1 || { echo "No Docker daemon answers."; \
	  echo "What to do: start it, or use make stack-up, which needs none."; exit 1; }

docker-build: docker-ready ## build the gateway's image with Docker
	@docker compose build

docker-up: docker-ready $(FULL) ## run compose.yaml: gateway, Redis, Triton, Prometheus and Grafana in Docker
	@$(PY) -m hack.stack models
	@docker compose up --detach --wait

docker-down: docker-ready ## end what make docker-up started; its volumes stay
	@docker compose down

demo: $(FULL) ## show the main job: train, deploy and predict on a real Kubernetes
	@$(PY) -m hack.demo.model up

demo-ensemble: $(FULL) ## show several models and steps as one: MLflow, the trading ensemble, a prediction
	@$(PY) -m hack.demo.ensemble

demo-canary: $(FULL) ## show a rollout by steps through a gateway, on the cluster of make demo
	@$(PY) -m hack.demo.canary

demo-gateway: $(FULL) ## show the prediction gateway and Redis in front of the trained models, in the cluster of make demo
	@$(PY) -m hack.demo.gateway

demo-down: $(STAMP) ## remove the objects of the demo, and its cluster
	@$(PY) -m hack.demo.model down

benchmark-operator: $(FULL) ## measure requests, latency and memory of the operator with 10 models
	@$(PY) -m benchmarks.operator_basics

benchmark-serving: $(FULL) ## measure requests a second of the shipped models on a real Triton, and of a plain loop
	@$(PY) -m benchmarks.serving

benchmark-ensemble: $(FULL) ## measure the trading ensemble as 1 request, and as 1 request a step
	@$(PY) -m benchmarks.ensemble

benchmark-gateway: $(FULL) ## measure the prediction gateway beside direct gRPC and a plain FastAPI program, in some minutes
	@$(PY) -m benchmarks.gateway --output build/benchmarks/gateway.json

benchmark-training: $(FULL) ## measure the training loop, and a plain one
	@$(PY) -m benchmarks.training

gpu-check: $(FULL) ## compare the shipped models on this machine's GPU with the CPU; says so if there is none
	@$(PY) -m hack.gpu_check

benchmark-gitops: $(FULL) ## measure a push through a real Argo CD, and writes of both in 5 quiet minutes
	@$(PY) -m hack.prepare argocd && $(PY) -m benchmarks.gitops

benchmark-controller: $(FULL) ## measure the controller with N=1000 models beside a bare client, in 10 min
	@$(PY) -m benchmarks.controller --n $(or $(N),1000) --output build/benchmarks/controller-$(or $(N),1000).json
