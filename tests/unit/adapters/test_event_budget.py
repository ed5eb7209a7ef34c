"""Edits without end cause a bounded number of Events."""

from inference_operator.adapters.kubernetes.event_budget import (
    BURST,
    REFILL_SECONDS,
    REMEMBERED,
    EventBudget,
)
from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY


def test_so_many_in_a_row_and_then_one_a_minute() -> None:
    now = 0.0
    budget = EventBudget(lambda: now)
    assert sum(budget.take(KEY) for _ in range(1000)) == BURST
    now = REFILL_SECONDS
    assert [budget.take(KEY) for _ in range(3)] == [True, False, False]
    now = 1e9
    assert sum(budget.take(KEY) for _ in range(1000)) == BURST


def test_each_unit_has_its_own() -> None:
    budget = EventBudget(lambda: 0.0)
    for _ in range(BURST + 1):
        budget.take(KEY)

    assert budget.take(UnitKey(KEY.kind, KEY.namespace, "another"))


def test_names_without_end_take_no_memory_without_end() -> None:
    budget = EventBudget(lambda: 0.0)
    for number in range(REMEMBERED + 50):
        assert budget.take(UnitKey(KEY.kind, KEY.namespace, f"m-{number}"))

    assert len(budget._left) == REMEMBERED
