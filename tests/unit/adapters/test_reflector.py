"""A reflector lists once, follows the watch, and catches up after whatever it missed."""

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from inference_operator.adapters.kubernetes import reflector as reflector_module
from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.loop_yielder import LoopYielder
from inference_operator.adapters.kubernetes.reflector import FIRST_DELAY, Reflector
from inference_operator.domain.api_resource import ApiResource
from inference_operator.observation.kinds import CHILD_BY_KIND, NODE
from tests.unit.adapters.scripted_watch import POD, Script, Told, asked, page, play, pod


async def test_it_lists_every_page_and_watches_from_there() -> None:
    script = Script()
    script.lists = [[page(7, pod("a", 3)), page(7, pod("b", 5))]]
    script.watches = [[("ADDED", pod("c", 8)), ("DELETED", pod("a", 9))]]
    words, reflector = await play(script, asked(script, 3))

    assert words == ["listed a", "listed b", "ADDED c", "DELETED a"]
    assert script.asked == ["list", "watch from 7", "watch from 9"]
    assert reflector.listed.is_set()


async def test_a_bookmark_moves_the_version_and_tells_nothing() -> None:
    script = Script()
    script.lists = [[page(7)]]
    script.watches = [[("BOOKMARK", pod("", 41))]]
    words, _ = await play(script, asked(script, 3))

    assert words == []
    assert script.asked[-1] == "watch from 41"


async def test_a_version_too_old_lists_anew_and_tells_what_is_gone() -> None:
    script = Script()
    script.lists = [[page(7, pod("a", 3), pod("b", 5))], [page(90, pod("b", 60))]]
    script.watches = [[("ERROR", {"code": 410, "reason": "Expired", "message": "too old"})]]
    words, _ = await play(script, asked(script, 4))

    assert words == ["listed a", "listed b", "MODIFIED b", "only b at 90 in all"]
    assert script.asked == ["list", "watch from 7", "list", "watch from 90"]


async def test_a_cut_connection_goes_on_where_it_was() -> None:
    script = Script()
    script.lists = [[page(7)]]
    script.watches = [[("ADDED", pod("a", 8)), ApiError(0, "Unreachable", "cut")]]
    words, _ = await play(script, asked(script, 3))

    assert words == ["ADDED a"]
    assert script.asked == ["list", "watch from 7", "watch from 8"]


async def test_a_busy_api_server_is_asked_again_from_the_same_version() -> None:
    script = Script()
    script.lists = [[page(7)]]
    script.watches = [[ApiError(429, "TooManyRequests", "storage is initializing")]]
    await play(script, asked(script, 3))

    assert script.asked == ["list", "watch from 7", "watch from 7"]


async def test_a_refused_list_is_tried_again() -> None:
    script = Script()
    script.lists = [ApiError(403, "Forbidden", "no"), ApiError(0, "Unreachable", "no"), [page(7)]]
    _, reflector = await play(script, asked(script, 4))

    assert script.asked == ["list", "list", "list", "watch from 7"]
    assert reflector.listed.is_set()


async def test_a_first_listing_that_broke_off_may_have_shown_what_is_gone() -> None:
    script = Script()
    script.lists = [[page(7, pod("a", 3)), ApiError(410, "Expired", "too old")], [page(9)]]
    words, _ = await play(script, asked(script, 3))

    assert words == ["listed a", "only  at 9 in all"]


async def test_a_watch_that_never_says_anything_is_asked_ever_more_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr(reflector_module.asyncio, "sleep", sleep)
    script = Script()
    busy = ApiError(429, "TooManyRequests", "busy")
    script.lists = [[page(7)]]
    script.watches = [[busy], [busy], [busy], [("ADDED", pod("a", 8)), busy]]
    await play(script, asked(script, 6), draw=1.0)

    waits = [seconds for seconds in slept if seconds]
    assert waits == [FIRST_DELAY * n for n in (1, 2, 4, 1)]


async def test_it_is_listed_once_all_namespaces_are() -> None:
    script = Script("desk-7", "desk-9")
    script.lists = [[page(7, pod("a", 3))], ApiError(403, "Forbidden", "no"), [page(9)]]
    words, reflector = await play(script, lambda: False)

    assert reflector.listed.is_set()
    assert words == ["listed a"]
    assert sorted(script.asked) == [
        "list desk-7",
        "list desk-9",
        "list desk-9",
        "watch desk-7 from 7",
        "watch desk-9 from 9",
    ]


