"""The Helm chart, rendered by the real Helm: the same objects as those of the manifests."""

import copy
from pathlib import Path

import pytest
import yaml

from hack.installation.base_objects import IMAGE
from hack.overlays import kustomized
from hack.product import ROOT
from tests.integration.api.test_components import rendered
from tests.integration.installation.conftest import Helm
from tests.integration.installation.objects import Body, Key, by_name, parsed

pytestmark = pytest.mark.integration

CHART = ROOT / "dist" / "chart"
MINE = f"registry.example.com/inference-operator@sha256:{'0a' * 32}"
NAMESPACE = "inference-operator"


def templated(helm: Helm, *words: str) -> dict[Key, Body]:
    """Return the objects of the chart with the image of a release."""
    return parsed(helm("template", "x", CHART, "-n", NAMESPACE, "--set", f"image={MINE}", *words))


def with_image(text: str) -> dict[Key, Body]:
    """Return the objects of manifests with that image, without the Namespace that Helm makes."""
    bodies = parsed(text.replace(IMAGE, MINE))
    bodies.pop(("Namespace", "", NAMESPACE), None)
    return bodies


def with_sorted_variables(bodies: dict[Key, Body]) -> dict[Key, Body]:
    """Return the objects; kustomize adds variables before those of the base, Helm after them."""
    pod = bodies["Deployment", NAMESPACE, NAMESPACE]["spec"]["template"]["spec"]
    pod["containers"][0]["env"].sort(key=lambda variable: variable["name"])
    return bodies


def test_helm_lints_it(helm: Helm) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART, "--set", f"image={MINE}")


def test_it_is_install_yaml_object_by_object(helm: Helm) -> None:
    file = (ROOT / "dist" / "install.yaml").read_text("utf-8")
    assert templated(helm) == with_image(file)


def test_install_yaml_is_what_kustomize_makes_of_the_base() -> None:
    text = kustomized(ROOT / "manifests" / "base")
    bodies = list(yaml.safe_load_all(text))
    for body in bodies:
        if body["kind"].startswith("ValidatingAdmissionPolicy"):
            # kustomize takes them for namespaced. The API server does not mind.
            assert body["metadata"].pop("namespace") == NAMESPACE
    assert parsed((ROOT / "dist" / "install.yaml").read_text("utf-8")) == by_name(bodies)


def test_namespaces_make_it_manifests_namespaced(helm: Helm) -> None:
    text = kustomized(ROOT / "manifests" / "namespaced")
    expected = with_image(text)
    own: Key
    for own in (("Role", NAMESPACE, NAMESPACE), ("RoleBinding", NAMESPACE, NAMESPACE)):
        # A label by which an administrator of the cluster applies the rights alone.
        assert expected[own]["metadata"].pop("labels")
    off = ("--set", "crds.install=false", "--set", "userRoles=false")
    objects = templated(helm, "--set", "namespaces={trading}", *off)
    assert with_sorted_variables(objects) == with_sorted_variables(expected)


def test_several_namespaces_have_a_role_each(helm: Helm) -> None:
    objects = templated(helm, "--set", "namespaces={trading,rates}")
    served = [
        space
        for kind, space, name in objects
        if (kind, name) == ("Role", "inference-operator-served")
    ]
    assert served == ["trading", "rates"]
    assert ("ClusterRole", "", "inference-operator") not in objects
    (container,) = objects["Deployment", NAMESPACE, NAMESPACE]["spec"]["template"]["spec"][
        "containers"
    ]
    assert {"name": "INFERENCE_OPERATOR_NAMESPACES", "value": "trading,rates"} in container["env"]


def without_crds(bodies: list[Body]) -> list[Body]:
    kept = ("CustomResourceDefinition", "ValidatingAdmissionPolicy")
    return [body for body in bodies if not body["kind"].startswith(kept)]


@pytest.mark.parametrize(
    ("value", "component"), [("monitoring", "monitoring"), ("artifactCache", "cache")]
)
def test_a_component_is_that_of_the_manifests(
    helm: Helm, tmp_path: Path, value: str, component: str
) -> None:
    expected = with_image(yaml.safe_dump_all(without_crds(rendered(tmp_path, component))))
    words = ("--set", f"{value}.enabled=true", "--set", "crds.install=false")
    assert with_sorted_variables(templated(helm, *words)) == with_sorted_variables(expected)


def test_values_reach_the_operator_s_pod(helm: Helm, tmp_path: Path) -> None:
    values = {
        "replicas": 3,
        "tritonImage": "nvcr.io/nvidia/tritonserver:26.01-py3",
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"pool": "system"},
        "tolerations": [{"key": "system", "operator": "Exists"}],
        "priorityClassName": "system-cluster-critical",
        "resources": {"requests": {"cpu": "1"}, "limits": None},
        "settings": {"INFERENCE_OPERATOR_WORKERS": 4, "INFERENCE_OPERATOR_FREEZE_ROLLOUTS": True},
        "networkPolicy": {"metricsFrom": [{"podSelector": {"matchLabels": {"a": "b"}}}]},
    }
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    objects = templated(helm, "--values", str(file))

    spec = objects["Deployment", NAMESPACE, NAMESPACE]["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert spec["replicas"] == 3
    for name in ("imagePullSecrets", "nodeSelector", "tolerations", "priorityClassName"):
        assert pod[name] == values[name]
    # Helm adds to the values of the chart; null takes one away.
    assert container["resources"] == {"requests": {"cpu": "1", "memory": "128Mi"}}
    env = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert env["INFERENCE_OPERATOR_TRITON_IMAGE"] == values["tritonImage"]
    assert (env["INFERENCE_OPERATOR_WORKERS"], env["INFERENCE_OPERATOR_FREEZE_ROLLOUTS"]) == (
        "4",
        "true",
    )
    (rule,) = objects["NetworkPolicy", NAMESPACE, NAMESPACE]["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"a": "b"}}}]


def test_crds_that_are_not_kept_lack_the_annotation_and_the_policy(helm: Helm) -> None:
    kept, other = templated(helm), templated(helm, "--set", "crds.keep=false")
    crds = [key for key in kept if key[0] == "CustomResourceDefinition"]
    assert len(crds) == 2
    for key in crds:
        expected = copy.deepcopy(kept[key])
        assert expected["metadata"]["annotations"].pop("helm.sh/resource-policy") == "keep"
        assert other[key] == expected
    assert {key[0] for key in set(kept) - set(other)} == {
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "image: found nothing, expected the operator's image as REGISTRY/NAME@sha256:DIGEST"),
        (("--set", "image=a", "--set", "imgae=b"), "imgae"),
        (("--set", "image=a", "--set", "crds.kept=false"), "kept"),
        (("--set", "image=a", "--set", "replicas=0"), "replicas"),
        (("--set", "image=a", "--set", "settings.LOG_LEVEL=DEBUG"), "LOG_LEVEL"),
    ],
)
def test_bad_values_are_refused(helm: Helm, words: tuple[str, ...], problem: str) -> None:
    done = helm.run("template", "x", CHART, *words)
    assert done.returncode != 0
    assert problem in done.stderr
