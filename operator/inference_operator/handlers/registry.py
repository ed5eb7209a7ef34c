"""Kopf's handlers: they keep the cache and wake the queue, and do nothing else.

Index handlers fill the cache during the first listing; Kopf holds event handlers back until every
kind is listed (https://docs.kopf.dev, "In-memory indexing"), so that no pass acts on half a view.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import kopf
from kubernetes.aio.client import Configuration

from inference_operator.adapters.cache import Cache, name_of
from inference_operator.adapters.kinds import CHILDREN, INFERENCE_MODEL, NODE, selector_of
from inference_operator.adapters.kube import Resource
from inference_operator.domain.names import UnitKey
from inference_operator.handlers import quick_toggles
from inference_operator.handlers.stateless import NoDiffBase, NoProgress

Wake = Callable[[UnitKey], None]


class Watcher:
    """What events do: cache, then wake."""

    def __init__(self, cache: Cache, wake: Wake, relisted: Callable[[Resource], None]) -> None:
        self._cache = cache
        self._wake = wake
        self._relisted = relisted
        self._seen: set[tuple[str, str]] = set()
        self._listing = True
        self.listed_all = asyncio.Event()
        """Set once every kind has been listed: with the first event that Kopf lets through."""

    def listed(self, kind: str, body: Any) -> None:
        """An object of the first listing; later ones are left to `changed`, which tells news."""
        if self._listing:
            whole = dict(body)
            self._cache.put(kind, whole)
            if (known := self._cache.get(kind, name_of(whole))) is not None:
                _shrink(whole, known)

    def changed(self, resource: Resource, event: Any) -> None:
        """An event after the first listing."""
        kind, body = resource.kind, event["object"]
        self._listing = False
        self.listed_all.set()
        if not self._take(resource, event["type"], body):
            return
        if kind == NODE.kind:
            self._wake_where_nodes_matter()
        elif unit := self._cache.unit_of(kind, body) or self._cache.namesake(body):
            self._wake(unit)

    def _take(self, resource: Resource, change: str | None, body: Any) -> bool:
        """Whether there is anything new: the echo of our own write is not, nor is a new version
        that differs in nothing that we keep."""
        kind = resource.kind
        seen = (kind, body["metadata"]["uid"])
        if change == "DELETED":
            self._cache.bury(kind, body)
            self._seen.discard(seen)
            return True
        news = self._cache.put(kind, body)
        first = seen not in self._seen
        # A listing that shows a known object is not the first one.
        if change is None and not first:
            self._relisted(resource)
        self._seen.add(seen)
        return news or first

    def _wake_where_nodes_matter(self) -> None:
        for unit in self._cache.units():
            body = self._cache.get(unit.kind, (unit.namespace, unit.name)) or {}
            accelerator = (body.get("spec") or {}).get("accelerator") or {}
            if accelerator.get("whenUnavailable") == "UseCPU":
                self._wake(unit)


def _shrink(body: dict[str, Any], kept: Mapping[str, Any]) -> None:
    """Share what the cache keeps and drop the rest: Kopf holds all objects until it listed all."""
    for name, part in body.items():
        if not isinstance(part, dict):
            continue
        known = kept.get(name)
        if not isinstance(known, Mapping):
            part.clear()
            continue
        part.pop("managedFields", None)
        part.update({key: known[key] for key in part.keys() & known.keys()})


# Service account tokens are renewed on disk hourly: read them again well before.
LOGIN_AGAIN = timedelta(minutes=5)


def register(
    registry: kopf.OperatorRegistry, watcher: Watcher, configuration: Configuration
) -> None:
    """Watch the custom resources, their labelled children, and nodes."""

    @kopf.on.login(registry=registry, id="login")
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return await connection(configuration)

    for resource in (INFERENCE_MODEL, *CHILDREN, NODE):
        _register(registry, watcher, resource)


def _register(registry: kopf.OperatorRegistry, watcher: Watcher, resource: Resource) -> None:
    group, _, version = resource.api_version.rpartition("/")

    # Coroutines though they await nothing: Kopf runs plain functions in threads, and neither the
    # cache nor the queue's asyncio events are made for that.
    @kopf.index(group, version, resource.plural, registry=registry, id=f"cache-{resource.plural}")
    async def cache(body: kopf.Body, **_: Any) -> None:
        watcher.listed(resource.kind, body)

    @kopf.on.event(group, version, resource.plural, registry=registry, id=f"wake-{resource.plural}")
    async def wake(event: kopf.RawEvent, **_: Any) -> None:
        watcher.changed(resource, event)


async def connection(configuration: Configuration) -> kopf.ConnectionInfo:
    """The same server and credentials for Kopf's watches as for our writes."""
    auth = (await configuration.auth_settings()).get("BearerToken", {})
    scheme, _, token = (auth.get("value") or "").rpartition(" ")
    return kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        scheme=scheme.capitalize() or None,
        token=token or None,
        expiration=datetime.now(UTC) + LOGIN_AGAIN if token else None,
    )


def configure(settings: kopf.OperatorSettings) -> None:
    """Server-side selectors, no Events or annotations of Kopf's own, lists in pages."""
    quick_toggles.install()
    for resource in CHILDREN:
        if not selector_of(resource):
            continue
        group, _, version = resource.api_version.rpartition("/")
        settings.watching.label_selectors[group, version, resource.plural] = selector_of(resource)
    # All kinds are listed at once: larger pages cost memory that is never given back.
    settings.watching.chunk_size = 100
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.posting.enabled = False
    settings.queueing.exit_timeout = 0.5
    settings.peering.standalone = True
    settings.networking.request_timeout = 30
    # Kopf would watch CRDs and namespaces only to discover new kinds: ours are known.
    settings.scanning.disabled = True
