"""Objects that cannot be read are counted, and reported once each."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import generate_latest

from inference_operator.adapters.kubernetes import unreadable as unreadable_module
from inference_operator.adapters.kubernetes.unreadable import UnreadableObjects
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.domain.unreadable import stub
from tests.fakes.bodies import imodel, stored
from tests.fakes.cluster import FakeCluster, Request
from tests.fakes.harness import refuse

REASON = "found more than 64 levels of nesting, expected at most 64"
NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)


class Reports:
    """What is reported of the stubs that are given."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.telemetry = Telemetry()
        self.objects = UnreadableObjects(self.cluster, self.telemetry, lambda: NOON)

    def see(self, name: str = "fx", version: int = 1, kind: str = "InferenceModel") -> None:
        body = stored(imodel(name), uid=f"uid-{name}", resourceVersion=str(version))
        self.objects(kind, stub(body, REASON))

    @property
    def counted(self) -> float:
        text = generate_latest(self.telemetry.registry).decode()
        name = "inference_operator_unreadable_objects_total{"
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))

    async def written(self) -> list[dict[str, Any]]:
        """Return the Events of a process that leads."""
        leading = asyncio.Event()
        leading.set()
        task = asyncio.create_task(self.objects.run(leading))
        for _ in range(50):
            await asyncio.sleep(0)
        task.cancel()
        return self.cluster.all("Event")


async def test_an_object_is_told_once_and_each_version_counted() -> None:
    reports = Reports()
    for version in (1, 1, 2, 2, 3):
        reports.see(version=version)

    assert reports.counted == 3
    (event,) = await reports.written()
    assert event["involvedObject"] == {
        "apiVersion": "inference.aipx.io/v1alpha1",
        "kind": "InferenceModel",
        "name": "fx",
        "namespace": "desk-7",
        "uid": "uid-fx",
    }
    assert (event["type"], event["reason"]) == ("Warning", "ObjectUnreadable")
    assert event["message"] == (
        f"this object cannot be read: {REASON}; correct or delete it. Until then the operator skips"
        " it and leaves its children unchanged"
    )


async def test_a_process_that_does_not_lead_writes_nothing() -> None:
    reports = Reports()
    reports.see()
    task = asyncio.create_task(reports.objects.run(asyncio.Event()))
    for _ in range(50):
        await asyncio.sleep(0)
    task.cancel()

    assert reports.cluster.all("Event") == []


async def test_any_number_of_them_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unreadable_module, "REMEMBERED", 10)
    reports = Reports()
    for number in range(1000):
        reports.see(f"m{number}")

    assert reports.counted == 1000
    assert len(reports.objects._versions) == 10
    assert reports.objects._waiting.qsize() == unreadable_module.WAITING


async def test_an_event_that_is_refused_does_not_keep_the_next_one_back() -> None:
    reports = Reports()
    refused: list[Request] = []

    def first(request: Request) -> bool:
        refused.append(request)
        return len(refused) == 1

    reports.cluster.before = refuse(first)
    reports.see("a")
    reports.see("b")

    (event,) = await reports.written()
    assert event["involvedObject"]["name"] == "b"


async def test_an_object_without_a_uid_is_only_counted() -> None:
    reports = Reports()
    reports.objects("InferenceModel", {"metadata": {}, "unreadable": REASON})

    assert reports.counted == 1
    assert await reports.written() == []
