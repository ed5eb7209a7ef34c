"""Answers of an API server over a real connection: large ones, deep ones, and Kopf's reading."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import kopf
import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from inference_operator.adapters.kubernetes import decoding
from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.client import KubeCluster
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.domain.unreadable import why_unreadable
from inference_operator.observation.kinds import INFERENCE_MODEL
from inference_operator.runtime.kopf_watch import CHUNK, session

pytestmark = pytest.mark.integration

DEEP = '{"a":' * 970 + "1" + "}" * 970
MODELS = "/apis/inference.aipx.io/v1alpha1/inferencemodels"


def model(name: str, spec: str = "{}", version: int = 3) -> str:
    meta = {"name": name, "namespace": "desk-7", "uid": f"uid-{name}"}
    text = json.dumps({**meta, "resourceVersion": str(version)})
    return f'{{"apiVersion":"inference.aipx.io/v1alpha1","metadata":{text},"spec":{spec}}}'


@dataclass
class Answers:
    """An API server of one kind: it lists `items` in pages, and its watch has `lines`."""

    items: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    limits: list[int] = field(default_factory=list)
    address: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            stream = web.StreamResponse()
            await stream.prepare(request)
            for line in self.lines:
                await stream.write(line.encode() + b"\n")
            return stream
        limit, begin = int(request.query["limit"]), int(request.query.get("continue", 0))
        self.limits.append(limit)
        end = begin + limit
        meta = {"resourceVersion": "9", "continue": str(end) if end < len(self.items) else ""}
        items = ",".join(self.items[begin:end])
        text = f'{{"apiVersion":"v1","items":[{items}],"metadata":{json.dumps(meta)}}}'
        return web.Response(text=text, content_type="application/json")


@pytest.fixture
async def server() -> AsyncIterator[Answers]:
    answers = Answers()
    app = web.Application()
    app.router.add_get(MODELS, answers.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    answers.address = f"http://{host}:{port}"
    yield answers
    await runner.cleanup()


@pytest.fixture
async def cluster(server: Answers) -> AsyncIterator[KubeCluster]:
    configuration = Configuration()
    configuration.host = server.address
    made = KubeCluster(configuration, Telemetry(), 30)
    yield made
    await made.close()


@pytest.fixture
async def kopfs(server: Answers) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """Kopf's session, and the URL of its watch."""
    settings = kopf.OperatorSettings()
    made = session(kopf.ConnectionInfo(server=server.address), settings)
    yield made.aiohttp_session, f"{server.address}{MODELS}?watch=true"
    await made.aiohttp_session.close()


async def listed(cluster: KubeCluster) -> list[str]:
    pages = cluster.pages(INFERENCE_MODEL, "", "")
    return [item["metadata"]["name"] async for page in pages for item in page["items"]]


async def test_large_objects_come_in_smaller_pages(server: Answers, cluster: KubeCluster) -> None:
    text = json.dumps({"x": "y" * 1_000_000})
    names = [f"m{number}" for number in range(250)]
    server.items = [model(name, text) for name in names]
    names_listed = await listed(cluster)

    assert names_listed == names
    assert server.limits[:7] == [250, 125, 62, 31, 15, 7, 7]


async def test_one_object_beyond_the_limit_of_a_page_is_an_error_that_says_so(
    server: Answers, cluster: KubeCluster
) -> None:
    server.items = [model("x", json.dumps({"x": "y" * decoding.OBJECT_BYTES}))]
    with pytest.raises(ApiError, match="an answer about inferencemodels: found more than"):
        await listed(cluster)
    assert server.limits == [250, 125, 62, 31, 15, 7, 3, 1]


async def test_a_deep_object_is_a_stub_among_the_others(
    server: Answers, cluster: KubeCluster
) -> None:
    server.items = [model("a"), model("b", DEEP), model("c")]
    server.lines = [f'{{"type":"MODIFIED","object":{item}}}' for item in server.items]
    pages = [page async for page in cluster.pages(INFERENCE_MODEL, "", "")]
    watched = [body async for _, body in cluster.watch(INFERENCE_MODEL, "", "", "1")]

    for items in (pages[0]["items"], watched):
        assert [item["metadata"]["name"] for item in items] == ["a", "b", "c"]
        assert [bool(why_unreadable(item)) for item in items] == [False, True, False]


async def test_a_line_beyond_the_limit_has_the_kind_listed_again(
    server: Answers, cluster: KubeCluster
) -> None:
    server.lines = ["x" * (decoding.OBJECT_BYTES + 1)]
    with pytest.raises(ApiError) as caught:
        await anext(cluster.watch(INFERENCE_MODEL, "", "", "1"))
    assert caught.value.status == 410


async def events(kopfs: tuple[aiohttp.ClientSession, str]) -> list[dict[str, object]]:
    """Return what Kopf reads, as it reads it."""
    client, url = kopfs
    async with await client.get(url) as answer:
        chunks = [chunk async for chunk in answer.content.iter_chunked(1 << 20)]
    return [json.loads(line) for line in b"".join(chunks).splitlines()]


async def test_kopf_reads_a_stub_in_place_of_a_deep_object(
    server: Answers, kopfs: tuple[aiohttp.ClientSession, str]
) -> None:
    deep_fields = model("c").replace('"metadata":{', f'"metadata":{{"managedFields":[{DEEP}],')
    items = [model("a"), model("b", DEEP), deep_fields]
    server.lines = [f'{{"type":"ADDED","object":{item}}}' for item in items]
    decoded = await events(kopfs)
    server.items = items
    client, url = kopfs
    async with await client.get(url.replace("watch=true", "limit=250")) as answer:
        page = await answer.json()

    for bodies in ([event["object"] for event in decoded], page["items"]):
        assert [body["metadata"]["name"] for body in bodies] == ["a", "b", "c"]
        assert [bool(why_unreadable(body)) for body in bodies] == [False, True, False]


@pytest.mark.parametrize(
    "line",
    [
        "x" * (decoding.OBJECT_BYTES + 1),
        "<html>",
        '{"type":"ERROR","object":{"code":500,"message":"no"}}',
    ],
    ids=["a line that is too long", "what is not JSON", "an error that would end Kopf"],
)
async def test_kopf_is_told_to_list_again(
    server: Answers, kopfs: tuple[aiohttp.ClientSession, str], line: str
) -> None:
    server.lines = [line]
    (event,) = await events(kopfs)

    assert event == {"type": "ERROR", "object": {"kind": "Status", "code": 410}}


async def test_an_event_that_is_not_json_has_the_kind_listed_again(
    server: Answers, cluster: KubeCluster
) -> None:
    server.lines = ["<html>"]
    with pytest.raises(ApiError, match="an event of inferencemodels: found '<html>'") as caught:
        await anext(cluster.watch(INFERENCE_MODEL, "", "", "1"))
    assert caught.value.status == 500


async def test_kopf_asks_for_smaller_pages_after_one_that_is_too_large(server: Answers) -> None:
    settings = kopf.OperatorSettings()
    settings.watching.chunk_size = CHUNK
    made = session(kopf.ConnectionInfo(server=server.address), settings)
    server.items = [model("x", json.dumps({"x": "y" * decoding.PAGE_BYTES}))]
    async with made.aiohttp_session as client:
        answer = await client.get(f"{server.address}{MODELS}?limit=250")
        with pytest.raises(aiohttp.ClientPayloadError, match="a list: found more than"):
            await answer.json()

    assert settings.watching.chunk_size == CHUNK // 2
