"""The parts of a URI that may be shown: its scheme, host and path. A query often is a signature
(S3, Google and Azure sign addresses so), and a user name comes with a password. Logs, messages,
status and Events are read by more people than a Secret."""

import hashlib
import re
from urllib.parse import parse_qsl

_REGISTRY_FILES = ("/get-artifact", "/artifacts/files")
_TELLING = {"name", "version", "run_uuid", "path"}
# A host without a user, and its port: anything else may be a password with a slash in it.
_HOST = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]]*)(?::[0-9]*)?")
_HIDDEN = "\u2026"
# A user of an address within an address.
_INNER_USER = re.compile(r"://[^/]*@")
# Text between addresses.
_BETWEEN = re.compile(r"([\s\"'<>]+)")


def shown_uri(uri: str) -> str:
    """Return the URI without user, query and fragment. The query of the registry's files names the
    requested version and model: those names stay. `models:/NAME@ALIAS` is not an address."""
    if uri.startswith("models:/"):
        return uri
    address, _, query = uri.partition("#")[0].partition("?")
    scheme, colon, rest = address.partition(":")
    if not colon or "/" in scheme or "@" in scheme:
        scheme, colon, rest = "", "", address
    path = rest.lstrip("/\\")
    host, slash, below = path.partition("/")
    slashes = rest[: len(rest) - len(path)]
    host = shown_host(host)
    if host == _HIDDEN:
        return f"{scheme}{colon}{slashes}{_HIDDEN}"
    without_query = f"{scheme}{colon}{slashes}{host}{slash}{_INNER_USER.sub('://', below)}"
    if not address.endswith(_REGISTRY_FILES):
        return without_query
    try:
        pairs = parse_qsl(query, max_num_fields=20)
    except ValueError:
        return without_query
    kept = [f"{name}={value}" for name, value in pairs if name in _TELLING]
    return f"{without_query}?{'&'.join(kept)}" if kept else without_query


def shown_place(uri: str) -> str:
    """Return the URI without user, query and fragment, for a message that CEL repeats
    exactly."""
    return shown_uri(uri.partition("#")[0].partition("?")[0])


IMAGE_SHOWN = r"[^@?#]*|([^@?#:]|:[^@?#:/])*@sha256:[0-9a-f]*"
"""An image reference that holds no user name, query or fragment: before an @ that begins no digest
there may be a password."""
NOT_SHOWN = "(not shown: it has a query, a fragment or a user name)"
"""Note that a message shows instead."""


def image_is_shown(image: str) -> bool:
    """Return whether a message may quote an image reference."""
    return re.fullmatch(IMAGE_SHOWN, image, re.ASCII) is not None


def shown_host(host: str) -> str:
    """Return the host and its port without a user; an ellipsis for anything else."""
    host = host.rpartition("@")[2]
    return host if _HOST.fullmatch(host) else _HIDDEN


def shown_text(text: str) -> str:
    """Return a text of a library or a server, with its addresses shortened to what may be shown."""
    return "".join(_shown_word(word) for word in _BETWEEN.split(text))


def _shown_word(word: str) -> str:
    before, user, word = word.rpartition("@")
    if user:
        scheme, slashes, _ = before.partition("://")
        word = f"{scheme}://{_HIDDEN}@{word}" if slashes else f"{_HIDDEN}@{word}"
    if "/" not in word:
        return word
    # A key of a store may hold a whole query, which its library encodes.
    for sign in ("%3f", "%23"):
        if (at := word.lower().find(sign)) >= 0:
            word = word[:at]
    return shown_uri(word) if any(sign in word for sign in "?#@") else word


def stamped_uri(uri: str) -> str:
    """Return the URI for a status: a digest stands for the parts that are not shown."""
    shown = shown_uri(uri)
    if shown == uri:
        return uri
    return f"{shown}#{hashlib.sha256(uri.encode()).hexdigest()[:12]}"


def is_stamp_of(written: str | None, uri: str) -> bool:
    """Return whether a status names this URI; earlier operators wrote it whole."""
    return written in (uri, stamped_uri(uri))
