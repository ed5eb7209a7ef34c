"""Reads over a kept connection are what `kubectl get` prints; all others are left to kubectl."""

import json
import threading
from typing import Any

import pytest

from hack.cluster.kubectl import Kubectl
from hack.cluster.reader import Reader
from hack.console import StepError
from tests.api_cases.bad_manifests import GOOD

pytestmark = pytest.mark.integration


@pytest.fixture
def reader(kubectl: Kubectl) -> Reader:
    return Reader(kubectl.kubeconfig)


@pytest.fixture
def filled(kubectl: Kubectl, namespace: str) -> str:
    """Fill the namespace with two ConfigMaps and a model."""
    for name, desk in (("left", "rates"), ("right", "credit")):
        labels = {"desk": desk}
        metadata = {"name": name, "namespace": namespace, "labels": labels}
        kubectl.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    model = {**GOOD, "metadata": {**GOOD["metadata"], "namespace": namespace}}
    kubectl.apply(model)
    return namespace


def printed(kubectl: Kubectl, words: tuple[str, ...]) -> Any:
    """Return what kubectl prints, without a list's metadata, which the reader leaves out."""
    body = json.loads(kubectl("get", *words, "-o", "json"))
    if body["kind"] == "List":
        body.pop("metadata")
    return body


@pytest.mark.parametrize(
    "words",
    [
        ("configmap", "left"),
        ("configmap/left",),
        ("configmaps",),
        ("cm", "-l", "desk=rates"),
        ("cm", "--selector=desk in (rates, credit)"),
        ("configmaps", "--field-selector=metadata.name=right"),
        ("configmap,imodel",),
        ("imodel", "spread-forecaster"),
        ("inferencemodels",),
        ("InferenceModel/spread-forecaster",),
        ("secrets",),
    ],
    ids=" ".join,
)
def test_a_read_is_what_kubectl_prints(
    reader: Reader, kubectl: Kubectl, filled: str, words: tuple[str, ...]
) -> None:
    arguments = (*words, "-n", filled)
    assert reader.get(arguments) == printed(kubectl, arguments)


@pytest.mark.parametrize("words", [("namespaces",), ("crd",), ("namespace", "default")])
def test_what_is_in_no_namespace_is_read_too(
    reader: Reader, kubectl: Kubectl, words: tuple[str, ...]
) -> None:
    read, expected = reader.get(words), printed(kubectl, words)
    names = [item["metadata"]["name"] for item in read.get("items", [read])]
    assert {each["metadata"]["name"] for each in expected.get("items", [expected])} <= set(names)


@pytest.mark.parametrize(
    "words",
    [
        ("configmap", "absent"),
        ("frobnicators",),
        ("configmaps", "--watch"),
        ("configmap", "one", "two"),
        ("configmap/one", "configmap/two"),
        (),
    ],
    ids=" ".join,
)
def test_anything_else_is_left_to_kubectl(reader: Reader, words: tuple[str, ...]) -> None:
    assert reader.get(words) is None


def test_what_does_not_exist_is_said_in_kubectls_words(kubectl: Kubectl) -> None:
    with pytest.raises(StepError, match=r'configmaps "absent" not found'):
        kubectl.get("configmap", "absent")


def test_threads_read_at_the_same_time(reader: Reader, filled: str) -> None:
    bodies: list[Any] = []

    def read() -> None:
        bodies.append(reader.get(("configmaps", "left", "-n", filled)))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each["metadata"]["name"] for each in bodies] == ["left"] * 8
