"""docs/gateway-api.md has every route of the API, each in three languages."""

import json

from hack.product import ROOT
from tests.integration.stack.api_page import INTRODUCTION, sections

LANGUAGES = {"python", "sh", "js"}


def test_each_route_has_a_section_and_each_section_a_route() -> None:
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert set(sections()) == routes | {INTRODUCTION, "Refusals"}


def test_each_section_has_an_example_in_each_language() -> None:
    lacking = {title: LANGUAGES - blocks.keys() for title, blocks in sections().items()}
    assert {title: names for title, names in lacking.items() if names} == {}
