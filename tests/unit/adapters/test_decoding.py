"""Decoding of the API server's answers: an object beyond a limit hides none of the others."""

import asyncio
import contextlib
import gc
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_operator.adapters.kubernetes import decoding
from inference_operator.adapters.kubernetes.decoding import (
    CONTAINERS,
    LEVELS,
    TooLongError,
    decode_event,
    decode_object,
    decode_page,
    lines,
    read_bytes,
)
from inference_operator.domain.unreadable import why_unreadable
from tests.examples import examples

IDENTITY = {
    "labels": {"a": "b"},
    "name": "x",
    "namespace": "desk-7",
    "ownerReferences": [{"kind": "InferenceModel", "name": "x", "uid": "o", "controller": True}],
    "resourceVersion": "7",
    "uid": "u",
}


def deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def wide(items: str, count: int) -> str:
    return '{"a":[' + ",".join([items] * count) + "]}"


def an_object(spec: str, fields: str = "[]", name: str = "x") -> str:
    meta = json.dumps({**IDENTITY, "name": name})[:-1]
    return f'{{"metadata":{meta},"managedFields":{fields}}},"spec":{spec}}}'


BAD = {
    "a thousand levels": (deep(970), "found more than 64 levels of nesting, expected at most 64"),
    "ten thousand levels": (deep(9_990), "found more than 64 levels of nesting"),
    "a level too many": (deep(LEVELS), "found more than 64 levels of nesting"),
    "lists": ('{"a":' + "[" * 2000 + "]" * 2000 + "}", "found more than 64 levels"),
    "many empty lists": (wide("[]", CONTAINERS), "found more than 10,000 objects and lists"),
    "many numbers": (wide("1", 60_000), "found more than 50,000 values, expected at most 50,000"),
    "a long number": (wide("1" * 5000, 1), "found a number of more than 64 digits"),
    "half a character": (r'{"a":"\ud83d"}', "found half of a character, expected UTF-8"),
}
GOOD = {
    "nothing": "{}",
    "levels": deep(LEVELS - 2),
    "brackets in a text": json.dumps({"a": "[{" * 9000 + '"\\'}),
    "a character in two halves": r'{"a":"\ud83d\ude00"}',
    "a long text": json.dumps({"a": "<" * 1_000_000}),
}


async def read(spec: str, fields: str = "[]") -> dict[str, Any]:
    """Return the object between two others in a list, as an event and alone: it must be one."""
    parts = ",".join(
        (an_object("{}", name="a"), an_object(spec, fields), an_object("{}", name="b"))
    )
    page = await decode_page(f'{{"items":[{parts}],"metadata":{{"continue":"c"}}}}'.encode())
    first, decoded, other = page["items"]
    assert (first["metadata"]["name"], other["metadata"]["name"]) == ("a", "b")
    assert not why_unreadable(first) + why_unreadable(other)
    assert page["metadata"] == {"continue": "c"}
    text = an_object(spec, fields)
    assert await decode_event(f'{{"type":"ADDED","object":{text}}}'.encode()) == ("ADDED", decoded)
    assert await decode_object(text.encode()) == decoded
    return dict(decoded)


@pytest.mark.parametrize("name", BAD)
async def test_beyond_a_limit_only_the_identity_is_read(name: str) -> None:
    spec, reason = BAD[name]
    decoded = await read(spec)

    assert decoded.keys() == {"metadata", "unreadable"}
    assert decoded["metadata"] == IDENTITY
    assert why_unreadable(decoded).startswith(reason)


@pytest.mark.parametrize("name", GOOD)
async def test_within_the_limits_everything_is_read(name: str) -> None:
    decoded = await read(GOOD[name])

    assert decoded["spec"] == json.loads(GOOD[name])
    assert not why_unreadable(decoded)


@pytest.mark.parametrize("name", BAD)
async def test_managed_fields_make_nothing_unreadable(name: str) -> None:
    decoded = await read('{"replicas":2}', f"[{BAD[name][0]}]")

    assert decoded["spec"] == {"replicas": 2}
    assert decoded["metadata"] == IDENTITY


