"""A status, an Event or a plan never contains terminal control characters."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.domain.message_limits import truncate, truncate_bytes
from inference_operator.domain.resolution import Unresolved
from inference_operator.domain.rollout_state import Decision
from inference_operator.planning.status.diagnosis import diagnose
from inference_operator.planning.status.explain import explain
from inference_operator.planning.status.unit_status import report
from inference_operator.planning.transition import Hold
from inference_operator.validation.invalid import Invalid
from tests.unit.planning.decided import plan_of
from tests.unit.planning.seen import NOON, case, container, observed, pod

FORGED = "\x1b[2Jgone\r\nReady: True\x9b\u2028\u202eeurt\ud800\x7f"
SAID: list[dict[str, Any]] = [
    {"invalid": Invalid((Problem("spec", FORGED, FORGED), Problem("", "", FORGED)))},
    {"unresolved": Unresolved(Reason.MODEL_UNUSABLE, (Problem("", "", FORGED),))},
    {"rejected": FORGED},
    {"hold": Hold(Reason.PAUSED, FORGED)},
    {"decisions": (Decision(Reason.PROMOTED, FORGED),)},
    {"outdated_default_reason": FORGED},
    {"contradictions": (Problem("", "", FORGED),)},
]
texts = st.text(st.characters(codec=None, exclude_categories=()))


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for child in value.values() for text in strings(child)]
    if isinstance(value, list):
        return [text for child in value for text in strings(child)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("texts", SAID, ids=lambda texts: next(iter(texts)))
def test_a_status_holds_only_what_can_be_printed(texts: dict[str, Any]) -> None:
    plan = plan_of(**texts)
    status = report(observed(), plan, (FORGED,), NOON).to_body()
    shown = strings(status)

    assert any("\\u001b[2Jgone" in text for text in shown)
    assert all(text.isprintable() for text in shown)


@pytest.mark.parametrize("texts", SAID, ids=lambda texts: next(iter(texts)))
def test_a_plan_has_as_many_lines_as_it_says(texts: dict[str, Any]) -> None:
    lines = explain(plan_of(**texts)).split("\n")

    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("Ready: True") for line in lines)


@pytest.mark.parametrize(
    "changes",
    [
        {"loader": container(waiting_reason="ErrImagePull", waiting_message=FORGED)},
        {"triton": container(waiting_reason="CreateContainerError", waiting_message=FORGED)},
        {"triton": container(exit_code=1, exit_message=f"error: {FORGED}")},
        {"unschedulable": FORGED},
    ],
    ids=["an image", "a container", "an end", "a scheduler"],
)
def test_what_a_pod_says_is_shown_on_one_line(changes: dict[str, Any]) -> None:
    diagnosis = diagnose(case(), None, (pod(**changes),))

    assert diagnosis is not None
    assert diagnosis.message.isprintable()


@given(texts, st.integers(1, 60))
def test_every_sentence_is_printable_and_short(text: str, limit: int) -> None:
    made = truncate(text, limit)

    assert made.isprintable()
    assert len(made) <= limit
    assert truncate(made, limit) == made


@given(texts, st.integers(4, 60))
def test_every_event_is_printable_and_has_few_bytes(text: str, limit: int) -> None:
    made = truncate_bytes(text, limit)

    assert made.isprintable()
    assert len(made.encode()) <= limit
