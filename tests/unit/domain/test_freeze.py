"""The annotation that freezes a namespace."""

import pytest

from inference_operator.domain.freeze import FREEZE_ANNOTATION, LONGEST_REASON, freeze_of
from inference_operator.settings import variable
from inference_operator.validation.freeze import FREEZE_SETTING

WHO = f"the annotation {FREEZE_ANNOTATION} of namespace trading freezes rollouts"


@pytest.mark.parametrize("text", ["", "true", "TRUE", "  ", " true\n"])
def test_a_freeze_needs_no_reason(text: str) -> None:
    assert freeze_of("trading", {FREEZE_ANNOTATION: text}) == WHO


@pytest.mark.parametrize("text", ["false", "False", " false "])
def test_false_is_not_a_freeze(text: str) -> None:
    assert freeze_of("trading", {FREEZE_ANNOTATION: text}) == ""


def test_no_annotation_is_not_a_freeze() -> None:
    assert freeze_of("trading", {"example.com/freeze": "true"}) == ""


def test_a_reason_is_on_one_line_and_short() -> None:
    assert freeze_of("trading", {FREEZE_ANNOTATION: "end of\r\n\x1b[2Jquarter"}) == (
        f"{WHO}: end of \\u001b[2Jquarter"
    )
    long = freeze_of("trading", {FREEZE_ANNOTATION: "x" * 100_000})
    assert long == f"{WHO}: {'x' * (LONGEST_REASON - 1)}…"


def test_the_setting_is_the_one_that_messages_name() -> None:
    assert variable("freeze_rollouts") == FREEZE_SETTING
