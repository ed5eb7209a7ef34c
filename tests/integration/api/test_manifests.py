"""What kubectl's kustomize makes of the manifests: policies, roles of people, and a release."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.cluster.kubectl import Kubectl
from hack.product import ROOT
from hack.release import FILES, images_of, release
from inference_operator.settings import Settings
from tests.environment import settings_of
from tests.integration.api.test_components import rendered, settings

pytestmark = pytest.mark.integration

DIGEST = f"sha256:{'0a' * 32}"
IMAGE = f"registry.example.com/inference-operator@{DIGEST}"
OPERATOR, CACHE = "inference-operator", "inference-operator-artifact-cache"


def of_kind(bodies: list[dict[str, Any]], *kinds: str) -> dict[str, dict[str, Any]]:
    return {body["metadata"]["name"]: body for body in bodies if body["kind"] in kinds}


@pytest.mark.parametrize("name", [OPERATOR, CACHE])
def test_a_network_policy_selects_its_pods_and_their_ports(tmp_path: Path, name: str) -> None:
    bodies = rendered(tmp_path, "cache")
    policy = of_kind(bodies, "NetworkPolicy")[name]
    workload = of_kind(bodies, "Deployment", "DaemonSet")[name]
    pod = workload["spec"]["template"]
    selected = policy["spec"]["podSelector"]["matchLabels"]

    assert policy["metadata"]["namespace"] == workload["metadata"]["namespace"]
    assert selected.items() <= pod["metadata"]["labels"].items()
    (rule,) = policy["spec"]["ingress"]
    (container,) = pod["spec"]["containers"]
    names = {port["name"] for port in container["ports"]}
    assert {port["port"] for port in rule["ports"]} == names
    # Not from outside of the cluster.
    assert [peer["namespaceSelector"] for peer in rule["from"]] == [{}]
    others = [w for n, w in of_kind(bodies, "Deployment", "DaemonSet").items() if n != name]
    for other in others:
        labels = other["spec"]["template"]["metadata"]["labels"]
        assert not selected.items() <= labels.items()


def test_the_cache_may_ask_nobody(tmp_path: Path) -> None:
    policy = of_kind(rendered(tmp_path, "cache"), "NetworkPolicy")[CACHE]
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert policy["spec"]["egress"] == []


def test_the_operator_s_policy_leaves_what_it_asks_to_overlays(tmp_path: Path) -> None:
    policy = of_kind(rendered(tmp_path), "NetworkPolicy")[OPERATOR]
    assert policy["spec"]["policyTypes"] == ["Ingress"]


def test_the_admission_component_gives_the_operator_the_policy_s_lists(tmp_path: Path) -> None:
    bodies = rendered(tmp_path, "admission")
    (container,) = of_kind(bodies, "Deployment")[OPERATOR]["spec"]["template"]["spec"]["containers"]
    (source,) = container["envFrom"]
    bindings = of_kind(bodies, "ValidatingAdmissionPolicyBinding")
    # That of the base keeps CRDs, whoever is allowed what.
    del bindings["inference-operator-keep-models"]
    (binding,) = bindings.values()
    (lists,) = of_kind(bodies, "ConfigMap").values()
    reference = {key: lists["metadata"][key] for key in ("name", "namespace")}

    assert source == {"configMapRef": {"name": reference["name"]}}
    assert binding["spec"]["paramRef"] == {**reference, "parameterNotFoundAction": "Deny"}
    assert binding["spec"]["validationActions"] == ["Deny"]
    assert binding["spec"]["policyName"] in of_kind(bodies, "ValidatingAdmissionPolicy")


def test_the_examples_of_lists_are_settings_that_the_operator_takes() -> None:
    text = (ROOT / "manifests" / "admission" / "allow-lists.yaml").read_text("utf-8")
    lines = [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]
    listed = yaml.safe_load("\n".join(lines))
    fields = [name for name in Settings.model_fields if name.startswith("allowed_")]
    assert len(listed) == len(fields) >= 7
    taken = settings_of(listed)
    assert all(getattr(taken, field) for field in fields)


def test_a_release_names_every_image_by_its_digest(tmp_path: Path) -> None:
    triton = f"nvcr.io/nvidia/tritonserver@{DIGEST}"
    files = release(IMAGE, tmp_path / "release", triton)
    assert {path.name for path in files} == {*FILES, "crds.yaml"}
    for path in files:
        bodies = list(yaml.safe_load_all(path.read_text("utf-8")))
        images = {image for body in bodies for _, image in images_of(body)}
        assert images == ({IMAGE, triton} if path.name in FILES else set())
        if path.name in FILES:
            released = settings_of(settings(bodies))
            assert (released.loader_image, released.triton_image) == (IMAGE, triton)
    with_cache = (tmp_path / "release" / "install-with-cache.yaml").read_text("utf-8")
    assert "DaemonSet" in with_cache


@pytest.mark.parametrize(
    "words",
    [
        ("--image", "registry.example.com/inference-operator:1.2"),
        ("--image", IMAGE, "--triton-image", "nvcr.io/nvidia/tritonserver:26.01-py3"),
    ],
)
def test_a_release_with_a_tag_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    output = tmp_path / "release"
    command = [sys.executable, "-m", "hack.release", "--output", str(output), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"{words[-2]}: found '{words[-1]}', expected REGISTRY/NAME@sha256:" in done.stderr
    assert not output.exists()


@pytest.mark.parametrize("role", ["view", "edit", "admin"])
def test_people_with_the_built_in_roles_may_use_our_kinds(
    kubectl: Kubectl, namespace: str, role: str
) -> None:
    roles = ROOT / "manifests" / "base" / "rbac-users.yaml"
    kubectl("apply", "--server-side", "-f", str(roles))
    given = {body["metadata"]["name"]: body for body in yaml.safe_load_all(roles.read_text())}
    label = f"rbac.authorization.k8s.io/aggregate-to-{role}"
    rules = [
        rule
        for body in given.values()
        if body["metadata"]["labels"].get(label) == "true"
        for rule in body["rules"]
    ]
    # The controller that aggregates is not part of an API server alone.
    meta = {"name": f"people-{namespace}"}
    kubectl.apply(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": meta,
            "rules": rules,
        }
    )
    words = ("create", "rolebinding", "people", "--user=ada", f"--clusterrole={meta['name']}")
    kubectl(*words, "-n", namespace)

    def may(verb: str, resource: str, subresource: str = "") -> bool:
        question = ("auth", "can-i", verb, f"{resource}.inference.aipx.io", "-n", namespace)
        return kubectl.succeeds(*question, f"--subresource={subresource}", "--as=ada")

    for plural in ("inferencemodels", "ensemblepipelines"):
        assert all(may(verb, plural) for verb in ("get", "list", "watch"))
        for verb in ("create", "update", "patch", "delete", "deletecollection"):
            assert may(verb, plural) == (role != "view")
        assert may("get", plural, "status")
        assert not may("patch", plural, "status")
        assert may("patch", plural, "scale") == (role != "view")
