"""What the four environments are made of, and what a real API server says of them."""

from typing import Any

import pytest
import yaml

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from hack.environments import cluster
from hack.environments.rendering import NAMES, check_images
from hack.product import ROOT
from serving.gateway.program import unsupported
from serving.settings import load
from tests.integration.environments.conftest import bodies_of, container_of, named, text_of

pytestmark = pytest.mark.integration

REFERENCE = ROOT / "tests" / "data" / "reference" / "deployment.yaml"
GATEWAYS = {
    "local": "inference-gateway",
    "feature-branch": "inference-gateway",
    "dev": "trading-ml-inference",
    "prod": "inference-gateway",
}


def missing(expected: Any, actual: Any, path: str = "") -> list[str]:
    """Return the fields of `expected` that `actual` lacks or has with another value.

    Entries of lists are compared by their name, or by the port.

    >>> missing({"a": [{"name": "x", "value": 1}]}, {"a": [{"name": "x", "value": 2}]})
    ['.a[x].value: 2, expected 1']
    """
    if isinstance(expected, dict):
        return [
            problem
            for key, value in expected.items()
            for problem in missing(value, (actual or {}).get(key), f"{path}.{key}")
        ]
    if isinstance(expected, list):
        return [
            problem
            for entry in expected
            for problem in missing(entry, _same(entry, actual or []), f"{path}[{_key(entry)}]")
        ]
    return [] if expected == actual else [f"{path}: {actual}, expected {expected}"]


def _key(entry: dict[str, Any]) -> Any:
    return entry.get("name", entry.get("containerPort"))


def _same(entry: dict[str, Any], entries: list[dict[str, Any]]) -> dict[str, Any] | None:
    field = "name" if "name" in entry else "containerPort"
    return next((each for each in entries if each.get(field) == entry[field]), None)


def test_dev_has_each_field_of_the_first_platform_s_deployment() -> None:
    reference = yaml.safe_load(REFERENCE.read_text("utf-8"))
    (container,) = reference["spec"]["template"]["spec"]["containers"]
    assert container.pop("image").endswith(":latest")
    deployment = named(bodies_of("dev"), "Deployment", "trading-ml-inference")
    assert missing(reference, deployment) == []
    assert deployment["spec"]["selector"] == reference["spec"]["selector"]
    assert missing({"spec": {"replicas": 2}}, deployment) == [".spec.replicas: 3, expected 2"]


def test_the_config_map_of_dev_is_the_one_that_the_deployment_mounts() -> None:
    content = named(bodies_of("dev"), "ConfigMap", "trading-ml-inference-config")["data"]
    assert list(content) == ["dev.yaml"]


@pytest.mark.parametrize("name", NAMES)
def test_the_gateway_starts_with_the_settings_of_an_environment(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = bodies_of(name)
    container = container_of(bodies, GATEWAYS[name])
    variables = {e["name"]: e["value"] for e in container["env"]}
    mounted = variables.pop("CONFIG_PATH").rpartition("/")[2]
    (text,) = (
        body["data"][mounted]
        for body in bodies
        if body["kind"] == "ConfigMap" and mounted in body["data"]
    )
    file = tmp_path / mounted
    file.write_text(text)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    settings = load({**variables, "CONFIG_PATH": str(file)})
    assert unsupported(settings) == []
    assert [port["containerPort"] for port in container["ports"]] == [settings.server.port]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert settings.storage.cache_dir in mounts
    assert (settings.auth.mode == "none") == (name == "local")


@pytest.mark.parametrize("name", ["local", "feature-branch", "dev"])
def test_settings_have_the_keys_of_the_reference_with_their_values(name: str) -> None:
    reference = yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text("utf-8"))
    texts = [
        text
        for body in bodies_of(name)
        if body["kind"] == "ConfigMap"
        for text in body["data"].values()
        if "model_registry" in text
    ]
    (settings,) = map(yaml.safe_load, texts)
    assert {key: settings[key] for key in reference} == reference


@pytest.mark.parametrize("name", NAMES)
def test_images_have_digests_which_are_refused_while_they_are_zeros(name: str) -> None:
    assert ":latest" not in text_of(name)
    with pytest.raises(StepError, match="expected REGISTRY/NAME@sha256: and the digest") as refused:
        check_images(bodies_of(name))
    assert "make environment-images" in refused.value.remedy


@pytest.mark.parametrize("name", NAMES)
def test_serving_pods_start_with_the_operator_s_own_image(name: str) -> None:
    container = container_of(bodies_of(name), "inference-operator")
    values = {e["name"]: e.get("value") for e in container["env"]}
    assert values["INFERENCE_OPERATOR_LOADER_IMAGE"] == container["image"]


