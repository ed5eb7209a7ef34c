"""Writer of changed statuses of custom resources, and of the Events about them."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inference_operator.adapters.kubernetes.client import Cluster
from inference_operator.api.conditions import format_time
from inference_operator.api.status import UnitStatus
from inference_operator.domain.body import MutableBody
from inference_operator.domain.message_limits import truncate_bytes
from inference_operator.domain.names import FIELD_MANAGER
from inference_operator.domain.serving_unit import Owner
from inference_operator.observation.kinds import EVENT, UNIT_BY_KIND
from inference_operator.observation.store import Store
from inference_operator.planning.status.events import EventDraft

# The API server's limit (NoteLengthLimit in its validation of Events).
EVENT_MESSAGE_BYTES = 1024


async def publish_status(cluster: Cluster, store: Store, owner: Owner, status: UnitStatus) -> bool:
    """Patch the changed fields; return False if the API server keeps the status as it was."""
    key = owner.key
    stored = store.get(key.kind, (key.namespace, key.name))
    if stored is None or stored["metadata"]["uid"] != owner.uid:
        return False
    patch = merge_patch(stored.get("status") or {}, status.to_body())
    if not patch:
        return False
    # The version keeps the status of a deleted resource from reaching its successor: the API
    # server does not check the uid here.
    body: MutableBody = {
        "metadata": {
            "name": key.name,
            "namespace": key.namespace,
            "resourceVersion": stored["metadata"]["resourceVersion"],
        },
        "status": patch,
    }
    before = stored.get("status")
    live = await cluster.patch(UNIT_BY_KIND[key.kind], body, subresource="status")
    store.put(key.kind, live)
    # A CRD of before drops fields that it does not have. To try again at once would never end.
    return bool(live.get("status") != before)


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> MutableBody:
    """Return the JSON merge patch (RFC 7386) that turns `old` into `new`."""
    patch: MutableBody = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if inner := merge_patch(before, value):
                patch[key] = inner
        elif before != value:
            patch[key] = value
    return patch


async def publish_event(cluster: Cluster, owner: Owner, note: EventDraft, now: datetime) -> None:
    """Create one Event, as `kubectl describe` shows it."""
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
