"""The largest objects of the API server are planned with little memory and short messages."""

import json
from typing import Any

import pytest

from inference_operator.api.problem import MORE
from inference_operator.api.quoting import MOST_PROBLEMS
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.planner import plan
from inference_operator.validation.drawing import drawing
from model_builders.graph.drawing.dot import dot
from model_builders.graph.drawing.mermaid import mermaid
from model_builders.graph.drawing.picture import picture
from tests.largest import LARGEST, NAMINGS, SHAPES, STEPS, name_of
from tests.memory import Outcome, measure
from tests.planned import calls, seen
from tests.unit.planning.seen import DEFAULTS, NOON

CASES = [f"{shape} {naming}" for shape in SHAPES for naming in NAMINGS]
DRAWN = ["unknown", "chain", "ring", "one_tensor", "shapes"]


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    """Plan all of them in one process."""
    return measure("plan", "largest")


@pytest.fixture(scope="module")
def answers(outcome: Outcome) -> dict[str, dict[str, Any]]:
    parsed: dict[str, dict[str, Any]] = json.loads(outcome.answer)
    return parsed


def test_the_largest_objects_take_little_memory(outcome: Outcome) -> None:
    # One plan alone took 520 MiB.
    assert outcome.growth < 100


@pytest.mark.parametrize("case", CASES)
def test_the_largest_object_is_answered_in_few_words(
    case: str, answers: dict[str, dict[str, Any]]
) -> None:
    shape, naming = case.split()
    assert len(json.dumps(SHAPES[shape](NAMINGS[naming], STEPS))) < LARGEST
    answer = answers[case]

    assert answer["problems"] <= MOST_PROBLEMS + 1
    assert answer["longest"] < 2500
    # Three conditions report an invalid spec.
    assert answer["status"] < 4 * 32_768
    # It took a minute. How long exactly depends on the machine.
    assert answer["seconds"] < 5


@pytest.mark.parametrize("shape", ["unknown", "chain", "ring", "same", "keys", "shapes", "demands"])
def test_twice_the_steps_take_twice_the_work(shape: str) -> None:
    counts = []
    for steps in (STEPS // 2, STEPS):
        there = seen(SHAPES[shape](name_of, steps))
        with calls() as counted:
            plan(there, DEFAULTS, NOON)
        counts.append(counted.count)

    assert counts[1] < 2.5 * counts[0]


def test_many_problems_end_with_one_about_the_others() -> None:
    made = plan(seen(SHAPES["unknown"](name_of, STEPS)), DEFAULTS, NOON)

    assert made.assessment.invalid is not None
    assert made.assessment.invalid.problems[-1] == MORE


@pytest.mark.parametrize("shape", DRAWN)
def test_the_largest_pipeline_can_be_drawn(shape: str) -> None:
    drawn = drawing(seen(SHAPES[shape](name_of, STEPS)), RolloutState())
    shown = picture(drawn.graph, runs=drawn.runs, problems=drawn.problems)

    # Of a tensor with many ends, each step that gives it is a wire to each end that takes it.
    assert len(shown.wires) <= (STEPS + 1) * (STEPS * 64 + 64)
    assert len(mermaid(shown)) < 8 * LARGEST
    assert len(dot(shown)) < 8 * LARGEST
