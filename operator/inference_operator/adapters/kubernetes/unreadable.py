"""Reporter of unreadable objects: logs each once, writes one Event, and counts each version."""

import asyncio
import logging
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.client import Cluster
from inference_operator.adapters.kubernetes.status_writer import publish_event
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.reasons import Reason
from inference_operator.domain.names import UnitKey
from inference_operator.domain.serving_unit import Owner
from inference_operator.domain.unreadable import why_unreadable
from inference_operator.observation.kinds import CHILD_BY_KIND, UNIT_BY_KIND
from inference_operator.planning.status.events import EventDraft, Severity

log = logging.getLogger(__name__)

REMEMBERED = 4096
WAITING = 256
"""The most Events that wait: further ones are in the log only."""

_RESOURCES = {**UNIT_BY_KIND, **CHILD_BY_KIND}


class UnreadableObjects:
    """Reporter that is called with each stub; `run` writes the Events once this process leads."""

    def __init__(
        self, cluster: Cluster, telemetry: Telemetry, clock: Callable[[], datetime]
    ) -> None:
        self._cluster = cluster
        self._telemetry = telemetry
        self._clock = clock
        # Uid -> the last version that was counted.
        self._versions: dict[str, str] = {}
        self._waiting: asyncio.Queue[tuple[Owner, str]] = asyncio.Queue(WAITING)

    def __call__(self, kind: str, body: Mapping[str, Any]) -> None:
        """Count each version once; log an object's first one, and queue an Event."""
        meta = body["metadata"]
        uid, version = str(meta.get("uid", "")), str(meta.get("resourceVersion", ""))
        last = self._versions.pop(uid, None)
        self._versions[uid] = version
        if len(self._versions) > REMEMBERED:
            del self._versions[next(iter(self._versions))]
        if last == version:
            return
        self._telemetry.unreadable.labels(kind).inc()
        if last is not None:
            return
        key = UnitKey(kind, str(meta.get("namespace", "")), str(meta.get("name", "")))
        reason = why_unreadable(body)
        log.warning(
            "skipped, since it cannot be read: %s",
            reason,
            extra={"unit": str(key)},
            exc_info=sys.exception(),
        )
        if uid and kind in _RESOURCES and not self._waiting.full():
            self._waiting.put_nowait((Owner(key, _RESOURCES[kind].api_version, uid), reason))

    async def run(self, leading: asyncio.Event) -> None:
        """Write an Event for each object once this process leads, until cancelled."""
        await leading.wait()
        while True:
            owner, reason = await self._waiting.get()
            message = (
                f"this object cannot be read: {reason}; correct or delete it. Until then the"
                " operator skips it and leaves its children unchanged"
            )
            note = EventDraft(Severity.WARNING, Reason.OBJECT_UNREADABLE, message)
            try:
                await publish_event(self._cluster, owner, note, self._clock())
            except ApiError as error:
                log.warning("cannot write an Event: %s", error, extra={"unit": str(owner.key)})
