"""Records are read a few at a time, and long ones in a thread."""

import asyncio
import copy
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.observation import records
from inference_operator.observation.observe import observe, unresolved
from inference_operator.observation.store import Store
from inference_operator.planning.planner import plan
from inference_operator.reconcile import reader as reading
from inference_operator.reconcile.reader import UnitReader
from inference_operator.resources.controller_revision import controller_revision
from inference_operator.resources.metadata import owned
from tests.fakes.bodies import KEY, imodel
from tests.unit.planning.seen import DEFAULTS, NOON, OWNER, observed


def unit(**status: Any) -> dict[str, Any]:
    body = copy.deepcopy(imodel())
    body["metadata"] |= {"uid": OWNER.uid, "resourceVersion": "1", "generation": 1}
    body["metadata"] |= {"name": KEY.name, "namespace": KEY.namespace}
    return {**body, "status": status}


def a_record(number: int, plan_json: str | None = None) -> dict[str, Any]:
    """Return an accepted record of another revision; `plan_json` spoils it."""
    (record,) = plan(observed(), DEFAULTS, NOON).records.values()
    written = json.dumps(owned(dict(controller_revision(OWNER, record)), OWNER))
    body: dict[str, Any] = json.loads(written.replace(record.revision, f"r{number:08d}"))
    body["metadata"] |= {"uid": f"u{number}", "resourceVersion": str(10 + number)}
    body["revision"] = number
    if plan_json is not None:
        body["data"]["children"][0]["data"]["plan.json"] = plan_json
    return body


def store_of(*bodies: dict[str, Any], status: dict[str, Any] | None = None) -> Store:
    store = Store()
    store.put(KEY.kind, unit(**(status or {})))
    for body in bodies:
        store.put("ControllerRevision", body)
    return store


@pytest.fixture
def read_in(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads in which records are read, one for each record."""
    threads: list[threading.Thread] = []

    def noting(read: Any) -> Any:
        def noted(*arguments: Any) -> Any:
            threads.append(threading.current_thread())
            return read(*arguments)

        return noted

    for module in (records, reading):
        monkeypatch.setattr(module, "read_record", noting(module.read_record))
    return threads


def reader(store: Store) -> UnitReader:
    return UnitReader(store, unresolved, ThreadPoolExecutor(1))


async def read(store: Store) -> Observed:
    observation = await reader(store).observe(KEY)
    assert observation is not None
    return observation


async def test_what_is_read_in_parts_is_what_is_read_at_once() -> None:
    bodies = [a_record(number) for number in range(1, 30)]
    bodies[3]["data"]["children"][1]["spec"]["template"]["spec"]["hostPID"] = True

    assert await read(store_of(*bodies)) == observe(store_of(*bodies), KEY)


async def test_long_records_are_read_in_a_thread_and_once(read_in: list[threading.Thread]) -> None:
    models = [{"name": f"m{i}", "version": 1, "format": "ensemble"} for i in range(17_900)]
    text = json.dumps({"models": models})
    store = store_of(*(a_record(number, text) for number in range(1, 6)))

    observation = await read(store)
    await read(store)

    assert len(observation.children.rejected) == len(read_in) == 5
    assert threading.main_thread() not in read_in


async def test_others_have_their_turn_between_short_records() -> None:
    store, turns = store_of(*(a_record(number) for number in range(1, 101))), 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(others())
    observation = await read(store)
    beside.cancel()

    assert len(observation.children.revisions) == 100
    assert turns >= 100 // reading._AT_ONCE - 2


async def test_of_a_thousand_records_the_newest_and_the_live_ones_are_read(
    read_in: list[threading.Thread],
) -> None:
    status = {"observedGeneration": 1, "stable": {"revision": "r00000001"}}
    store = store_of(*(a_record(number) for number in range(1, 1001)), status=status)

    observation = await read(store)

    assert len(read_in) == records.MOST_READ + 1
    newest = {f"r{number:08d}" for number in range(1001 - records.MOST_READ, 1001)}
    assert observation.children.revisions.keys() == newest | {"r00000001"}
    left = [
        record for record in observation.children.rejected.values() if "is not read" in record.why
    ]
    assert len(left) == 1000 - len(read_in)
    # No number is given twice.
    assert max(record.number for record in left) == 1000 - records.MOST_READ


async def test_a_record_that_changes_while_it_is_read_is_read_again() -> None:
    store = store_of(a_record(1))
    original, edits = reading.read_record, 0

    def changing(body: Any, key: UnitKey) -> Any:
        nonlocal edits
        if edits < 2:
            edits += 1
            newer = copy.deepcopy(dict(body))
            newer["metadata"]["resourceVersion"] = str(100 + edits)
            newer["revision"] = 7 + edits
            store.put("ControllerRevision", newer)
        return original(body, key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "read_record", changing)
        observation = await read(store)

    assert [record.number for record in observation.children.revisions.values()] == [9]


async def test_a_record_that_changes_all_the_time_is_not_waited_for() -> None:
    store = store_of(a_record(1))
    original, edits = reading.read_record, 0

    def changing(body: Any, key: UnitKey) -> Any:
        nonlocal edits
        edits += 1
        newer = copy.deepcopy(dict(body))
        newer["metadata"]["resourceVersion"] = str(100 + edits)
        newer["revision"] = 7 + edits
        store.put("ControllerRevision", newer)
        return original(body, key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "read_record", changing)
        observation = await read(store)

    assert edits == reading._ROUNDS
    (rejected,) = observation.children.rejected.values()
    assert rejected.why == "it changes before it is read"
    # What is noted of an older body is not kept.
    assert all(
        kept[0] is store.get("ControllerRevision", name) for name, kept in store.records.items()
    )
