"""Failures of a Prometheus: each is an outage with a sentence, in a bounded time."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from inference_operator.adapters.prometheus.access import Access, AccessError, AccessFiles
from inference_operator.adapters.prometheus.answer_reader import AnswerRefusedError
from inference_operator.adapters.prometheus.client import Prometheus, Query, QueryError
from inference_operator.adapters.prometheus.user_value import UserValue
from inference_operator.domain.http_credentials import basic
from inference_operator.domain.measurement import Outage, QueryValue
from tests.fakes.prometheus import FakePrometheus, fake_prometheus, refusal, vector
from tests.unit.adapters.questions import NOON

NOBODY = Access(None, True)
TIMEOUT = 0.3


@pytest.fixture
async def server() -> AsyncIterator[FakePrometheus]:
    async with fake_prometheus() as server:
        yield server


async def ask(uri: str, access: Access = NOBODY, most_bytes: int = 1 << 20) -> QueryValue:
    client = Prometheus(uri, TIMEOUT)
    try:
        return await client.read(Query("up", NOON, most_bytes), access, UserValue())
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [
        (500, "<html>oops</html>", r"answered 500 \(<html>oops</html>\)"),
        (502, "", r"answered 502 \(no message\)"),
        (404, "404 page not found", "answered 404"),
        (400, "Bad Request", r"answered 400 \(Bad Request\)"),
        (401, "who are you", "answered 401 .*: name the file of a token"),
        (403, "no", "answered 403 .*: name the file of a token"),
        (500, "x" * 100_000, r"answered 500 \(x{250}"),
        (302, "", "redirects to an address that it does not name, which is not followed"),
    ],
)
async def test_an_error(server: FakePrometheus, status: int, text: str, words: str) -> None:
    server.answer_status(status, text)
    with pytest.raises(QueryError, match=words) as failed:
        await ask(server.uri)
    assert failed.value.outage is Outage.REFUSED
    assert len(str(failed.value)) < 500


async def test_a_redirect_is_not_followed(server: FakePrometheus) -> None:
    server.answer_status(307, "", Location="http://other.example/steal?token=hunter2")
    with pytest.raises(QueryError, match=r"redirects to http://other\.example/steal, ") as failed:
        await ask(server.uri, Access("Bearer hunter2", True))
    assert "hunter2" not in str(failed.value)
    assert len(server.forms) == 1


async def test_an_answer_that_is_no_json_is_refused_by_its_reader(server: FakePrometheus) -> None:
    server.answer_status(200, "<html>log in</html>")
    with pytest.raises(AnswerRefusedError, match="not JSON: '<html>log in"):
        await ask(server.uri)


@pytest.mark.parametrize(
    ("kind", "status", "outage"),
    [
        ("timeout", 503, Outage.TIMED_OUT),
        ("execution", 422, Outage.REFUSED),
        ("bad_data", 400, Outage.REFUSED),
    ],
)
async def test_the_server_s_own_words(
    server: FakePrometheus, kind: str, status: int, outage: Outage
) -> None:
    server.answer_json(refusal(kind, "query processing would load too many samples"), status)
    with pytest.raises(AnswerRefusedError, match="would load too many samples") as refused:
        await ask(server.uri)
    assert refused.value.outage is outage


async def test_nobody_listens() -> None:
    with pytest.raises(QueryError, match="does not answer: ") as failed:
        await ask("http://127.0.0.1:1")
    assert failed.value.outage is Outage.UNREACHABLE


async def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(QueryError, match="does not answer: ") as failed:
        await ask("http://prometheus.invalid:9090")
    assert failed.value.outage is Outage.UNREACHABLE


async def test_a_slow_server(server: FakePrometheus) -> None:
    server.delay = 60
    begun = time.monotonic()
    with pytest.raises(QueryError, match=r"did not answer within 0\.3 s") as failed:
        await ask(server.uri)
    assert failed.value.outage is Outage.TIMED_OUT
    assert time.monotonic() - begun < 5


async def test_an_answer_that_ends_in_its_middle(server: FakePrometheus) -> None:
    server.answer_status(200, "{", **{"Content-Length": "1000"})
    with pytest.raises(QueryError) as failed:
        await ask(server.uri)
    assert failed.value.outage in (Outage.UNREACHABLE, Outage.TIMED_OUT)


async def test_a_compressed_answer_is_not_read(server: FakePrometheus) -> None:
    server.answer_status(200, "zip bomb", **{"Content-Encoding": "gzip"})
    with pytest.raises(QueryError, match="its answer is compressed"):
        await ask(server.uri)


async def test_a_tls_server_that_is_not_trusted_is_never_asked(server: FakePrometheus) -> None:
    with pytest.raises(QueryError) as failed:
        await ask(server.uri.replace("http:", "https:"))
    assert failed.value.outage is Outage.UNREACHABLE
    assert not server.forms


async def test_an_address_below_a_path(server: FakePrometheus) -> None:
    server.respond = lambda _: web.json_response(vector())
    with pytest.raises(QueryError, match="answered 404"):
        await ask(f"{server.uri}/mimir/")


async def test_credentials_come_from_files_as_they_are_now(
    server: FakePrometheus, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    files = AccessFiles(bearer_token_file=str(token))
    for text in ("one\n", "two"):
        token.write_text(text)
        await ask(server.uri, files.read())
    password = tmp_path / "password"
    password.write_text(" pass word \n")
    await ask(server.uri, AccessFiles(username="desk", password_file=str(password)).read())
    await ask(server.uri)
    sent = [headers.get("Authorization") for headers in server.headers]
    assert sent == ["Bearer one", "Bearer two", basic("desk", " pass word "), None]


@pytest.mark.parametrize(
    ("files", "content", "words"),
    [
        ({"bearer_token_file": "x"}, None, "BEARER_TOKEN_FILE cannot be read: No such file"),
        ({"bearer_token_file": "x"}, b"", "BEARER_TOKEN_FILE has a text that is no token"),
        ({"bearer_token_file": "x"}, b"a\nb", "BEARER_TOKEN_FILE has a text that is no token"),
        ({"bearer_token_file": "x"}, b"\xff", "BEARER_TOKEN_FILE is not UTF-8 text"),
        ({"bearer_token_file": "x"}, b"a" * ((1 << 20) + 1), "has more than 1,048,576 bytes"),
        ({"username": "a", "password_file": "x"}, None, "PASSWORD_FILE cannot be read"),
        ({"ca_file": "x"}, b"hunter2", "CA_FILE has no usable certificate"),
    ],
)
def test_a_file_that_cannot_be_used(
    tmp_path: Path, files: dict[str, str], content: bytes | None, words: str
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    given = {name: str(path) if text == "x" else text for name, text in files.items()}
    with pytest.raises(AccessError, match=words) as failed:
        AccessFiles(**given).read()
    assert "hunter2" not in str(failed.value)
    assert str(path) not in str(failed.value)


def test_the_header_is_not_shown() -> None:
    assert "hunter2" not in repr(Access("Bearer hunter2", True))


class _Slow(UserValue):
    """Taker that takes longer for a row than Prometheus may."""

    def take(self, row: Any) -> None:
        time.sleep(TIMEOUT + 1.2)
        super().take(row)


async def test_the_seconds_of_reading_do_not_count(server: FakePrometheus) -> None:
    server.answer_json(vector(({}, 7)))
    client = Prometheus(server.uri, TIMEOUT)
    asked = Query("up", NOON, 1 << 20)
    assert (await client.read(asked, NOBODY, _Slow())).value == 7
    await client.close()