@pytest.mark.parametrize(
    "text",
    ["", "<html>", "[]", "1", '{"items":[1]}', '{"items":[{}', '{"a"', '{"a":1', "null", '{"a" 1}'],
)
async def test_what_is_no_answer_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="expected JSON"):
        await decode_page(text.encode())
    with pytest.raises(ValueError, match="expected JSON"):
        await decode_event(text.encode())


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=5), values, max_size=4), max_size=4), st.booleans()
)
def test_a_page_is_read_as_json_reads_it(items: list[dict[str, Any]], is_ascii: bool) -> None:
    page = {"metadata": {"continue": ""}, "items": items, "kind": "List"}
    text = json.dumps(page, ensure_ascii=is_ascii, indent=1 if is_ascii else None)
    assert asyncio.run(decode_page(text.encode("utf-8", "replace"))) == json.loads(
        text.encode("utf-8", "replace")
    )


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(st.sampled_from(['{"a":', "[", "{", '"', "\\", "]", "}", ",", "1", '"b":', " "])),
    st.integers(0, 3000),
)
def test_nothing_but_a_value_error_comes_of_any_text(parts: list[str], levels: int) -> None:
    text = an_object("".join(parts) + deep(levels))
    for raw in (text, f'{{"items":[{text}]}}', "".join(parts)):
        try:
            page = asyncio.run(decode_page(raw.encode()))
        except ValueError:
            continue
        assert isinstance(page, dict)


async def test_others_run_while_a_large_page_is_read() -> None:
    spec = json.dumps({"data": ["x" * 50] * 19_000})
    page = f'{{"items":[{",".join([an_object(spec)] * 20)}],"metadata":{{}}}}'.encode()
    assert len(page) > 20_000_000
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    decoded = await decode_page(page)
    task.cancel()

    assert len(decoded["items"]) == 20
    assert turns >= 20


MEGABYTE = {
    "deep": '{"a":' + "[" * 9_000 + ",".join(["[]"] * 400_000) + "]" * 9_000 + "}",
    "wide and deep": wide("[" * 70 + "]" * 70, 10_000),
    "empty lists": wide("[]", 480_000),
    "maps": wide('{"a":1}', 180_000),
    "values": wide("1", 700_000),
    "maps that are allowed": wide('{"abcdefghij":{"klmnopqrst":1}}', CONTAINERS // 2 - 20),
}


@pytest.mark.parametrize("name", MEGABYTE)
@pytest.mark.parametrize("decode", [decode_object, decode_page, decode_event])
async def test_one_object_of_a_megabyte_leaves_the_loop_free(
    name: str, decode: Callable[[bytes], Awaitable[Any]]
) -> None:
    text = an_object(MEGABYTE[name])
    whole = {decode_page: f'{{"items":[{text}]}}', decode_event: f'{{"type":"A","object":{text}}}'}
    longest, last = 0.0, time.thread_time()

    async def others() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.001)
            longest, last = max(longest, time.thread_time() - last), time.thread_time()

    task = asyncio.create_task(others())
    await asyncio.sleep(0)
    decoded = await decode(whole.get(decode, text).encode())
    task.cancel()

    body = {decode_page: lambda: decoded["items"][0], decode_event: lambda: decoded[1]}
    read = body.get(decode, lambda: decoded)()
    assert bool(why_unreadable(read)) is (name != "maps that are allowed")
    # Seconds of this thread's CPU, so that a busy machine does not count.
    assert longest < 0.1


@pytest.mark.parametrize("name", ["deep", "empty lists", "maps", "values"])
async def test_what_is_beyond_a_limit_is_not_built(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_value_at", lambda *_: pytest.fail("it was built"))

    assert why_unreadable(await decode_object(an_object(MEGABYTE[name]).encode()))


async def test_the_search_for_garbage_goes_on_after_an_object() -> None:
    for text in (an_object("{}"), "no JSON"):
        with contextlib.suppress(ValueError):
            await decode_object(text.encode())
        assert gc.isenabled()


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_lines_are_whole_however_they_arrive() -> None:
    decoded = [line async for line in lines(stream(b'{"a"', b":1}\n\n{", b"}\n{}\n{", b'"cut'))]
    assert decoded == [b'{"a":1}', b"{}", b"{}"]


async def collect(chunks: list[bytes], limit: int, decoded: list[bytes]) -> None:
    async for line in lines(stream(*chunks), limit):
        decoded.append(line)


@pytest.mark.parametrize("chunks", [[b"x" * 11], [b"x" * 6] * 2, [b"y\n" + b"x" * 11 + b"\nz\n"]])
async def test_a_line_beyond_the_limit_is_not_kept(chunks: list[bytes]) -> None:
    decoded: list[bytes] = []
    with pytest.raises(TooLongError, match="found more than 10 bytes, expected at most 10"):
        await collect(chunks, 10, decoded)
    assert decoded in ([], [b"y"])


async def test_an_answer_beyond_the_limit_is_not_kept() -> None:
    assert await read_bytes(stream(b"1234", b"567"), 7) == b"1234567"
    with pytest.raises(TooLongError, match="found more than 6 bytes"):
        await read_bytes(stream(b"1234", b"567"), 6)
