"""Stores whose answers cost much more than their bytes, or are none of the store's."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from inference_operator.load.transfer.bounded_body import check_json, check_xml
from tests.memory import measure, store

from .test_hostile_servers import MIB, Hostile, hostile, without_end

__all__ = ["hostile"]

# The libraries take 54 MiB, and an answer at most 4 MiB.
MOST_GROWTH = 64
LIST = "<ListBucketResult>{}</ListBucketResult>"
ENTRY = (
    "<Contents><Key>{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    "<ETag>&quot;0123456789abcdef0123456789abcdef&quot;</ETag>"
    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
    "<Owner><ID>0123456789abcdef</ID><DisplayName>owner</DisplayName></Owner>"
    "<Size>123456789</Size><StorageClass>INTELLIGENT_TIERING</StorageClass></Contents>"
)


def body(text: str | bytes, status: int = 200, **headers: str) -> Callable[[Any], None]:
    raw = text.encode() if isinstance(text, str) else text

    def answer(handler: Any) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(raw)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(raw)

    return answer


def endless(status: int, **headers: str) -> Callable[[Any], None]:
    def answer(handler: Any) -> None:
        handler.send_response = lambda _: type(handler).send_response(handler, status)
        without_end(handler, **headers)

    return answer


def asked(server: Hostile, uri: str, answer: Callable[[Any], None]) -> str:
    server.answer = answer
    return store(uri, server.url)


def measured(server: Hostile, uri: str, answer: Callable[[Any], None]) -> str:
    """Do as `asked`, in a process of its own, whose memory is measured."""
    server.answer = answer
    outcome = measure("store", uri, server.url)
    assert outcome.growth < MOST_GROWTH, outcome
    return outcome.answer


def filled(mark: str, size: int = 4 * MIB - 100) -> str:
    return mark * (size // len(mark))


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("s3://models/ranker/", LIST.format(filled("<Contents/>"))),
        ("s3://models/ranker/", LIST.format(filled("<Contents/>", 500_000))),
        ("s3://models/ranker/", LIST.format(filled('<a b="" c="" d="" e=""/>'))),
        ("gs://models/ranker/", '{"items": [' + filled("{},") + "{}]}"),
        ("gs://models/ranker/", '{"items": [' + filled("{},", 149_000) + "{}]}"),
        ("gs://models/ranker/", '{"items": [' + filled("{},", 590_000) + "{}]}"),
        ("gs://models/ranker/", '{"items": ["' + "\U0001f600" * (MIB - 100) + '"]}'),
    ],
    ids=lambda text: text[:40],
)
def test_what_costs_more_than_its_bytes(hostile: Hostile, uri: str, text: str) -> None:
    message = measured(hostile, uri, body(text, Content_Type="application/json"))
    assert message.startswith("LoadError: "), message


@pytest.mark.parametrize("uri", ["gs://models/ranker.py", "s3://models/ranker.py"])
@pytest.mark.parametrize("status", [302, 404])
def test_the_memory_of_a_redirect_or_an_error(hostile: Hostile, uri: str, status: int) -> None:
    measured(hostile, uri, endless(status, Location="/final"))


@pytest.mark.parametrize(
    "text",
    [
        LIST.format(filled("<a/>", 400_000)),
        LIST.format(filled("<a>", 90_000)),
        LIST.format("<Contents><Key>" + filled("&amp;") + "</Key></Contents>"),
        f'<!DOCTYPE l [<!ENTITY a "{"x" * MIB}">]><Contents><Key>{"&a;" * 90}</Key></Contents>',
        '<?xml version="1.0" encoding="utf-16"?>' + LIST.format(""),
        LIST.format("<Contents><Size>1</Size></Contents>"),
        LIST.format("<Contents><Key>ranker/x</Key><Size>abc</Size></Contents>"),
        LIST.format("<Contents><Key>ranker/x</Key><LastModified>never</LastModified></Contents>"),
        "<html>",
        "{}",
        "\0",
    ],
    ids=lambda text: text[:60],
)
def test_a_list_of_s3(hostile: Hostile, text: str) -> None:
    message = asked(hostile, "s3://models/ranker/", body(text))
    assert "s3://models/ranker/" in message
    assert "check " in message


@pytest.mark.parametrize("status", [400, 403, 404, 500])
@pytest.mark.parametrize("text", [filled("<a/>", 65_000), filled("<a/>"), "<!DOCTYPE a><Error/>"])
def test_an_error_of_s3(hostile: Hostile, text: str, status: int) -> None:
    message = asked(hostile, "s3://models/ranker.py", body(f"<Error>{text}</Error>", status))
    assert f"s3://models/ranker.py: S3 answered {status}" in message


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Length": "abc"},
        {"Content_Length": "1" * 5000},
        {"Last_Modified": "whenever"},
        {"x_amz_mp_parts_count": "many"},
        {"Content_Range": "bytes 7-9/10"},
        {"Content_Range": "bytes x"},
    ],
    ids=str,
)
def test_headers_of_an_object_of_s3(hostile: Hostile, headers: dict[str, str]) -> None:
    message = asked(hostile, "s3://models/ranker.py", body("x", **headers))
    assert "unexpected" not in message
    assert "does not answer as S3 does" in message or message.startswith(
        "RangeError: asked for bytes"
    )


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"items": [{}]}),
        json.dumps({"items": [{"name": 5}]}),
        json.dumps({"items": 5}),
        "[]",
        "null",
        "<html>",
        '{"x": [' + filled("0,", 99_000) + "0]}",
        '{"items": ' + "[" * 10_000,
        '{"nextPageToken": ' + "9" * 5000 + "}",
        b"\xff\xfe",
    ],
    ids=lambda text: text[:40],
)
def test_a_list_of_google(hostile: Hostile, text: str | bytes) -> None:
    message = asked(hostile, "gs://models/ranker/", body(text, Content_Type="application/json"))
    assert "gs://models/ranker/" in message


DESCRIBED: list[Any] = [
    {},
    5,
    [],
    {"size": "abc", "generation": "1"},
    {"size": "-5", "generation": "1"},
    {"size": "9" * 5000, "generation": "1"},
    {"size": "9" * 30, "generation": "1"},
    {"size": "5", "generation": "x"},
    {"size": "5"},
    {"generation": "1"},
    {"size": [], "generation": {}},
]


@pytest.mark.parametrize("described", DESCRIBED, ids=lambda each: str(each)[:40])
def test_a_description_of_google(hostile: Hostile, described: object) -> None:
    answer = body(json.dumps(described), Content_Type="application/json")
    message = asked(hostile, "gs://models/ranker.py", answer)
    assert "gs://models/ranker.py: the endpoint does not answer as Google Cloud Storage" in message


@pytest.mark.parametrize("uri", ["gs://models/ranker.py", "gs://models/ranker/", "s3://models/x"])
@pytest.mark.parametrize("status", [301, 302, 307, 308, 404, 418, 500])
def test_what_comes_with_a_redirect_or_an_error_is_not_read(
    hostile: Hostile, uri: str, status: int
) -> None:
    message = asked(hostile, uri, endless(status, Location="/final"))
    assert "unexpected" not in message
    assert hostile.sent < 16 * MIB
    assert not any("final" in path for path in hostile.asked)


@pytest.mark.parametrize("uri", ["s3://models/ranker.py", "s3://models/ranker/"])
@pytest.mark.parametrize("status", [301, 302, 307])
def test_an_s3_endpoint_that_redirects_every_request(
    hostile: Hostile, uri: str, status: int
) -> None:
    message = asked(hostile, uri, body("", status, Location="/login"))
    assert message.startswith("LoadError: ")
    assert f"{uri}: S3 answered {status}" in message
    assert [path.partition("?")[0] for path in hostile.asked][1:] == ["/models"]


def test_a_redirect_of_s3_is_followed_to_the_region_of_the_bucket(hostile: Hostile) -> None:
    page = body(LIST.format("<Contents><Key>ranker/x</Key></Contents>"))
    redirect = body("", 301)
    region = body("", 301, x_amz_bucket_region="eu-west-1")
    answers = iter([redirect, region, page])

    def answer(handler: Any) -> None:
        next(answers)(handler)

    assert asked(hostile, "s3://models/ranker/", answer) == "1 files"
    assert len(hostile.asked) == 3


@pytest.mark.parametrize("status", [302, 404, 416, 500])
def test_nor_what_comes_instead_of_an_object_of_google(hostile: Hostile, status: int) -> None:
    described = body(json.dumps({"size": "5", "generation": "1"}), Content_Type="application/json")

    def answer(handler: Any) -> None:
        (endless(status, Location="/final") if "alt=media" in handler.path else described)(handler)

    message = asked(hostile, "gs://models/ranker.py", answer)
    assert "unexpected" not in message
    assert hostile.sent < 16 * MIB


def test_a_list_of_google_is_inflated_no_further_than_the_limit(hostile: Hostile) -> None:
    packed = gzip.compress(gzip.compress(bytes(256 * MIB), 1), 1)
    answer = body(packed, Content_Encoding="gzip, gzip", Content_Type="application/json")
    assert "unexpected" not in measured(hostile, "gs://models/ranker/", answer)


def test_the_largest_page_fits(hostile: Hostile) -> None:
    """A thousand objects with keys of 1 KiB, of which each byte is encoded."""
    keys = [f"ranker/{number:04}{'%C3%A9' * 506}" for number in range(1000)]
    entries = "".join(map(ENTRY.format, keys))
    page = LIST.format(f"<EncodingType>url</EncodingType>{entries}")
    assert 3 * MIB < len(page) < 4 * MIB
    assert measured(hostile, "s3://models/ranker/", body(page)) == "1000 files"


@pytest.mark.parametrize(
    "text",
    [
        b'<?xml version="1.0" encoding="cp037"?><a/>',
        b"<?xml version='1.0' encoding='iso-8859-1'?><a/>",
        "<a/>".encode("utf-16"),
        b"<!DOCTYPE a><a/>",
        b"<a/><!ENTITY b 'c'>",
    ],
)
def test_xml_in_other_clothes_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="XML "):
        check_xml(text)


def test_what_stores_write_is_not() -> None:
    check_xml(b'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3"/>')
    check_xml(b"")
    check_json(b'{"items": [{"name": "[[[[[[{"}]}')
