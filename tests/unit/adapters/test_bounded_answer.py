"""Reading of the registry's answers over HTTP: it ends at the limit, whatever the server sends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from inference_operator.adapters.mlflow.client import Mlflow, RegistryError
from inference_operator.adapters.web.bounded_answer import (
    AnswerTooLongError,
    error_message,
    identifier,
    whole_number,
)
from inference_operator.domain.http_credentials import Credentials

LIMIT = 64 << 10
PIECE = b"a: 1\n" * 3000
OPEN = Credentials()
# What sockets on both sides take in before the sender notices that nobody reads on.
BUFFERED = 12 << 20


class Flood:
    """A server that sends `pieces` pieces of YAML to whoever asks, and counts what was taken."""

    def __init__(self, pieces: int, status: int = 200, headers: dict[str, str] | None = None):
        self.sent = 0
        self.asked: list[str | None] = []
        self._pieces, self._status, self._headers = pieces, status, headers or {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.headers.get("Accept-Encoding"))
        response = web.StreamResponse(status=self._status, headers=self._headers)
        await response.prepare(request)
        for _ in range(self._pieces):
            await response.write(PIECE)
            self.sent += len(PIECE)
        return response


@asynccontextmanager
async def asked(flood: Flood) -> AsyncIterator[Mlflow]:
    app = web.Application()
    app.router.add_get("/{path:.*}", flood.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        mlflow = Mlflow(str(server.make_url("")), 20.0)
        yield mlflow
        await mlflow.close()


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


async def test_a_file_within_the_limit_is_read_whole() -> None:
    flood = Flood(4)
    async with asked(flood) as mlflow:
        text = await mlflow.text(mlflow.run_file("r", "MLmodel"), OPEN, LIMIT)
    assert text == (PIECE * 4).decode()
    assert flood.asked == ["identity"]


async def test_a_file_beyond_the_limit_is_not_read_to_its_end() -> None:
    flood = Flood(pieces=10_000)
    async with asked(flood) as mlflow:
        with pytest.raises(AnswerTooLongError, match=r"^more than 65,536 bytes$"):
            await mlflow.text(mlflow.run_file("r", "MLmodel"), OPEN, LIMIT)
    assert flood.sent < BUFFERED


async def test_an_answer_in_json_beyond_the_limit_is_named() -> None:
    flood = Flood(pieces=10_000)
    async with asked(flood) as mlflow:
        with pytest.raises(RegistryError, match=r"runs/get with more than 1,048,576 bytes"):
            await mlflow.run_models("r", OPEN)
    assert flood.sent < BUFFERED


async def test_of_an_error_only_the_beginning_is_read() -> None:
    flood = Flood(pieces=10_000, status=500)
    async with asked(flood) as mlflow:
        with pytest.raises(RegistryError, match=r"answered 500 \(a: 1 a: 1 ") as caught:
            await mlflow.run_models("r", OPEN)
    assert len(str(caught.value)) < 500
    assert flood.sent < BUFFERED


async def test_whether_there_is_a_file_is_known_without_reading_it() -> None:
    flood = Flood(pieces=10_000)
    async with asked(flood) as mlflow:
        assert await mlflow.has_file(mlflow.run_file("r", "big.onnx"), OPEN)
    assert flood.sent < BUFFERED


async def test_a_compressed_answer_is_never_unpacked() -> None:
    async with asked(Flood(1, headers={"Content-Encoding": "gzip"})) as mlflow:
        with pytest.raises(RegistryError, match=r"its answer is compressed \(gzip\), which was"):
            await mlflow.run_models("r", OPEN)


@pytest.mark.parametrize("value", ["-1", "1" * 19, "1.5", "x", "", "٣", [1]])
def test_a_number_of_the_registry_is_a_whole_one(value: object) -> None:
    with pytest.raises(ValueError, match="expected a whole number of at most 18 digits"):
        whole_number(value)


def test_ids_and_texts_of_the_registry_are_short_and_of_one_line() -> None:
    assert (whole_number("12"), whole_number(7)) == (12, 7)
    assert (identifier(None), identifier("0a1b")) == ("", "0a1b")
    for odd in ("x" * 257, "a\nb", "a\x1b[2J"):
        with pytest.raises(ValueError, match="expected at most 256 printable characters"):
            identifier(odd)
    assert error_message(b"a\n\tb " + b"c" * 1000) == "a b " + "c" * 295 + "…"
    assert error_message(b"a\x1b[2J") == "a\\u001b[2J"
