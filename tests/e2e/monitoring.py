"""A Prometheus beside the cluster, on the shipped scrape configuration, and a tenant that lies."""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import yaml

from hack.cluster import registry
from hack.cluster.kubectl import Kubectl
from hack.cluster.layout import Cluster
from hack.demo.model import namespace as restricted_namespace
from hack.product import DEPLOYMENT, ROOT
from hack.services.cluster_store import NAME as STORE
from hack.services.prometheus import LocalPrometheus
from tests.e2e.harness import ClusterHarness
from tests.integration.operator.service_account import as_service_account
from tests.integration.prometheus.exporter import Exporter, exporter

CONFIGURATION = ROOT / "manifests" / "monitoring" / "prometheus.yaml"
_EACH_SECOND = {"scrape_interval": "1s", "scrape_timeout": "1s"}
_URL = "INFERENCE_OPERATOR_PROMETHEUS_URL"
_INTERVAL = "INFERENCE_OPERATOR_PROMETHEUS_INTERVAL_SECONDS"
_TIMEOUT = "INFERENCE_OPERATOR_PROMETHEUS_TIMEOUT_SECONDS"
_NAME, _NAMESPACE = "prometheus-of-a-test", "default"
_STARTED = time.monotonic()


class Writer(Protocol):
    """Somebody whose metrics Prometheus scrapes each second, with the labels that it gives."""

    def text(self) -> str: ...


@dataclass
class Tenant:
    """Metrics of another tenant: thousands of failures of pods that are not its own."""

    pods: set[tuple[str, str]] = field(default_factory=set)
    """Namespace and name of each pod that they name."""

    model: str = "linear"

    def text(self) -> str:
        """Return Triton's counters with 100 failed requests a second, and no others."""
        failed = round(100 * (time.monotonic() - _STARTED))
        lines = []
        for namespace, pod in sorted(self.pods):
            labels = f'namespace="{namespace}",pod="{pod}",model="{self.model}",version="1"'
            lines += [
                f"nv_inference_request_success{{{labels}}} 0",
                f'nv_inference_request_failure{{{labels},reason="BACKEND"}} {failed}',
                f"nv_inference_pending_request_count{{{labels}}} 0",
            ]
        return "\n".join([*lines, ""])


@contextmanager
def monitored(
    folder: Path, cluster: Cluster, kubectl: Kubectl, tenant: Writer
) -> Iterator[LocalPrometheus]:
    """Run a Prometheus that pods of the cluster reach, with a scrape each second.

    It finds the pods by a ServiceAccount with the rights that `manifests/monitoring` names.
    """
    kubectl.apply(*_account())
    kubeconfig = as_service_account(kubectl, folder, _NAME, _NAMESPACE)
    with exporter() as server:
        server.write = tenant.text
        configuration = {"scrape_configs": [*_shipped(kubeconfig), _tenant(server)]}
        host = cluster.host_address
        with LocalPrometheus(folder / "data", configuration, host=host) as prometheus:
            yield prometheus


def _account() -> list[dict[str, Any]]:
    """Return a ServiceAccount that may only get, list and watch pods."""
    group, meta = "rbac.authorization.k8s.io", {"name": _NAME}
    subject = {"kind": "ServiceAccount", "name": _NAME, "namespace": _NAMESPACE}
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
    role = {"apiGroup": group, "kind": "ClusterRole", "name": _NAME}
    account = {"apiVersion": "v1", "kind": "ServiceAccount"}
    return [
        {**account, "metadata": {**meta, "namespace": _NAMESPACE}},
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": meta, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": meta,
            "roleRef": role,
            "subjects": [subject],
        },
    ]


def _shipped(kubeconfig: Path) -> list[dict[str, Any]]:
    """Return the shipped jobs. Prometheus is outside of the cluster, so it needs a kubeconfig."""
    jobs: list[dict[str, Any]] = yaml.safe_load(CONFIGURATION.read_text())["scrape_configs"]
    for job in jobs:
        job.update(_EACH_SECOND)
        for discovery in job["kubernetes_sd_configs"]:
            discovery["kubeconfig_file"] = str(kubeconfig)
    return jobs


def _tenant(server: Exporter) -> dict[str, Any]:
    """Return a job that believes what the exporter says about pods, as a careless one does."""
    targets = [{"targets": [server.address]}]
    return {
        "job_name": "tenant",
        "honor_labels": True,
        "static_configs": targets,
        **_EACH_SECOND,
    }


@contextmanager
def measuring_operator(
    harness: ClusterHarness, folder: Path, tenant: Writer
) -> Iterator[LocalPrometheus]:
    """Run a Prometheus, and have the operator ask it each two seconds."""
    cluster = registry.recorded(os.environ["CLUSTER_NAME"])
    assert cluster is not None
    with monitored(folder, cluster, harness.kubectl, tenant) as running:
        settings = {_URL: running.uri, _INTERVAL: "2", _TIMEOUT: "2"}
        harness.kubectl("set", "env", *DEPLOYMENT, *(f"{k}={v}" for k, v in settings.items()))
        try:
            harness.kubectl("rollout", "status", *DEPLOYMENT, "--timeout=90s")
            yield running
        finally:
            harness.kubectl("set", "env", *DEPLOYMENT, *(f"{key}-" for key in settings))
            harness.kubectl("rollout", "status", *DEPLOYMENT, "--timeout=90s")


@contextmanager
def shared_namespace(harness: ClusterHarness) -> Iterator[str]:
    """Make a namespace for all units of a module, with the store's credentials."""
    name = f"e2e-{uuid.uuid4().hex[:6]}"
    restricted_namespace(harness.kubectl, name)
    secret = harness.kubectl.get("secret", STORE, "-n", "model-store")
    copied = {"apiVersion": "v1", "kind": "Secret", "data": secret["data"]}
    harness.kubectl.apply({**copied, "metadata": {"name": STORE, "namespace": name}})
    yield name
    harness.kubectl("delete", "namespace", name, "--wait=false")
