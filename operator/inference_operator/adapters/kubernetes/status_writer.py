"""Writes the status of a custom resource, where it changed, and the Events about it."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inference_operator.adapters.kubernetes.client import Body, Cluster
from inference_operator.api.conditions import format_time
from inference_operator.api.status import UnitStatus
from inference_operator.domain.message_limits import truncate_bytes
from inference_operator.domain.names import FIELD_MANAGER
from inference_operator.domain.serving_unit import Owner
from inference_operator.observation.kinds import EVENT, UNIT_BY_KIND
from inference_operator.observation.store import Cache
from inference_operator.planning.status.events import EventDraft

# Of the API server (NoteLengthLimit in its validation of Events).
EVENT_MESSAGE_BYTES = 1024


async def publish_status(cluster: Cluster, cache: Cache, owner: Owner, status: UnitStatus) -> bool:
    """Patch what changed; False, and no request, when nothing did."""
    key = owner.key
    known = cache.get(key.kind, (key.namespace, key.name))
    if known is None or known["metadata"]["uid"] != owner.uid:
        return False
    patch = merge_patch(known.get("status") or {}, status.to_body())
    if not patch:
        return False
    # With the version that it was computed for, so that the status of a deleted resource never
    # reaches its successor (the API server does not look at a uid here).
    body: Body = {
        "metadata": {
            "name": key.name,
            "namespace": key.namespace,
            "resourceVersion": known["metadata"]["resourceVersion"],
        },
        "status": patch,
    }
    live = await cluster.patch(UNIT_BY_KIND[key.kind], body, subresource="status")
    cache.put(key.kind, live)
    return True


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> Body:
    """The JSON merge patch (RFC 7386) that turns `old` into `new`."""
    patch: Body = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if inner := merge_patch(before, value):
                patch[key] = inner
        elif before != value:
            patch[key] = value
    return patch


async def publish_event(cluster: Cluster, owner: Owner, note: EventDraft, now: datetime) -> None:
    """One Event, as `kubectl describe` shows it."""
    key = owner.key
    time = format_time(now)
    await cluster.create(
        EVENT,
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{key.name}.{secrets.token_hex(8)}", "namespace": key.namespace},
            "involvedObject": {
                "apiVersion": owner.api_version,
                "kind": key.kind,
                "name": key.name,
                "namespace": key.namespace,
                "uid": owner.uid,
            },
            "type": note.severity.value,
            "reason": note.reason,
            "message": truncate_bytes(note.message, EVENT_MESSAGE_BYTES),
            "source": {"component": FIELD_MANAGER},
            "reportingComponent": FIELD_MANAGER,
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
        },
    )
