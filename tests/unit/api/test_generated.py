"""The generated files: fresh, complete, and the check that says so."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from hack import generate
from hack.installation.base_objects import crd_text
from inference_operator.api.crd import crd, structural_schema
from inference_operator.api.custom_resources import CUSTOM_RESOURCES, CustomResource
from inference_operator.api.docs import api_page

KINDS = pytest.mark.parametrize("kind", CUSTOM_RESOURCES, ids=lambda kind: kind.kind)


def test_the_generated_files_are_fresh() -> None:
    assert generate.stale() == [], "run `make generate` and commit it"


@KINDS
def test_the_crd_in_yaml_is_the_crd(kind: CustomResource) -> None:
    assert yaml.safe_load(crd_text(kind)) == crd(kind)


def test_kubectl_apply_k_installs_every_crd() -> None:
    kustomization = yaml.safe_load((generate.ROOT / "crds" / "kustomization.yaml").read_text())
    made = {path for path in generate.GENERATED if path.startswith("crds/")}
    # The last one is the policy that refuses to delete the others.
    *crds, policy = kustomization["resources"]
    assert {f"crds/{name}" for name in crds} == made
    assert policy == "keep-models.yaml"


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


@KINDS
def test_the_page_describes_every_field(kind: CustomResource) -> None:
    page = api_page()
    fields = set(_fields(structural_schema(kind.spec)))
    assert {"maxQueueDelay", "secretKeyRef", "progressDeadline"} <= fields
    assert [name for name in sorted(fields) if f"| `{name}` |" not in page] == []


def test_the_page_shows_defaults_as_a_person_writes_them() -> None:
    page = api_page()
    assert "| `scaleDownDelay` | string, up to 12 characters | `30s` |" in page
    assert "| `kind` | `Auto` \\| `CPU` \\| `GPU` \\| `Model` | `Auto` |" in page
    assert "| `weights` | object | `{price: 80, sentiment: 20}` |" in page
    assert "| `placement` | object | `{}` |" in page
