"""Descriptions of the CRDs: `kubectl explain` shows them, and no rule."""

from collections.abc import Iterator
from typing import Any

import pytest

from inference_operator.api.crd import crd
from inference_operator.api.custom_resources import CUSTOM_RESOURCES, CustomResource


def fields(schema: dict[str, Any], path: str = "spec") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in (schema.get("properties") or {}).items():
        yield f"{path}.{name}", field
        yield from fields(field, f"{path}.{name}")
        yield from fields(field.get("items") or {}, f"{path}.{name}[]")


@pytest.mark.parametrize("resource", CUSTOM_RESOURCES, ids=lambda resource: str(resource.kind))
def test_a_text_with_a_form_shows_it(resource: CustomResource) -> None:
    (version,) = crd(resource)["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    texts = [
        (path, field)
        for path, field in fields(spec)
        if field.get("type") == "string" and "x-kubernetes-validations" in field
    ]

    assert len(texts) > 20
    assert not [path for path, field in texts if " Format: " not in field["description"]]
    assert not [path for path, field in texts if "x-format-text" in field]
