"""Batches in the background: progress, bad rows, bounds, removal, and what a restart finds."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from serving.client.errors import ClientReason, Place, TritonError
from serving.gateway.answers import BatchState
from serving.gateway.batches.folder import BatchFolder, Bounds, FullError
from serving.gateway.batches.rows import line_of
from serving.gateway.batches.work import Batches
from serving.gateway.problems import Problem, Reason, RefusedError
from tests.unit.serving.gateway.conftest import BARS, Running, Start

PATH = "/api/v1/batches"
TEXT = {"kind": "sentiment", "text": "up"}
ROOMY = Bounds(10, 1 << 20, 60.0)
AWAY = RefusedError(Problem(Reason.MODEL_NOT_READY, "away; wait"))


async def done(gateway: Running, batch_id: str) -> dict[str, Any]:
    """Return the state of a batch when all its rows are answered."""
    async with asyncio.timeout(5):
        while True:
            state: dict[str, Any] = (await gateway.http.get(f"{PATH}/{batch_id}")).json()
            if state["state"] == "done":
                return state
            await asyncio.sleep(0.01)


async def test_a_bad_row_fails_alone_and_rows_come_in_their_order(running: Running) -> None:
    good = {"kind": "price", "symbol": "AAPL", "ohlcv_data": BARS}
    rows: list[Any] = [good, {**good, "ohlcv_data": BARS[:59]}, TEXT, {"kind": "nothing"}]
    response = await running.http.post(PATH, json={"requests": rows})
    assert response.status_code == 202
    sent = BatchState.model_validate(response.json())
    assert (sent.state, sent.total, sent.answered, sent.results) == ("waiting", 4, 0, [])
    assert response.headers["location"] == f"{PATH}/{sent.batch_id}"

    state = BatchState.model_validate(await done(running, sent.batch_id))
    assert (state.answered, state.succeeded, state.failed) == (4, 2, 2)
    assert [row.row for row in state.results] == [0, 1, 2, 3]
    assert state.results[0].result is not None
    assert state.results[1].problem is not None
    assert state.results[1].problem.field == "requests[1].ohlcv_data"
    page = (await running.http.get(f"{PATH}/{sent.batch_id}?first=2&count=1")).json()
    assert [row["row"] for row in page["results"]] == [2]
    assert page["succeeded"] == 2


async def test_a_batch_tells_its_progress_and_can_be_removed(start: Start) -> None:
    async with start(batches={"at_once": 1}) as gateway:
        gateway.triton.seconds = 0.05
        texts = [{"kind": "sentiment", "text": f"up {n}"} for n in range(50)]
        sent = (await gateway.http.post(PATH, json={"requests": texts})).json()
        place = f"{PATH}/{sent['batch_id']}"
        async with asyncio.timeout(5):
            while not gateway.triton.calls[1:]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        state = (await gateway.http.get(place)).json()
        assert state["state"] == "running"
        assert (await gateway.http.delete(place)).status_code == 204
        asked = len(gateway.triton.calls)
        await asyncio.sleep(0.15)
        assert len(gateway.triton.calls) <= asked + 1
        for method in ("GET", "DELETE"):
            gone = await gateway.http.request(method, place)
            assert (gone.status_code, gone.json()["reason"]) == (404, "UnknownBatch")


async def test_batches_have_bounds_that_are_told(start: Start) -> None:
    async with start(batches={"rows": 2, "most": 1}) as gateway:
        long = await gateway.http.post(PATH, json={"requests": [TEXT] * 3})
        assert (long.status_code, long.json()["expected"]) == (413, "2 at most (batches.rows)")
        assert (await gateway.http.post(PATH, json={"requests": [TEXT]})).status_code == 202
        full = await gateway.http.post(PATH, json={"requests": [TEXT]})
        assert (full.status_code, full.json()["reason"]) == (503, "TooManyBatches")
        assert full.json()["detail"].startswith("batches.most: 1 batches are kept; remove one")
        assert full.headers["retry-after"] == "60"


async def test_a_folder_that_cannot_be_written_is_told(running: Running) -> None:
    (running.folder / "batches").write_text("a file")
    refused = await running.http.post(PATH, json={"requests": [TEXT]})
    assert (refused.status_code, refused.json()["reason"]) == (503, "StoreAway")


async def test_a_model_that_is_away_for_a_while_fails_no_row(tmp_path: Path) -> None:
    failures = [AWAY, AWAY]

    async def answer(item: dict[str, Any], call_id: str) -> dict[str, Any]:
        if failures:
            raise failures.pop()
        return item

    folder = BatchFolder(tmp_path, ROOMY)
    state = await all_answered(Batches(folder, answer, 1, (0.001, 0.001)), folder, [{"a": 1}])
    assert [row.content for row in state.rows] == [b'{"result":{"a":1}}']


async def test_a_failure_of_the_gateway_is_a_problem_of_the_row(tmp_path: Path) -> None:
    async def answer(item: dict[str, Any], call_id: str) -> dict[str, Any]:
        if item["a"] == 1:
            raise KeyError("secret")
        raise AWAY

    folder = BatchFolder(tmp_path, ROOMY)
    state = await all_answered(Batches(folder, answer, 2, (0.001,)), folder, [{"a": 1}, {"a": 2}])
    assert (state.succeeded, state.failed) == (0, 2)
    assert b'"reason":"Internal"' in state.rows[0].content
    assert b"secret" not in state.rows[0].content
    assert b'"reason":"ModelNotReady"' in state.rows[1].content


async def test_a_restart_goes_on_and_answers_no_row_twice(tmp_path: Path) -> None:
    folder = BatchFolder(tmp_path, ROOMY)
    name = folder.add([b'{"n":%d}' % n for n in range(100)]).name
    for number in (0, 99, 70, 70):
        folder.append(name, line_of(number, {"result": "before"}))
    folder.append(name, line_of(5, {"result": "cut by a kill"})[:-4])
    asked = []

    async def answer(item: dict[str, Any], call_id: str) -> dict[str, Any]:
        asked.append(item["n"])
        return {"text": "after"}

    state = await all_answered(Batches(folder, answer, 4), folder, [], name)
    assert sorted(asked) == [n for n in range(100) if n not in (0, 70, 99)]
    assert [row.number for row in state.rows] == list(range(100))
    before = [row.number for row in state.rows if b"before" in row.content]
    assert before == [0, 70, 99]
    assert folder.unfinished() == []


async def all_answered(
    batches: Batches, folder: BatchFolder, items: list[dict[str, Any]], name: str = ""
) -> Any:
    """Run until all rows of the batch are answered, and return its state."""
    batches.start()
    name = name or (await batches.add(items)).name
    async with asyncio.timeout(5):
        while folder.unfinished():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    await batches.close()
    return folder.progress(name, 0, 1000)


def test_two_processes_do_not_work_on_one_batch(tmp_path: Path) -> None:
    folder, other = BatchFolder(tmp_path, ROOMY), BatchFolder(tmp_path, ROOMY)
    name = folder.add([b"{}"]).name
    with folder.held(name) as first, other.held(name) as second:
        assert (first, second) == (True, False)
    with other.held(name) as later, other.held("0" * 32) as unknown:
        assert (later, unknown) == (True, False)


def test_a_batch_goes_when_its_time_is_over_and_room_is_counted(tmp_path: Path) -> None:
    now = 1000.0
    folder = BatchFolder(tmp_path, Bounds(2, 100, 60.0), lambda: now)
    name = folder.add([b"{}" * 20]).name
    with pytest.raises(FullError, match=r"batches\.bytes: 41 of 100 bytes are in use"):
        folder.add([b"{}" * 30])
    now += 61
    assert folder.progress(name) is None
    folder.add([b"{}" * 30])
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["", "..", "../x", "A" * 32, "0" * 31])
def test_names_that_are_none_are_not_looked_for(tmp_path: Path, name: str) -> None:
    folder = BatchFolder(tmp_path, ROOMY)
    assert folder.progress(name) is None
    assert not folder.remove(name)


async def test_a_model_that_stays_away_is_a_problem_of_each_row(start: Start) -> None:
    async with start() as gateway:
        gateway.app._app.state.gateway.batches._pauses = (0.001,)
        place = Place("sentiment_transformer")
        gateway.triton.failure = TritonError(ClientReason.UNREACHABLE, place, "gone", "start it")
        sent = (await gateway.http.post(PATH, json={"requests": [TEXT]})).json()
        state = await done(gateway, sent["batch_id"])
        assert state["results"][0]["problem"]["status"] == 503
        assert gateway.triton.count("sentiment") == 2
