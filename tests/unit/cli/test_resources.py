"""Custom resources in files: manifests that only resemble them must not be ignored."""

from pathlib import Path
from typing import Any

import pytest

from inference_operator.cli.documents import InputError
from inference_operator.cli.resources import resources
from inference_operator.domain.kubectl_yaml import write_manifests
from tests.fakes.bodies import epipe, imodel

OURS = "inference.aipx.io/v1alpha1"


def written(folder: Path, *bodies: dict[str, Any], name: str = "m.yaml") -> str:
    path = folder / name
    path.write_text(write_manifests(bodies))
    return str(path)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a kind that is half of ours": (
        {"apiVersion": OURS, "kind": "Ensemble"},
        "kind: found Ensemble, expected InferenceModel or EnsemblePipeline;"
        " did you mean EnsemblePipeline?",
    ),
    "a kind in lower case": (
        {"apiVersion": OURS, "kind": "inferencemodel"},
        "kind: found inferencemodel, expected InferenceModel or EnsemblePipeline;"
        " did you mean InferenceModel?",
    ),
    "a kind that is nothing like ours": (
        {"apiVersion": OURS, "kind": "Zebra"},
        "kind: found Zebra, expected InferenceModel or EnsemblePipeline; choose one of them",
    ),
    "no kind": ({"apiVersion": OURS}, "kind: found nothing, expected InferenceModel or Ensemble"),
    "no apiVersion": (
        {"kind": "InferenceModel"},
        "apiVersion: found nothing, expected inference.aipx.io/v1alpha1, or the value of another",
    ),
    "an apiVersion that is a number": ({"apiVersion": 1, "kind": "X"}, "apiVersion: found 1, "),
    "a version that there is not": (
        {"apiVersion": "inference.aipx.io/v1", "kind": "InferenceModel"},
        "apiVersion: found inference.aipx.io/v1, expected inference.aipx.io/v1alpha1",
    ),
    "a misspelt group": (
        {"apiVersion": "inference.apix.io/v1alpha1", "kind": "InferenceModel"},
        "apiVersion: found inference.apix.io/v1alpha1, expected inference.aipx.io/v1alpha1",
    ),
    "a version without its group": (
        {"apiVersion": "v1alpha1", "kind": "EnsemblePipeline"},
        "apiVersion: found v1alpha1, expected inference.aipx.io/v1alpha1",
    ),
}


@pytest.mark.parametrize(("body", "words"), REFUSED.values(), ids=REFUSED)
def test_beside_a_good_manifest_it_refuses(
    body: dict[str, Any], words: str, tmp_path: Path
) -> None:
    file = written(tmp_path, body, imodel())

    with pytest.raises(InputError) as refused:
        resources([file])
    assert str(refused.value).startswith(f"{file}, line 1: {words}")


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("inference.networking.x-k8s.io/v1alpha2", "InferenceModel"),
        ("serving.kserve.io/v1beta1", "InferenceService"),
        ("v1", "Secret"),
    ],
)
def test_what_belongs_to_others_is_passed_over(version: str, kind: str, tmp_path: Path) -> None:
    file = written(tmp_path, {"apiVersion": version, "kind": kind}, imodel())

    assert [str(resource.key) for resource in resources([file])] == [
        "InferenceModel/desk-7/fx-drift"
    ]


def test_a_resource_that_is_there_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    first = written(tmp_path, imodel(), epipe(), name="one.yaml")
    second = written(tmp_path, epipe(), name="two.yaml")

    with pytest.raises(InputError) as refused:
        resources([first, second])
    line = write_manifests([imodel()]).count("\n") + 2
    assert str(refused.value) == (
        f"{second}, line 1: found EnsemblePipeline/desk-7/fx-signal a second time, the first is in"
        f" {first}, line {line}; expected each resource once: remove or rename one of the two"
    )


def test_namesakes_of_two_namespaces_are_two(tmp_path: Path) -> None:
    other = imodel()
    other["metadata"] = {**other["metadata"], "namespace": "desk-8"}
    both = resources([written(tmp_path, imodel(), other)])

    assert [resource.key.namespace for resource in both] == ["desk-7", "desk-8"]