@pytest.mark.parametrize("name", NAMES)
def test_the_api_server_takes_all_of_an_environment(kubectl: Kubectl, name: str) -> None:
    bodies = bodies_of(name)
    kubectl.apply(*(body for body in bodies if body["kind"] == "Namespace"))
    words = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-")
    listed = kubectl(*words, stdin=text_of(name))
    assert listed.count("serverside-applied") == len(bodies)


@pytest.mark.parametrize("name", NAMES)
def test_its_pods_are_of_the_restricted_standard(kubectl: Kubectl, name: str) -> None:
    bodies = bodies_of(name)
    for body in bodies:
        if body["kind"] == "Namespace":
            labels = body["metadata"]["labels"]
            assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
            kubectl.apply(body)
    workloads = [body for body in bodies if body["kind"] == "Deployment"]
    assert len(workloads) == 4
    for workload in workloads:
        template = workload["spec"]["template"]
        # The account is not there in a dry run, and admission asks for it first.
        spec = {k: v for k, v in template["spec"].items() if k != "serviceAccountName"}
        metadata = {"name": "dry", "namespace": workload["metadata"]["namespace"]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        pod["spec"] = {**spec, "automountServiceAccountToken": False}
        words = ("apply", "--server-side", "--dry-run=server", "-f", "-")
        assert "pod/dry" in kubectl(*words, stdin=yaml.safe_dump(pod))


def test_an_environment_without_its_secret_is_refused_by_name(kubectl: Kubectl) -> None:
    with pytest.raises(StepError) as refused:
        cluster.apply(kubectl, text_of("dev"))
    assert "Secret inference-gateway-keys does not exist" in str(refused.value)
    assert "-n trading-dev" in refused.value.remedy
    words = ("create", "secret", "generic", "-n", "trading-dev", "--from-literal=keys=")
    kubectl(*words, "inference-gateway-keys")
    with pytest.raises(StepError, match="Secret trading-ml-inference-gcp-key does not exist"):
        cluster.apply(kubectl, text_of("dev"))
    assert kubectl("get", "deployments", "-n", "trading-dev", "-o", "name") == ""


def test_a_second_environment_in_one_namespace_is_refused_and_changes_nothing(
    kubectl: Kubectl,
) -> None:
    bodies = [b for b in bodies_of("local") if b["metadata"].get("namespace") == "trading-local"]
    place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "twice"}}
    kubectl.apply(place)

    def in_place(environment: str, bodies: list[dict[str, Any]]) -> str:
        moved = [{**b, "metadata": {**b["metadata"], "namespace": "twice"}} for b in bodies]
        mark = named(tuple(moved), "ConfigMap", "environment-of-this-namespace")
        mark["data"] = {"environment": environment}
        return yaml.safe_dump_all([place, *moved], explicit_start=False)

    cluster.apply(kubectl, in_place("local", bodies))
    before = kubectl.get("deployment", "inference-gateway", "-n", "twice")
    with pytest.raises(StepError) as refused:
        cluster.apply(kubectl, in_place("dev", bodies).replace("replicas: 1", "replicas: 3"))
    assert "environment-of-this-namespace" in str(refused.value)
    assert "field is immutable" in str(refused.value)
    after = kubectl.get("deployment", "inference-gateway", "-n", "twice")
    assert after["spec"] == before["spec"]


def test_prod_has_no_key_of_google_and_is_called_by_https_alone() -> None:
    bodies = bodies_of("prod")
    for account in ("inference-gateway", "mlflow"):
        annotations = named(bodies, "ServiceAccount", account)["metadata"]["annotations"]
        identity = annotations["iam.gke.io/gcp-service-account"]
        assert identity == f"{account}@production.iam.gserviceaccount.com"
    assert "GOOGLE_APPLICATION_CREDENTIALS" not in text_of("prod")
    pod = named(bodies, "Deployment", "mlflow")["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "mlflow"
    gateway = named(bodies, "Gateway", "predictions")
    (route,) = (body for body in bodies if body["kind"] == "HTTPRoute")
    assert route["spec"]["parentRefs"] == [{"name": gateway["metadata"]["name"]}]
    assert [listener["protocol"] for listener in gateway["spec"]["listeners"]] == ["HTTPS"]
    (rule,) = route["spec"]["rules"]
    service = named(bodies, "Service", "inference-gateway")
    assert rule["backendRefs"] == [
        {"name": service["metadata"]["name"], "port": service["spec"]["ports"][0]["port"]}
    ]
    budgets = {b["metadata"]["name"] for b in bodies if b["kind"] == "PodDisruptionBudget"}
    assert budgets == {"inference-gateway", "inference-operator", "mlflow", "redis"}
