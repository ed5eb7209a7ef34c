"""What of a URI is shown, and what stands in a status for the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.shown_uri import is_stamp_of, shown_text, shown_uri, stamped_uri


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://h:8/p/m.pt?X-Amz-Signature=s3cret&X-Amz-Date=s3cret", "https://h:8/p/m.pt"),
        ("https://h/p?X-Goog-Signature=s3cret", "https://h/p"),
        ("https://h/p?sv=1&sig=s3cret#s3cret", "https://h/p"),
        ("https://h/p#s3cret", "https://h/p"),
        ("https://h/p#a?s3cret", "https://h/p"),
        ("https://s3cret:s3cret@h/p", "https://h/p"),
        ("https://s3cret@h", "https://h"),
        ("https://s3cret:s3@cret@h/p@q", "https://h/p@q"),
        ("https:/s3cret:s3cret@h/p", "https:/h/p"),
        ("https:\\\\s3cret:s3cret@h/p", "https:\\\\h/p"),
        ("//s3cret@h/p", "//h/p"),
        ("//s3cret:s3cret@h/p", "//h/p"),
        ("s3cret@h/p:1", "h/p:1"),
        ("s3://b/k?X-Amz-Signature=s3cret", "s3://b/k"),
        ("oci://h/r@sha256:1", "oci://h/r@sha256:1"),
        ("models:/name@champion", "models:/name@champion"),
        ("runs:/1/model?token=s3cret", "runs:/1/model"),
        (
            "http://m/get-artifact?path=a.onnx&run_uuid=1&sig=s3cret",
            "http://m/get-artifact?path=a.onnx&run_uuid=1",
        ),
        ("http://m/get-artifact?token=s3cret", "http://m/get-artifact"),
        ("", ""),
        ("https://u:s3cret/s3cret@h/x.onnx", "https://\u2026"),
        ("https://u:s3cret?s3cret@h/x", "https://\u2026"),
        ("https://u:s3cret#s3cret@h/x", "https://\u2026"),
        ("https://h:s3cret/x", "https://\u2026"),
        ("https://[::1]:8/x", "https://[::1]:8/x"),
        ("https://[s3cret@h/x", "https://h/x"),
        ("https://h/p,https://u:s3cret@g/x", "https://h/p,https://g/x"),
    ],
)
def test_of_a_uri_its_scheme_host_and_path_are_shown_uri(uri: str, expected: str) -> None:
    assert shown_uri(uri) == expected


@given(st.text(st.characters(blacklist_characters="?#@/\\"), max_size=20), st.text(max_size=20))
def test_neither_a_query_nor_a_user_is_shown_uri(before: str, after: str) -> None:
    assert "s3cret" not in shown_uri(f"https://{before}s3cret@h/{after}?s3cret#s3cret")


def test_in_the_text_of_a_library_each_address_loses_its_query() -> None:
    text = (
        "HTTPSConnectionPool(host='h', port=443): Max retries exceeded with url:"
        " /b/k?X-Amz-Signature=s3cret (Caused by 'https://s3cret:s3cret@h/p?sig=s3cret')"
    )
    assert "s3cret" not in shown_text(text)
    assert shown_text(text).startswith("HTTPSConnectionPool(host='h', port=443): Max retries")


@pytest.mark.parametrize(
    "text",
    [
        "u:s3cret@h",
        "x:u:s3cret@h:1",
        "Failed to parse: 'u:s3cret@h'",
        "No connection adapters were found for 'u:s3cret@h:1/b?x'",
        "(https://u:s3cret@h/x)",
        "url=https://u:s3cret@h/x",
        "a/b;https://u:s3cret@h/x",
        "https://h/p,https://u:s3cret@h/x",
        "https://u:s3c/s3cret@h/x",
        "https://h/a?sig=s3cret,https://h/b",
        "nonnumeric port: 's3cret@127.0.0.1'",
    ],
)
def test_in_a_text_no_user_is_shown(text: str) -> None:
    assert "s3cret" not in shown_text(text)


def test_a_text_without_addresses_stays() -> None:
    assert shown_text("no answer? at 10% of a/b") == "no answer? at 10% of a/b"


def test_a_status_tells_two_queries_apart_and_shows_neither() -> None:
    first, second = "https://h/p?sig=s3cret1", "https://h/p?sig=s3cret2"
    assert stamped_uri(first).startswith("https://h/p#")
    assert "s3cret" not in stamped_uri(first)
    assert stamped_uri(first) != stamped_uri(second)
    assert is_stamp_of(stamped_uri(first), first)
    assert not is_stamp_of(stamped_uri(first), second)


def test_a_status_of_an_earlier_operator_is_still_known() -> None:
    assert is_stamp_of("https://h/p?sig=s3cret", "https://h/p?sig=s3cret")
    assert not is_stamp_of(None, "https://h/p")


@pytest.mark.parametrize("uri", ["https://h/p", "models:/m@a", "oci://h/r@sha256:1", "pvc://c/p"])
def test_an_address_with_nothing_to_hide_is_its_own_stamp(uri: str) -> None:
    assert stamped_uri(uri) == uri