async def test_it_is_not_listed_while_one_namespace_is_refused() -> None:
    script = Script("desk-7", "desk-9")
    script.lists = [[page(7)], *[ApiError(403, "Forbidden", "no")] * 1000]
    _, reflector = await play(script, lambda: False)

    assert not reflector.listed.is_set()


REFUSED = ApiError(403, "Forbidden", "nodes is forbidden")


async def test_an_optional_kind_that_may_not_be_listed_keeps_nobody_waiting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = Script()
    script.lists = [REFUSED] * 12
    words, reflector = await play(script, lambda: False, resource=NODE)

    assert words == ["refused Node"]
    assert reflector.listed.is_set()
    recorder = [r.message for r in caplog.records if "cannot list nodes" in r.message]
    assert len(recorder) == 1
    # Those before it: an API server that starts may refuse what it allows a moment later.
    assert len(caplog.records) == reflector_module.PATIENCE


ABSENT = ApiError(404, "NotFound", "the server could not find the requested resource")


@pytest.mark.parametrize("refusal", [REFUSED, ABSENT], ids=["a right", "a CRD"])
async def test_what_comes_later_brings_the_kind(refusal: ApiError) -> None:
    script = Script()
    node = {"metadata": {"name": "gpu-a", "resourceVersion": "3"}}
    script.lists = [*[refusal] * 4, [page(7, node)]]
    words, _ = await play(script, asked(script, 6), resource=NODE)

    assert words == ["refused Node", "listed gpu-a", "granted Node"]


async def test_a_right_that_is_lost_makes_the_kind_unknown() -> None:
    script = Script()
    node = {"metadata": {"name": "gpu-a", "resourceVersion": "3"}}
    script.lists = [[page(7, node)], *[REFUSED] * 4, [page(9)]]
    script.watches = [[REFUSED]]
    words, _ = await play(script, asked(script, 7), resource=NODE)

    assert words == ["listed gpu-a", "refused Node", "only  at 9 in all", "granted Node"]


async def test_a_kind_that_nobody_needs_is_not_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reflector_module, "LONGEST_DELAY", 0.0)
    monkeypatch.setattr(reflector_module, "FIRST_DELAY", 0.0)
    script, recorder = Script(), Told()
    script.lists = [*[ABSENT] * reflector_module.PATIENCE, [page(9)]]
    recorder.is_needed = False
    route = CHILD_BY_KIND["HTTPRoute"]
    reflector = Reflector(script, route, recorder, asyncio.Semaphore(1))
    task = asyncio.ensure_future(reflector.run())
    await asyncio.wait_for(reflector.listed.wait(), 5)
    for _ in range(50):
        await asyncio.sleep(0)
    assert script.asked == ["list"] * reflector_module.PATIENCE

    recorder.is_needed = True
    for _ in range(50):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert recorder.words == ["refused HTTPRoute", "granted HTTPRoute"]


class Heavy(Told):
    """Takes 30 ms over each object, by a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.now = 0.0
        monkeypatch.setattr(reflector_module, "LoopYielder", lambda: LoopYielder(lambda: self.now))

    def on_initial_list(self, resource: ApiResource, body: Mapping[str, Any]) -> None:
        super().on_initial_list(resource, body)
        self.now += 0.03

    def on_event(self, resource: ApiResource, change: str, body: Mapping[str, Any]) -> None:
        super().on_event(resource, change, body)
        self.now += 0.03


async def test_others_run_after_each_heavy_object(monkeypatch: pytest.MonkeyPatch) -> None:
    script, recorder = Script(), Heavy(monkeypatch)
    script.lists = [[page(9, *(pod(f"l{n}", n) for n in range(20)))]]
    script.watches = [[("ADDED", pod(f"w{n}", 10 + n)) for n in range(20)]]
    seen: list[int] = []

    async def others() -> None:
        while len(recorder.words) < 40:
            seen.append(len(recorder.words))
            await asyncio.sleep(0)

    reflector = Reflector(script, POD, recorder, asyncio.Semaphore(1))
    task = asyncio.create_task(reflector.run())
    await others()
    task.cancel()

    assert max(b - a for a, b in itertools.pairwise(seen)) == 1
