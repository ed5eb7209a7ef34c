"""A pass over the largest object does not block the event loop."""

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.pins import Pin
from inference_operator.domain.resolution import Facts, Resolved, SourceKey, TensorFact
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.planning.cost import is_large
from inference_operator.planning.plan import Plan
from inference_operator.reconcile import reconciler as passes
from tests.fakes.bodies import KEY
from tests.fakes.harness import OperatorHarness
from tests.largest import SHAPES, STEPS, name_of
from tests.planned import seen
from tests.unit.planning.seen import observed, record

LARGE = UnitKey("EnsemblePipeline", KEY.namespace, "largest")


def applied(world: OperatorHarness, body: dict[str, Any]) -> None:
    meta = {**body["metadata"], "namespace": KEY.namespace}
    world.cluster.apply_as("kubectl", {**body, "metadata": meta}, force=True)


def planned_in(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """Record the threads in which passes plan."""
    threads: list[threading.Thread] = []
    plan = passes.plan

    def noted(*arguments: Any) -> Plan:
        threads.append(threading.current_thread())
        return plan(*arguments)

    monkeypatch.setattr(passes, "plan", noted)
    return threads


async def test_a_large_spec_is_planned_while_the_loop_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, threads = OperatorHarness(), planned_in(monkeypatch)
    applied(world, SHAPES["unknown"](name_of, STEPS))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(others())
    await world.one_pass(LARGE)
    beside.cancel()

    assert threading.main_thread() not in threads
    assert turns > 10
    status = world.status_of(LARGE)
    assert next(c for c in status.conditions if c.type == "SpecValid").reason == "InvalidSpec"


async def test_a_common_spec_is_planned_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world, threads = OperatorHarness(), planned_in(monkeypatch)
    world.user_applies()
    await world.one_pass()

    assert set(threads) == {threading.main_thread()}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_largest_objects_are_large(shape: str) -> None:
    assert is_large(seen(SHAPES[shape](name_of, STEPS)))


def test_a_deep_spec_is_no_trouble() -> None:
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep}
    view: Observed = observed(body={"placement": deep})

    assert is_large(view)


FACTS = Facts("a.onnx", inputs=(TensorFact("x", "float32", (1,) * 60),) * 50)
RESOLVED = Resolved("models:/m@a", "models:/m/1", 1, "", "https://h/a.onnx", FACTS)


def pinned(size: int, revision: str = "r", number: int = 1) -> RevisionRecord:
    """Return a record of a pipeline whose pins have `size` characters."""
    files = {"plan.json": "", "m.config.pbtxt": "x" * size}
    pin = Pin("InferenceModel", "m", "abc", "m", 1, "", "", None, files)
    return record(revision, number, steps=(ServedStep("s", "m", 1, pin=pin),))


def test_what_a_record_has_pinned_makes_a_plan_large() -> None:
    assert is_large(observed(records=(pinned(13_000),)))
    # At most one older pin per resource is read, however long the history is.
    history = [pinned(3_000, f"r{number}", number) for number in range(100)]
    assert not is_large(observed(records=tuple(history)))


def test_what_the_registry_said_makes_a_plan_large() -> None:
    step = ServedStep("s", "m", 1, resolved=RESOLVED)

    assert is_large(observed(records=(record(resolved=RESOLVED),)))
    assert is_large(observed(records=(record(steps=(step,)),)))
    assert is_large(observed(resolutions={SourceKey("models:/m@a"): RESOLVED}))


def test_a_common_history_makes_no_plan_large() -> None:
    few = Facts("a.onnx", inputs=(TensorFact("x", "float32", (-1, 60, 5)),) * 3)
    records = [
        record(f"r{number}", number, resolved=replace(RESOLVED, facts=few)) for number in range(100)
    ]

    assert not is_large(observed(records=tuple(records)))
