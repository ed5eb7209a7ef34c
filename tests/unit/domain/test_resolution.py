"""Uris of a registry in their parts, and resolutions as a ControllerRevision keeps them."""

import pytest

from inference_operator.api.model import ModelFormat
from inference_operator.domain.resolution import (
    Facts,
    RegistryUri,
    Resolved,
    TensorFact,
    from_data,
    to_data,
)
from tests.api_cases.good_sources import GOOD_SOURCES

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("models:/fx_drift@champion", RegistryUri(name="fx_drift", alias="champion")),
        ("models:/FX drift v2@no-1", RegistryUri(name="FX drift v2", alias="no-1")),
        ("models:/fx_drift/17", RegistryUri(name="fx_drift", version=17)),
        ("runs:/0a1b/model", RegistryUri(run="0a1b", path="model")),
        ("runs:/0a1b/exports/fx.onnx", RegistryUri(run="0a1b", path="exports/fx.onnx")),
        ("https://store.example/models:/fx@champion", None),
        ("pvc://models/fx", None),
    ],
)
def test_a_uri_is_read_in_its_parts(uri: str, expected: RegistryUri | None) -> None:
    assert RegistryUri.of(uri) == expected


@pytest.mark.parametrize(
    "uri", [uri for uri in GOOD_SOURCES if uri.startswith(("models:/", "runs:/"))]
)
def test_every_registry_uri_that_the_api_takes_is_understood(uri: str) -> None:
    assert RegistryUri.of(uri) is not None


def test_aliases_and_versions_of_a_model_are_one_subject() -> None:
    uris = ("models:/fx@champion", "models:/fx@challenger", "models:/fx/3")
    assert {ref.subject for uri in uris if (ref := RegistryUri.of(uri))} == {"models:/fx"}


BARE = Resolved("runs:/0a/m", "runs:/0a/m", 1, "0a", "http://ml/x", Facts("m"))
WHOLE = Resolved(
    asked="models:/fx@champion",
    uri="models:/fx/4",
    version=4,
    run_id="0a1b",
    download="http://ml/model-versions/get-artifact?name=fx&version=4&path=model.onnx",
    facts=Facts(
        path="model.onnx",
        format=ModelFormat.ONNX,
        sha256=DIGEST,
        max_batch_size=32,
        inputs=(TensorFact("ohlcv", "float32", (-1, 60, 5)),),
        outputs=(TensorFact("ratio", "float32", (-1, 1)), TensorFact("band", "float32", (-1, 2))),
    ),
)


@pytest.mark.parametrize("resolved", [BARE, WHOLE], ids=["bare", "whole"])
def test_what_is_kept_is_read_back_as_it_was(resolved: Resolved) -> None:
    assert from_data(to_data(resolved)) == resolved


def test_a_resolution_names_version_run_and_digest() -> None:
    assert str(WHOLE) == f"models:/fx/4 (run 0a1b, sha256 {DIGEST})"


def test_a_version_without_a_run_says_so() -> None:
    assert str(Resolved("a", "models:/fx/4", 4, "", "u", Facts("p"))) == "models:/fx/4 (no run)"
