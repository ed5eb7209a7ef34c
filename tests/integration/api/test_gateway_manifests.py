"""The manifests of the prediction gateway and of Redis, by kubectl and a real API server."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from hack.overlays import kustomized
from hack.product import ROOT
from serving.gateway.program import unsupported
from serving.settings.root import Settings

pytestmark = pytest.mark.integration
RESTRICTED = "gateway-restricted"
WORKLOADS = {"gateway": "inference-gateway", "redis": "redis"}


@cache
def rendered(folder: str) -> tuple[dict[str, Any], ...]:
    shown = kustomized(ROOT / "manifests" / folder)
    return tuple(yaml.safe_load_all(shown))


def one(folder: str, kind: str) -> dict[str, Any]:
    (body,) = (body for body in rendered(folder) if body["kind"] == kind)
    return body


@pytest.fixture(scope="module")
def restricted(kubectl: Kubectl) -> Iterator[Kubectl]:
    """A namespace that refuses pods which are not of the restricted standard."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"name": RESTRICTED, "labels": labels}
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": namespace})
    yield kubectl
    kubectl("delete", "namespace", RESTRICTED, "--wait=false")


def pod_of(folder: str) -> dict[str, Any]:
    template = one(folder, "Deployment")["spec"]["template"]
    metadata = {"name": "dry", "namespace": RESTRICTED, "labels": template["metadata"]["labels"]}
    # The account is not there in a dry run, and admission asks for it first.
    spec = {k: v for k, v in template["spec"].items() if k != "serviceAccountName"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def dry_run(kubectl: Kubectl, *bodies: dict[str, Any]) -> str:
    text = yaml.safe_dump_all(bodies)
    return kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=text)


@pytest.mark.parametrize("folder", WORKLOADS)
def test_the_api_server_takes_all_of_it(restricted: Kubectl, folder: str) -> None:
    bodies = [
        {**body, "metadata": {**body["metadata"], "namespace": RESTRICTED}}
        for body in rendered(folder)
    ]
    listed = dry_run(restricted, *bodies)
    assert listed.count("serverside-applied") == len(bodies)


@pytest.mark.parametrize("folder", WORKLOADS)
def test_its_pods_are_of_the_restricted_standard(restricted: Kubectl, folder: str) -> None:
    assert "pod/dry" in dry_run(restricted, pod_of(folder))
    pod = pod_of(folder)
    del pod["spec"]["containers"][0]["securityContext"]
    with pytest.raises(StepError, match="violates PodSecurity"):
        dry_run(restricted, pod)


@pytest.mark.parametrize(("folder", "name"), WORKLOADS.items())
def test_service_budget_and_policy_select_its_pods(folder: str, name: str) -> None:
    pod = one(folder, "Deployment")["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    ports = {port["name"] for port in container["ports"]}
    labels = {"app.kubernetes.io/name": name}
    assert pod["metadata"]["labels"] == labels
    assert one(folder, "Service")["spec"]["selector"] == labels
    assert {port["targetPort"] for port in one(folder, "Service")["spec"]["ports"]} == ports
    assert one(folder, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    policy = one(folder, "NetworkPolicy")["spec"]
    assert policy["podSelector"]["matchLabels"] == labels
    (rule,) = policy["ingress"]
    assert {port["port"] for port in rule["ports"]} == ports
    assert pod["spec"]["automountServiceAccountToken"] is False


def test_only_the_gateway_reaches_redis_which_calls_nobody() -> None:
    policy = one("redis", "NetworkPolicy")["spec"]
    gateway = one("gateway", "Deployment")["spec"]["template"]["metadata"]["labels"]
    (rule,) = policy["ingress"]
    assert [peer["podSelector"]["matchLabels"] for peer in rule["from"]] == [gateway]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["egress"] == []


def test_the_autoscaler_has_the_number_of_pods_two_at_least() -> None:
    deployment, scaler = one("gateway", "Deployment"), one("gateway", "HorizontalPodAutoscaler")
    assert "replicas" not in deployment["spec"]
    assert scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert scaler["spec"]["minReplicas"] == 2


def test_the_shipped_settings_start_the_gateway_and_fit_the_manifests() -> None:
    (text,) = one("gateway", "ConfigMap")["data"].values()
    settings = Settings(**yaml.safe_load(text))
    assert unsupported(settings) == []
    (container,) = one("gateway", "Deployment")["spec"]["template"]["spec"]["containers"]
    assert [port["containerPort"] for port in container["ports"]] == [settings.server.port]
    mounts = {each["mountPath"] for each in container["volumeMounts"]}
    assert settings.storage.cache_dir in mounts
    assert str(Path(settings.auth.keys_file).parent) in mounts
    assert settings.redis.url == f"redis://{one('redis', 'Service')['metadata']['name']}:6379/0"
    sample = (ROOT / "manifests/samples/ensemble-predictor.yaml").read_text()
    served = {body["metadata"]["name"]: body for body in yaml.safe_load_all(sample)}
    for route in (settings.routes.price, settings.routes.sentiment, settings.routes.ensemble):
        assert route is not None
        address = settings.triton.targets[route.target].address
        assert address == f"{route.model}-headless:8001"
        assert served[route.model]["spec"]["service"]["headless"]
