"""docs/features.md names every reason, and its examples print what they say."""

import doctest
from pathlib import Path

import pytest

from model_builders.features.failure import FailureReason
from model_builders.features.frame import NAMES

PAGE = Path(__file__).parents[3] / "docs" / "features.md"


@pytest.mark.parametrize("reason", FailureReason)
def test_every_reason_is_explained(reason: FailureReason) -> None:
    assert f"`{reason}`" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_is_explained(name: str) -> None:
    assert f"`{name}`" in PAGE.read_text("utf-8")


def test_the_examples_print_what_they_say() -> None:
    results = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert results.attempted > 10
    assert results.failed == 0
