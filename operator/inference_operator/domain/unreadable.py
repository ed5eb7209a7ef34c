"""Stubs: the identity of an object that cannot be used, and why (ADR 0019)."""

from collections.abc import Mapping
from typing import Any

from inference_operator.domain.body import MutableBody
from inference_operator.domain.names import UNREADABLE

_NAMES = ("name", "namespace", "uid", "resourceVersion", "generation", "deletionTimestamp")
IDENTITY = frozenset((*_NAMES, "labels", "ownerReferences"))


def why_unreadable(body: Mapping[str, Any]) -> str:
    """Return why the body is a stub; empty for a whole object."""
    reason = body.get(UNREADABLE)
    return reason if isinstance(reason, str) else ""


def stub(body: Mapping[str, Any], reason: str) -> MutableBody:
    """Return the identity of a body that cannot be used."""
    meta = body.get("metadata")
    kept = {k: meta[k] for k in IDENTITY if k in meta} if isinstance(meta, Mapping) else {}
    identity = {k: body[k] for k in ("apiVersion", "kind") if k in body}
    return {**identity, "metadata": kept, UNREADABLE: reason}
