"""The generated files: fresh, complete, and the check that says so."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from hack import generate
from inference_operator.api.crd import inference_model_crd, structural_schema
from inference_operator.api.docs import api_page
from inference_operator.api.inference_model import InferenceModelSpec


def test_the_generated_files_are_fresh() -> None:
    assert generate.stale() == [], "run `make generate` and commit it"


def test_the_crd_in_yaml_is_the_crd() -> None:
    assert yaml.safe_load(generate.crd_yaml()) == inference_model_crd()


def test_a_stale_file_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "GENERATED", {"docs/api.md": lambda: "something newer"})
    monkeypatch.setattr("sys.argv", ["generate.py", "--check"])
    assert generate.main() == 1
    assert capsys.readouterr().err == "docs/api.md is stale: run `make generate` and commit it\n"


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    for name, below in schema.get("properties", {}).items():
        yield name
        yield from _fields(below)
    if "items" in schema:
        yield from _fields(schema["items"])


def test_the_page_describes_every_field() -> None:
    page = api_page()
    fields = set(_fields(structural_schema(InferenceModelSpec)))
    assert {"maxQueueDelay", "secretKeyRef", "progressDeadline"} <= fields
    assert [name for name in sorted(fields) if f"| `{name}` |" not in page] == []


def test_the_page_shows_defaults_as_a_person_writes_them() -> None:
    page = api_page()
    assert "| `scaleDownDelay` | string, up to 12 characters | `30s` |" in page
    assert "| `format` | `torchscript` \\| `onnx` \\| `tensorrt` \\| `python` |  |" in page
