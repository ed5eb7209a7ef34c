"""Limits of Kopf (ADR 0020). If a test fails, Kopf may have lost the limit, so that the code which
works around it can go. If a refused watch does not end Kopf, look whether it is watched again:
Kopf before 1.45 went on without that watch.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import kopf
import pytest

from inference_operator.adapters.kubernetes import watch_response
from inference_operator.runtime.kopf_watch import configure, session
from tests.integration.adapters.scripted_api_server import (
    GROUP,
    PLURAL,
    VERSION,
    ScriptedApiServer,
)

pytestmark = pytest.mark.integration

DEEP = '{"a":' * 970 + "1" + "}" * 970
SECONDS = 20
Event = tuple[str | None, str]


@pytest.fixture
def server() -> Iterator[ScriptedApiServer]:
    with ScriptedApiServer() as made:
        yield made


def model(name: str, spec: str = "{}", **meta: Any) -> str:
    identity = {"name": name, "namespace": "desk-7", "uid": f"uid-{name}", "resourceVersion": "3"}
    text = json.dumps({**identity, **meta})
    return f'{{"apiVersion":"{GROUP}/{VERSION}","metadata":{text},"spec":{spec}}}'


def event(change: str, item: str) -> str:
    return f'{{"type":"{change}","object":{item}}}'


KOPFS = kopf.OperatorSettings().persistence.finalizer
GONE = event("ERROR", '{"kind":"Status","code":410}')


async def run_kopf(
    server: ScriptedApiServer,
    is_done: Callable[[list[Event]], bool] | None = None,
    *,
    bounded: bool = False,
    finalizer: str | None = None,
) -> list[Event]:
    """Run Kopf with our settings until `is_done` with the events of its handler, and return them.

    `bounded` gives it our session in place of its own, and `finalizer` one to look for.
    """
    registry, settings = kopf.OperatorRegistry(), kopf.OperatorSettings()
    configure(settings)
    settings.networking.error_backoffs = ()
    if finalizer is not None:
        settings.persistence.finalizer = finalizer
    # Or it would kill the tests.
    settings.process.ultimate_exiting_timeout = None
    stop, events = asyncio.Event(), list[Event]()
    info = kopf.ConnectionInfo(server=server.address)

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.ConnectionInfo | kopf.AiohttpSession:
        return session(info, settings) if bounded else info

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
    async def handle(event: kopf.RawEvent, **_: Any) -> None:
        events.append((event["type"], event["object"]["metadata"]["name"]))
        if is_done and is_done(events):
            stop.set()

    async with asyncio.timeout(SECONDS):
        await kopf.operator(
            registry=registry,
            settings=settings,
            clusterwide=True,
            standalone=True,
            identity="a test",  # type: ignore[arg-type]
            # Kopf that fails waits 5 s for its own task that waits for the flag.
            stop_flag=stop if is_done else None,
        )
    return events


async def test_a_deep_object_in_a_list_ends_kopf(server: ScriptedApiServer) -> None:
    server.lists = [[model("a"), model("b", DEEP)]]
    with pytest.raises(RecursionError):
        await run_kopf(server)


async def test_a_deep_object_in_a_watch_ends_kopf(server: ScriptedApiServer) -> None:
    server.lists = [[]]
    server.watches = [[event("ADDED", model("b", DEEP))]]
    with pytest.raises(RecursionError):
        await run_kopf(server)


async def test_our_session_shows_kopf_the_identity_of_a_deep_object(
    server: ScriptedApiServer,
) -> None:
    server.lists = [[model("a"), model("b", DEEP)]]
    server.watches = [[event("MODIFIED", model("b", DEEP)), event("ADDED", model("c"))]]
    events = await run_kopf(server, lambda events: len(events) == 4, bounded=True)

    assert sorted(events, key=str) == [
        ("ADDED", "c"), ("MODIFIED", "b"), (None, "a"), (None, "b"),
    ]  # fmt: skip


async def test_kopf_reports_no_deletion_that_a_new_list_shows(server: ScriptedApiServer) -> None:
    server.lists = [[model("a"), model("b")], [model("a")]]
    server.watches = [[GONE], [event("ADDED", model("last"))]]
    events = await run_kopf(server, lambda events: ("ADDED", "last") in events)

    assert [name for _, name in events].count("a") == 2
    assert "DELETED" not in {change for change, _ in events}


async def test_kopf_reports_no_deletion_at_all_where_a_new_list_is_empty(
    server: ScriptedApiServer,
) -> None:
    server.lists = [[model("a")], []]
    server.watches = [[GONE], [event("ADDED", model("last"))]]
    events = await run_kopf(server, lambda events: ("ADDED", "last") in events)

    assert events == [(None, "a"), ("ADDED", "last")]


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, "APINotFoundError"), (403, "APIForbiddenError"), (500, "APIServerError")],
    ids=["its CRD was deleted", "a right is missing", "the API server fails"],
)
async def test_a_refused_watch_ends_kopf(
    server: ScriptedApiServer, status: int, error: str
) -> None:
    server.lists = [[]]
    # The API server ends the watch, and then refuses the next one.
    server.watches = [[], status]
    with pytest.raises(Exception, match="scripted") as caught:
        # Our session survives a 404; see below.
        await run_kopf(server, bounded=status != 404)

    assert type(caught.value).__name__ == error


async def test_our_session_waits_for_a_crd_that_was_deleted(
    server: ScriptedApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_response, "ABSENT_SECONDS", 0.01)
    server.lists = [[]]
    server.watches = [[], 404, 404, [event("ADDED", model("a"))]]

    assert await run_kopf(server, bool, bounded=True) == [("ADDED", "a")]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("<html>", "JSONDecodeError"),
        (event("ERROR", '{"kind":"Status","code":500}'), "WatchingError"),
    ],
    ids=["not JSON", "another error than 410"],
)
async def test_an_event_ends_kopf_and_our_session_has_it_list_again(
    server: ScriptedApiServer, line: str, error: str
) -> None:
    server.lists, server.watches = [[]], [[line]]
    with pytest.raises(Exception, match=r".") as caught:
        await run_kopf(server)
    assert type(caught.value).__name__ == error

    server.lists, server.watches = [[], [model("a")]], [[line]]
    events = await run_kopf(server, bool, bounded=True)
    assert events == [(None, "a")]


async def test_kopf_takes_its_finalizer_from_an_object_that_no_handler_blocks(
    server: ScriptedApiServer,
) -> None:
    server.lists = [[model("a", finalizers=[KOPFS])]]
    server.watches = [[event("ADDED", model("last"))]]
    await run_kopf(server, lambda events: bool(server.patches or events[1:]), finalizer=KOPFS)

    assert server.patches


async def test_our_settings_leave_kopf_s_finalizer_where_it_is(server: ScriptedApiServer) -> None:
    server.lists = [[model("a", finalizers=[KOPFS])]]
    edited = model("a", finalizers=[KOPFS], resourceVersion="4")
    server.watches = [[], [event("MODIFIED", edited)]]
    await run_kopf(server, lambda events: events[-1] == ("MODIFIED", "a"))

    assert server.patches == []


async def test_kopf_lists_in_pages(server: ScriptedApiServer) -> None:
    server.lists = [[model("a")]]
    await run_kopf(server, bool)

    assert server.queries == ["limit=250"]
