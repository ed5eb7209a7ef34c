"""The names and namespaces of the imported resources."""

from pathlib import Path

import pytest

from model_builders.importer import resource_name
from tests.unit.model_builders.repositories import PYTHON, imported, write


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lstm_price", "lstm-price"),
        ("Greeks.v2", "greeks-v2"),
        ("chart-embedder", "chart-embedder"),
        ("__a__b__", "a-b"),
        ("3d_model", "d-model"),
        ("x" * 80, "x" * 52),
        ("42", ""),
    ],
)
def test_a_resource_is_called_as_kubernetes_can(name: str, expected: str) -> None:
    assert resource_name(name) == expected


def test_the_name_that_kubernetes_cannot_hold_is_kept_for_triton(tmp_path: Path) -> None:
    write(tmp_path, "lstm_price", PYTHON, model_py="")
    (manifest,) = imported(tmp_path).manifests
    assert manifest["metadata"] == {"name": "lstm-price"}
    assert manifest["spec"]["model"]["name"] == "lstm_price"


@pytest.mark.parametrize(("name", "expected"), [("42", "model-42"), ("1.0", "model-1-0")])
def test_a_name_without_a_letter_gets_some(name: str, expected: str, tmp_path: Path) -> None:
    write(tmp_path, name, PYTHON, model_py="")
    (manifest,) = imported(tmp_path).manifests
    assert manifest["metadata"] == {"name": expected}
    assert manifest["spec"]["model"]["name"] == name


def test_two_models_whose_names_become_one_are_kept_apart(tmp_path: Path) -> None:
    for name in ("bar.maker", "bar_maker"):
        write(tmp_path, name, PYTHON, model_py="")
    result = imported(tmp_path)
    assert [m["metadata"]["name"] for m in result.manifests] == ["bar-maker", "bar-maker-2"]
    assert result.warnings == [
        "bar_maker: the resource is called bar-maker-2, since bar-maker is taken"
    ]


def test_the_namespace_is_the_options(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    (manifest,) = imported(tmp_path, namespace="trading").manifests
    assert manifest["metadata"] == {"name": "bars", "namespace": "trading"}
