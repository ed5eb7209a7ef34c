"""Leader election with a Lease: exactly one of several operators writes.

The client library's code is not used: it never gives a lease back, and relies on the wall clock
(docs/adr/0012-leader-election.md).
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.body import MutableBody
from inference_operator.domain.names import FIELD_MANAGER

log = logging.getLogger(__name__)

LEASES = ApiResource("coordination.k8s.io/v1", "leases", "Lease")

DURATION = 10.0
"""Seconds after its holder's last renewal when a lease may be taken over."""

MARGIN = 3.0
"""Seconds before that when the holder stops writing: sent requests still arrive in time."""

RENEW = 2.0
"""Seconds between renewals, and between a follower's checks."""


class LeaseStore(Protocol):
    """The requests that reading and writing a lease needs."""

    async def get(self, resource: ApiResource, namespace: str, name: str) -> MutableBody: ...

    async def create(self, resource: ApiResource, body: MutableBody) -> MutableBody: ...

    async def patch(self, resource: ApiResource, body: MutableBody) -> MutableBody: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate's identity, and the lease that it tries to take."""

    namespace: str
    identity: str
    name: str = FIELD_MANAGER


def boot_time() -> float:
    """Return seconds of a clock that also runs while the process or the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """Leadership of this process, by one Lease; `clock` also runs while it is suspended."""

    def __init__(
        self, store: LeaseStore, candidate: Candidate, clock: Callable[[], float] = boot_time
    ) -> None:
        self._store = store
        self._candidate = candidate
        self._clock = clock
        self._valid_until = float("-inf")
        self._ever_held = False
        self._seen: tuple[str, float] | None = None
        """Version of another holder's lease, and when it was first seen here: another machine's
        clock is never trusted."""

        self.taken = asyncio.Event()
        """Set when this process leads, and never cleared: a process that loses its lease ends."""

    @property
    def holds(self) -> bool:
        """Return whether a write sent now arrives before another process may take over."""
        return self._clock() < self._valid_until

    @property
    def lost(self) -> bool:
        """Return whether this process led, and another one may lead now."""
        return self._ever_held and not self.holds

    async def keep(self) -> None:
        """Follow until the lease is free, then lead; return when the lease is lost."""
        while True:
            with contextlib.suppress(ApiError):
                await self._try()
            if self.lost:
                log.error("the lease %s is lost", self._candidate.name)
                return
            await asyncio.sleep(RENEW)

    async def give_back(self) -> None:
        """Let a follower take over at once; finish all writes before calling it."""
        if not self.holds:
            return
        self._valid_until = float("-inf")
        with contextlib.suppress(ApiError):
            await self._store.patch(LEASES, self._body({"holderIdentity": None}))
            log.info("gave the lease back")

    async def _try(self) -> None:
        began = self._clock()
        try:
            live = await self._store.get(LEASES, self._candidate.namespace, self._candidate.name)
        except ApiError as error:
            if not error.is_gone:
                log.warning("cannot read the lease: %s", error)
                raise
            await self._store.create(LEASES, self._body(self._claim(transitions=0)))
            self._took(began)
            return
        holder = live["spec"].get("holderIdentity")
        if holder != self._candidate.identity and not self._is_free(live):
            return
        transitions = live["spec"].get("leaseTransitions") or 0
        changes = self._claim(transitions + (holder != self._candidate.identity))
        # The version makes one of two concurrent candidates fail.
        version = live["metadata"]["resourceVersion"]
        await self._store.patch(LEASES, self._body(changes, version))
        self._took(began)

    def _is_free(self, live: MutableBody) -> bool:
        if not live["spec"].get("holderIdentity"):
            return True
        version, now = live["metadata"]["resourceVersion"], self._clock()
        if self._seen is None or self._seen[0] != version:
            self._seen = (version, now)
        return now - self._seen[1] >= DURATION

    def _took(self, began: float) -> None:
        # Counted from before the request; a follower counts from after it.
        self._valid_until = began + DURATION - MARGIN
        self._ever_held = True
        if not self.taken.is_set():
            log.info("leading as %s", self._candidate.identity)
            self.taken.set()

    def _claim(self, transitions: int) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        claim: dict[str, Any] = {
            "holderIdentity": self._candidate.identity,
            "leaseDurationSeconds": int(DURATION),
            "renewTime": now,
            "leaseTransitions": transitions,
        }
        return claim if self.taken.is_set() else {**claim, "acquireTime": now}

    def _body(self, spec: dict[str, Any], version: str | None = None) -> MutableBody:
        meta = {"namespace": self._candidate.namespace, "name": self._candidate.name}
        if version is not None:
            meta["resourceVersion"] = version
        return {"apiVersion": LEASES.api_version, "kind": "Lease", "metadata": meta, "spec": spec}
