"""URIs of artifacts in their parts."""

import pytest
from pydantic import ValidationError

from inference_operator.api.source import Source
from inference_operator.api.source_uri import SourceUri
from tests.api_cases.good_sources import GOOD_SOURCES


@pytest.mark.parametrize(
    ("text", "scheme", "authority", "path"),
    [
        ("models:/fx_drift@champion", "models", "fx_drift@champion", ""),
        ("models:/fx_drift/17", "models", "fx_drift", "17"),
        ("runs:/0a1b/exports/fx.onnx", "runs", "0a1b", "exports/fx.onnx"),
        (
            "https://store.example:8443/fx/7/a.onnx?x=1",
            "https",
            "store.example:8443",
            "fx/7/a.onnx?x=1",
        ),
        ("http://mlflow:5000/get-artifact", "http", "mlflow:5000", "get-artifact"),
        ("s3://models/fx/7/", "s3", "models", "fx/7/"),
        ("gs://models//fx", "gs", "models", "/fx"),
        ("oci://hub.example/desk/fx:1.2", "oci", "hub.example", "desk/fx:1.2"),
        ("pvc://weights/a\nb", "pvc", "weights", "a\nb"),
        ("s3://models", "s3", "models", ""),
    ],
)
def test_a_uri_has_an_authority_and_a_path(
    text: str, scheme: str, authority: str, path: str
) -> None:
    assert SourceUri.of(text) == SourceUri(text, scheme, authority, path)
    assert SourceUri.of(text).place == (authority, path)


@pytest.mark.parametrize("text", ["", "fx", "ftp://host/fx", "s3:/models/fx", "S3://models/fx"])
def test_a_text_of_another_scheme_has_no_parts(text: str) -> None:
    assert SourceUri.of(text) == SourceUri(text)


@pytest.mark.parametrize("text", [uri for uri in GOOD_SOURCES if ":/" in uri])
def test_every_uri_that_the_api_takes_is_well_formed_and_has_parts(text: str) -> None:
    uri = SourceUri.of(text)
    assert uri.is_well_formed
    assert uri.authority
    assert uri.path or uri.is_in_registry


@pytest.mark.parametrize(
    "text", ["http://mlflow:5000/x", "s3://models", "models:/fx", "oci://h/R:1"]
)
def test_a_uri_without_its_form_is_refused_by_the_api(text: str) -> None:
    assert not SourceUri.of(text).is_well_formed
    with pytest.raises(ValidationError):
        Source(uri=text)
