"""Compose files are held to the schema of the Compose project, since no Docker runs them here."""

import json
from typing import Any

import jsonschema_rs
import pytest
import yaml

from hack.compose import schema
from hack.product import ROOT

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema_rs.validator_for(json.loads(schema().read_text("utf-8")))


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_a_shipped_file_follows_the_schema(validator: Any, name: str) -> None:
    composed = yaml.safe_load((ROOT / name).read_text("utf-8"))
    assert [error.message for error in validator.iter_errors(composed)] == []


def test_the_schema_refuses_a_key_that_it_does_not_know(validator: Any) -> None:
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    composed["services"]["gateway"]["imag"] = composed["services"]["gateway"].pop("image")
    assert [error.message for error in validator.iter_errors(composed)] == [
        "Additional properties are not allowed ('imag' was unexpected)"
    ]
