"""Identity and version of stored objects."""

from collections.abc import Mapping
from typing import Any

from inference_operator.domain.body import MutableBody, NamespacedName


def name_of(body: Mapping[str, Any]) -> NamespacedName:
    meta = body["metadata"]
    return meta.get("namespace", ""), meta["name"]


def version_of(body: Mapping[str, Any]) -> int:
    return int(body["metadata"].get("resourceVersion") or 0)


def without_version(body: MutableBody) -> MutableBody:
    return {**body, "metadata": {**body["metadata"], "resourceVersion": ""}}


def is_same(body: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(body["metadata"].get("uid") == other["metadata"].get("uid"))
