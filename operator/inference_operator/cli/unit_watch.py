"""A watch of one resource for commands: each of its states as the API server reports it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

from inference_operator.cli.cluster_access import AccessError
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.body import MutableBody
from inference_operator.domain.names import UnitKey

if TYPE_CHECKING:
    from inference_operator.adapters.kubernetes.api_error import ApiError

RETRY_SECONDS = 1.0


class WatchedCluster(Protocol):
    """The requests that a watch sends."""

    def pages(
        self, resource: ApiResource, space: str, selector: str, accept: str = ..., name: str = ...
    ) -> AsyncIterator[MutableBody]: ...

    def watch(
        self, resource: ApiResource, space: str, selector: str, version: str, name: str = ...
    ) -> AsyncIterator[tuple[str, MutableBody]]: ...


async def states_of(
    cluster: WatchedCluster, key: UnitKey, on_error: Callable[["ApiError"], None]
) -> AsyncGenerator[MutableBody, None]:
    """Yield the resource as it is now, and again after each change, without end.

    `on_error` gets each error after which the watch is begun again. AccessError if the resource
    does not exist, is deleted, or cannot be read.
    """
    from inference_operator.adapters.kubernetes.api_error import ApiError

    while True:
        try:
            async with aclosing(_watched(cluster, key)) as bodies:
                async for body in bodies:
                    yield {**body, "kind": key.kind}
        except ApiError as error:
            # 410: the version of the list is too old. A new list helps.
            if not error.is_transient and error.status != 410:
                raise AccessError(f"{key}: {error}") from error
            on_error(error)
        await asyncio.sleep(RETRY_SECONDS)


async def _watched(cluster: WatchedCluster, key: UnitKey) -> AsyncGenerator[MutableBody, None]:
    """List and watch once, until the API server ends the watch."""
    from inference_operator.observation.kinds import UNIT_BY_KIND

    resource, version = UNIT_BY_KIND[key.kind], ""
    items: list[MutableBody] = []
    async for page in cluster.pages(resource, key.namespace, "", name=key.name):
        version = page["metadata"]["resourceVersion"]
        items += page["items"] or []
    if not items:
        raise AccessError(f"{key} does not exist")
    yield items[0]
    async for kind, body in cluster.watch(resource, key.namespace, "", version, key.name):
        if kind == "DELETED":
            raise AccessError(f"{key} was deleted")
        if kind in ("ADDED", "MODIFIED"):
            yield body
