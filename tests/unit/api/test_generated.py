"""The generated files: fresh, complete, and the check that says so."""

import pytest
import yaml

from hack import generate
from inference_operator.api.base import ApiModel
from inference_operator.api.crd import inference_model_crd
from inference_operator.api.docs import api_page


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


def _types(model: type[ApiModel]) -> list[type[ApiModel]]:
    return [model, *(t for sub in model.__subclasses__() for t in _types(sub))]


def test_the_page_describes_every_field_of_every_type() -> None:
    page = api_page()
    aliases = {
        field.alias for model in _types(ApiModel) for field in model.model_fields.values()
    } - {"apiVersion", "kind", "metadata", "spec", None}
    ours = {alias for alias in aliases if f"| `{alias}` |" in page}
    assert {"maxQueueDelay", "secretKeyRef", "progressDeadline"} <= ours


def test_the_page_shows_defaults_as_a_person_writes_them() -> None:
    page = api_page()
    assert "| `scaleDownDelay` | string, up to 12 characters | `30s` |" in page
    assert (
        "| `format` | `torchscript` \\| `onnx` \\| `tensorrt` \\| `python` | **required** |" in page
    )
