"""Manifests in files, read as far as anybody can use them; whatever else is in there is told."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

Body = dict[str, Any]


class InputError(Exception):
    """A file cannot be used; the message says what was found and what was expected."""


def documents(name: str) -> list[Body]:
    """The manifests of a file, or of stdin (`-`); InputError where they cannot be read."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
        found = [body for body in yaml.safe_load_all(text) if body]
        bodies = [item for body in found for item in _items(name, body)]
        for body in bodies:
            _check_keys(name, body)
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{name}: cannot be read as YAML: {error}") from None
    except RecursionError:
        raise InputError(f"{name}: found more levels than any manifest has") from None
    return bodies


def _items(name: str, body: Any) -> list[Body]:
    """The manifest, or those in a List."""
    if not isinstance(body, dict):
        raise InputError(f"{name}: found {type(body).__name__}, expected a manifest")
    kind = body.get("kind")
    if kind is not None and not isinstance(kind, str):
        raise InputError(f"{name}: kind: found {kind!r}, expected a string")
    if kind != "List":
        return [body]
    items = body.get("items") or []
    if not isinstance(items, list):
        raise InputError(f"{name}: items: found {items!r}, expected a list of manifests")
    return [item for one in items for item in _items(name, one)]


def _check_keys(name: str, value: Any) -> None:
    """The API server has texts for keys; YAML also numbers, dates and nothing."""
    for key in value if isinstance(value, dict) else ():
        if not isinstance(key, str):
            raise InputError(f"{name}: found the key {key!r}, expected a string: put it in quotes")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        _check_keys(name, one)


def metadata(body: Body) -> Body:
    """Its metadata, with a name at least."""
    meta = body.get("metadata") or {}
    if not isinstance(meta, dict):
        raise InputError(f"metadata: found {type(meta).__name__}, expected a map")
    if not meta.get("name"):
        raise InputError("metadata.name: found nothing, expected the name of the resource")
    for field in ("name", "namespace"):
        if not isinstance(meta.get(field, ""), str):
            raise InputError(f"metadata.{field}: found {meta[field]}, expected a string")
    return meta


def check_live(body: Body) -> None:
    """That it was printed by an API server; InputError names what is missing."""
    meta = metadata(body)
    what = f"{body.get('kind')} {meta['name']}"
    expected = "expected what `kubectl get -o yaml` prints"
    if not isinstance(meta.get("uid"), str):
        raise InputError(f"{what}: metadata.uid: found {meta.get('uid')!r}, {expected}")
    version = meta.get("resourceVersion")
    if not (isinstance(version, str) and version.isdecimal()):
        raise InputError(f"{what}: metadata.resourceVersion: found {version!r}, {expected}")
    if type(meta.get("generation", 0)) is not int:
        raise InputError(f"{what}: metadata.generation: found {meta['generation']!r}, {expected}")
    if body.get("kind") == "Deployment" and not isinstance(body.get("spec"), dict):
        raise InputError(f"{what}: spec: found {body.get('spec')!r}, {expected}")


@contextmanager
def legible(what: str) -> Iterator[None]:
    """For objects that only an API server can have checked: InputError where it has not."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        found = f"{type(error).__name__} {error}"
        raise InputError(
            f"{what}: cannot be read ({found}); expected what `kubectl get -o yaml` prints"
        ) from error
