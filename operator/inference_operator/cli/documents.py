"""Manifests in files, each with its place in them."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inference_operator.api.quoting import python_value, quoted, short
from inference_operator.domain.body import MutableBody
from inference_operator.domain.bounded_yaml import YamlLimits, YamlRefusedError
from inference_operator.domain.kubectl_yaml import parse_manifests

STDIN = "-"
_MOST_MISREAD = 20
_SURROGATE = re.compile("[\ud800-\udfff]")
_WHOLE = "expected complete characters: \\ud800 to \\udfff are halves, which the API server refuses"
# The files of a folder that are read, as by kubectl.
ENDINGS = (".json", ".yaml", ".yml")
# `kubectl get -o yaml` of a whole namespace has a few MB, and the schemas of CRDs some 40 levels.
# Manifests share parts by anchors, so these stay; but the API server takes objects of up to
# 1.5 MiB, so the parts that aliases repeat may come to 1 MiB a file.
LIMITS = YamlLimits(size=32 << 20, depth=100, nodes=4_000_000, repeated=1 << 20)


class InputError(Exception):
    """A file that cannot be used; the message has its place, the value and the requirement."""


@dataclass(frozen=True, slots=True)
class Document:
    """One manifest."""

    place: str
    """Its file, and the line where it begins."""

    body: MutableBody
    misread: tuple[str, ...] = ()
    """Sentences about scalars of the file that kubectl would read as something else."""


def documents(names: Sequence[str], *, live: bool = False) -> list[Document]:
    """Return the manifests of files, folders and stdin (`-`), or raise InputError.

    `live` is for what `kubectl get` printed: texts without quotes are then what kubectl reads.
    """
    return [document for name in names for file in _files(name) for document in _read(file, live)]


def _files(name: str) -> list[str]:
    """Return the file itself, or the files of a folder without those of its sub-folders."""
    try:
        if name == STDIN or not Path(name).is_dir():
            return [name]
        there = sorted(Path(name).iterdir())
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None
    files = [str(path) for path in there if path.suffix in ENDINGS and not path.is_dir()]
    if not files:
        raise InputError(f"{name}: found no file that ends in {', '.join(ENDINGS)}, expected one")
    return files


def _read(name: str, live: bool) -> list[Document]:
    where = "standard input" if name == STDIN else name
    try:
        return manifests_of(_text(name), where, live=live)
    except OSError as error:
        raise InputError(f"{where}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        byte = f"byte 0x{error.object[error.start]:02x} at {error.start:,}"
        raise InputError(
            f"{where}: cannot be read as YAML: found {byte}, expected UTF-8: save it as UTF-8"
        ) from None
    except ValueError as error:
        raise InputError(f"{where}: cannot be read: {error}") from None


def manifests_of(text: str, where: str, *, live: bool = False) -> list[Document]:
    """Return the manifests of a text, or raise InputError; messages call the text `where`."""
    misread: list[YamlRefusedError] = []
    try:
        parsed = list(parse_manifests(text, where, LIMITS, as_printed=live, misread=misread))
    except YamlRefusedError as error:
        raise InputError(error.at(where)) from None
    except ValueError as error:
        raise InputError(f"{where}: cannot be read as YAML: {error}") from None
    sentences = tuple(error.at(where) for error in misread[:_MOST_MISREAD])
    return [
        replace(item, misread=sentences)
        for document in parsed
        if document.value
        for item in _items(f"{where}, line {document.line}", document.value)
    ]


def _text(name: str) -> str:
    """Return the text, cut just beyond the limit, so that the parser refuses a longer one."""
    if name == STDIN:
        return sys.stdin.read(LIMITS.size + 1)
    with Path(name).open(encoding="utf-8") as file:
        return file.read(LIMITS.size + 1)


def _items(place: str, body: Any) -> list[Document]:
    """Return the manifest, or the manifests in a List."""
    if not isinstance(body, dict):
        raise InputError(f"{place}: found {type(body).__name__}, expected a manifest")
    _check_keys(place, body)
    kind = body.get("kind")
    if kind is not None and not isinstance(kind, str):
        raise InputError(f"{place}: kind: found {python_value(kind)}, expected a string")
    if kind != "List":
        return [Document(place, body)]
    items = body.get("items") or []
    if not isinstance(items, list):
        raise InputError(
            f"{place}: items: found {python_value(items)}, expected a list of manifests"
        )
    return [
        item
        for number, entry in enumerate(items)
        for item in _items(f"{place}, items[{number}]", entry)
    ]


def _check_keys(place: str, value: Any) -> None:
    """Refuse keys that are not strings: YAML also has numbers, dates and null as keys."""
    for key in value if isinstance(value, dict) else ():
        if not isinstance(key, str):
            raise InputError(
                f"{place}: found the key {python_value(key)}, expected a string: put it in quotes"
            )
        if _SURROGATE.search(key):
            raise InputError(f"{place}: found the key {quoted(key)}, {_WHOLE}")
    if isinstance(value, str) and _SURROGATE.search(value):
        raise InputError(f"{place}: found {quoted(value)}, {_WHOLE}")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in inner:
        _check_keys(place, part)


def metadata(document: Document) -> MutableBody:
    """Return the metadata; InputError where it has no name."""
    meta = document.body.get("metadata") or {}
    if not isinstance(meta, dict):
        raise InputError(f"{document.place}: metadata: found {type(meta).__name__}, expected a map")
    if not meta.get("name"):
        raise InputError(
            f"{document.place}: metadata.name: found nothing, expected the name of the resource:"
            " add `metadata: {name: ...}`"
        )
    for field in ("name", "namespace"):
        if not isinstance(meta.get(field, ""), str):
            raise InputError(
                f"{document.place}: metadata.{field}: found {python_value(meta[field])}, expected a"
                " string: put it in quotes"
            )
    return meta


def check_live(document: Document) -> None:
    """Raise InputError for a field that an API server would have set, and that is missing."""
    body, meta = document.body, metadata(document)
    name = f"{document.place}: {body.get('kind')} {meta['name']}"
    expected = "expected what `kubectl get -o yaml` prints"
    if not isinstance(meta.get("uid"), str):
        raise InputError(f"{name}: metadata.uid: found {python_value(meta.get('uid'))}, {expected}")
    version = meta.get("resourceVersion")
    if not (isinstance(version, str) and version.isdecimal()):
        raise InputError(
            f"{name}: metadata.resourceVersion: found {python_value(version)}, {expected}"
        )
    if type(meta.get("generation", 0)) is not int:
        generation = python_value(meta["generation"])
        raise InputError(f"{name}: metadata.generation: found {generation}, {expected}")
    if body.get("kind") == "Deployment" and not isinstance(body.get("spec"), dict):
        raise InputError(f"{name}: spec: found {python_value(body.get('spec'))}, {expected}")


@contextmanager
def legible(name: str) -> Iterator[None]:
    """Raise InputError where an object was not checked by an API server."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        cause = short(f"{type(error).__name__} {error}", 300)
        raise InputError(
            f"{name}: cannot be read ({cause}); expected what `kubectl get -o yaml` prints"
        ) from error
