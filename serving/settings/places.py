"""Addresses and folders in settings: `HOST:PORT`, `http://...`, `gs://BUCKET/PATH` or a path."""

import re
from ipaddress import IPv4Address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]")
GCS = "gs://"
IPV4 = "ipv4:"
MOST_ADDRESSES = 64
"""The most addresses that a setting lists."""
BUCKET_FORM = (
    "gs://BUCKET or gs://BUCKET/PATH with a bucket of 3 to 63 lower-case letters, digits, dots,"
    " dashes and underscores"
)


def _folder(given: str) -> str:
    if given.startswith(GCS):
        bucket, _, path = given.removeprefix(GCS).partition("/")
        if not _BUCKET.fullmatch(bucket) or "//" in path or "?" in path or "#" in path:
            raise PydanticCustomError("folder", f"expected {BUCKET_FORM}")
    elif _SCHEME.match(given) or given.lower().startswith("gs:"):
        raise PydanticCustomError(
            "folder", f"expected a path of this machine, such as ./cache, or {BUCKET_FORM}"
        )
    elif not given.strip() or "\0" in given:
        raise PydanticCustomError("folder", "expected a path, such as ./cache")
    return given


def _web_address(given: str) -> str:
    expected = PydanticCustomError(
        "web_address", "expected http://HOST:PORT or https://HOST:PORT, with a path or without"
    )
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError:
        raise expected from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise expected
    return given


def _host_and_port(given: str) -> str:
    if given.startswith(IPV4):
        return _list_of_addresses(given)
    host, colon, port = given.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0
    if not colon or not _HOST.fullmatch(host) or not 0 < number < 65536:
        raise PydanticCustomError(
            "host_and_port",
            "expected HOST:PORT without a scheme, such as localhost:8001; a port is 1 to 65535",
        )
    return given


def is_private(address: str) -> bool:
    """Return whether what an address answers cannot be changed on its way.

    >>> is_private("https://id.example"), is_private("http://id.example"), is_private("http://[::1]")
    (True, False, True)
    """
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in ("127.0.0.1", "::1", "localhost")


def _list_of_addresses(given: str) -> str:
    pairs = given.removeprefix(IPV4).split(",")
    try:
        for pair in pairs:
            IPv4Address(_host_and_port(pair).rpartition(":")[0])
    except (ValueError, PydanticCustomError):
        pairs = []
    if not 0 < len(pairs) <= MOST_ADDRESSES:
        raise PydanticCustomError(
            "addresses",
            "expected ipv4:IP:PORT,IP:PORT with {most} addresses at most",
            {"most": MOST_ADDRESSES},
        )
    return given


Folder = Annotated[str, AfterValidator(_folder)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]


def is_bucket(folder: str) -> bool:
    """Return whether a folder is in Google Cloud Storage.

    >>> is_bucket("gs://trading-system-dev/cache"), is_bucket("./cache")
    (True, False)
    """
    return folder.startswith(GCS)
