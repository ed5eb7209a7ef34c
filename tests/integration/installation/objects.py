"""Comparison of manifests, object by object, in any order."""

from collections.abc import Iterable
from typing import Any

import yaml

Body = dict[str, Any]
Key = tuple[str, str, str]


def by_name(bodies: Iterable[Body]) -> dict[Key, Body]:
    """Return the objects by kind, namespace and name; an object that is there twice is refused."""
    named: dict[Key, Body] = {}
    for body in bodies:
        metadata = body["metadata"]
        key = (body["kind"], metadata.get("namespace", ""), metadata["name"])
        assert key not in named
        named[key] = body
    return named


def parsed(text: str) -> dict[Key, Body]:
    """Return the objects of a text of YAML, without empty documents."""
    return by_name(body for body in yaml.safe_load_all(text) if body)
