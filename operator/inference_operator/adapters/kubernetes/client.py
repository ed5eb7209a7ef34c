"""Client of the API server in raw JSON: typed objects cost ten times as much on the hot path."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import ConfigException

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.decoding import (
    TooLongError,
    decode_event,
    decode_object,
    decode_page,
    lines,
    most_bytes,
    read_bytes,
)
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.body import MutableBody
from inference_operator.domain.names import FIELD_MANAGER

# A watch brings a bookmark about every minute: after this many silent seconds it is dead.
SILENCE = 150.0
# Objects in a page; fewer where the page would have too many bytes.
PAGE_OBJECTS = 250
_TOO_LONG = "TooLong"
_JSON = "application/json"
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_MANAGER = {"fieldManager": FIELD_MANAGER}


class Cluster(Protocol):
    """Requests to a cluster; one test suite runs against a fake and the real one."""

    async def create(self, resource: ApiResource, body: Mapping[str, Any]) -> MutableBody: ...

    async def apply(
        self, resource: ApiResource, body: Mapping[str, Any], *, force: bool
    ) -> MutableBody: ...

    async def patch(
        self, resource: ApiResource, body: Mapping[str, Any], *, subresource: str = ""
    ) -> MutableBody: ...

    async def delete(self, resource: ApiResource, namespace: str, name: str, uid: str) -> None: ...

    async def keys(self, resource: ApiResource, selector: str) -> dict[tuple[str, str], str]: ...

    async def get(self, resource: ApiResource, namespace: str, name: str) -> MutableBody: ...


class KubeCluster:
    """Client of a real API server."""

    def __init__(
        self,
        configuration: Configuration,
        telemetry: Telemetry,
        timeout: float,
        namespaces: tuple[str, ...] = (),
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        """Create a client. `namespaces` are listed one by one; if empty, all are listed at once.
        `may_write` is called right before each write: False refuses the write."""
        self._may_write = may_write
        self._client = ApiClient(configuration)
        self._client.user_agent = FIELD_MANAGER
        self._telemetry = telemetry
        self._namespaces = namespaces
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def close(self) -> None:
        await self._client.close()  # type: ignore[no-untyped-call]

    async def create(self, resource: ApiResource, body: Mapping[str, Any]) -> MutableBody:
        """Create an object; ApiError with `is_there_already` when the name exists."""
        path = resource.path(body["metadata"].get("namespace"))
        return await self._send(_Request("POST", path, body, _MANAGER), resource)

    async def apply(
        self, resource: ApiResource, body: Mapping[str, Any], *, force: bool
    ) -> MutableBody:
        """Apply an object with our field manager; `force` takes fields from other managers."""
        meta = body["metadata"]
        path = resource.path(meta.get("namespace"), meta["name"])
        query = {**_MANAGER, "force": "true" if force else "false"}
        request = _Request("PATCH", path, body, query, "application/apply-patch+yaml")
        return await self._send(request, resource)

    async def patch(
        self,
        resource: ApiResource,
        body: Mapping[str, Any],
        *,
        subresource: str = "",
        manager: str = FIELD_MANAGER,
    ) -> MutableBody:
        """Send a JSON merge patch of the object that `body.metadata` names, as a field manager."""
        meta = body["metadata"]
        path = resource.path(meta.get("namespace"), meta["name"])
        if subresource:
            path = f"{path}/{subresource}"
        query = {"fieldManager": manager}
        request = _Request("PATCH", path, body, query, "application/merge-patch+json")
        return await self._send(request, resource)

    async def delete(self, resource: ApiResource, namespace: str, name: str, uid: str) -> None:
        """Delete the object of that uid, and its children in the background; ignore a gone one."""
        options = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        try:
            await self._send(_Request("DELETE", resource.path(namespace, name), options), resource)
        except ApiError as error:
            if not error.is_gone and error.status != 409:
                raise

    async def keys(self, resource: ApiResource, selector: str) -> dict[tuple[str, str], str]:
        """Return the uid of every object by namespace and name; reads metadata only, in pages."""
        uids: dict[tuple[str, str], str] = {}
        for space in self.spaces(resource):
            async for page in self.pages(resource, space, selector, _METADATA):
                for item in page["items"] or ():
                    meta = item["metadata"]
                    uids[meta.get("namespace", ""), meta["name"]] = meta["uid"]
        return uids

    async def get(self, resource: ApiResource, namespace: str, name: str) -> MutableBody:
        """Return one object; ApiError with `is_gone` where it does not exist."""
        return await self._send(_Request("GET", resource.path(namespace, name)), resource)

    async def serves(self, resource: ApiResource) -> bool:
        """Return whether the API server serves the kind."""
        root = "/apis/" if "/" in resource.api_version else "/api/"
        try:
            listing = await self._send(_Request("GET", root + resource.api_version), resource)
        except ApiError as error:
            if error.is_gone:
                return False
            raise
        return any(kind["name"] == resource.plural for kind in listing.get("resources") or ())

    def spaces(self, resource: ApiResource) -> tuple[str, ...]:
        """Return the namespaces to list and watch one by one; "" means all at once."""
        everywhere = not self._namespaces or not resource.namespaced
        return ("",) if everywhere else self._namespaces

    async def pages(
        self, resource: ApiResource, space: str, selector: str, accept: str = _JSON, name: str = ""
    ) -> AsyncIterator[MutableBody]:
        """Yield a list in pages of some hundred objects; `accept` may ask for metadata only, and
        `name` for the object of that name.

        A page of too many bytes is requested again with half the objects. Objects beyond a limit
        are stubs (`decoding`).
        """
        query = _selection(selector, name)
        path, size = resource.path(space), PAGE_OBJECTS
        while True:
            asked = _Request("GET", path, None, {"limit": str(size), **query}, accept=accept)
            try:
                page = await self._send(asked, resource)
            except ApiError as error:
                if error.reason != _TOO_LONG or size == 1:
                    raise
                size //= 2
                continue
            yield page
            token = page["metadata"].get("continue")
            if not token:
                return
            query = {**query, "continue": token}

    async def watch(
        self, resource: ApiResource, space: str, selector: str, version: str, name: str = ""
    ) -> AsyncIterator[tuple[str, MutableBody]]:
        """Yield type and object of each event since `version`, until the API server ends the watch.
        `name` asks for the events of the object of that name.

        ApiError when it refuses the watch, and when it sends nothing for `SILENCE` seconds.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            **_selection(selector, name),
        }
        request = _Request("GET", resource.path(space), query=query)
        patience = aiohttp.ClientTimeout(sock_connect=self._timeout.total, sock_read=SILENCE)
        try:
            answer = await self._open(request, patience)
            self._telemetry.requests.labels("WATCH", resource.plural, str(answer.status)).inc()
            async with answer:
                if answer.status >= 400:
                    raise ApiError.of(answer.status, await _decoded(answer, request))
                async for line in lines(answer.content.iter_any()):
                    yield await decode_event(line)
        except TooLongError as error:
            # Not the same version again, which would bring the same event.
            raise ApiError(410, _TOO_LONG, f"an event of {resource.plural}: {error}") from error
        except ValueError as error:
            # A new list shows the object of the event.
            raise ApiError(500, "NotJson", f"an event of {resource.plural}: {error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable(error) from error

    async def _send(self, request: "_Request", resource: ApiResource) -> MutableBody:
        code = "0"
        try:
            status, data = await self._exchange(request)
            code = str(status)
        except TooLongError as error:
            raise ApiError(0, _TOO_LONG, f"an answer about {resource.plural}: {error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable(error) from error
        finally:
            self._telemetry.requests.labels(request.method, resource.plural, code).inc()
        if status >= 400:
            raise ApiError.of(status, data)
        return data

    async def _exchange(self, request: "_Request") -> tuple[int, MutableBody]:
        async with await self._open(request, self._timeout) as answer:
            return answer.status, await _decoded(answer, request)

    async def _open(
        self, request: "_Request", patience: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        headers = {
            "Accept": request.accept,
            "Content-Type": request.content_type,
            "User-Agent": FIELD_MANAGER,
        }
        try:
            token = (await self._client.configuration.auth_settings()).get("BearerToken")
        except ConfigException as error:
            raise ApiError(0, "NoCredentials", f"no credentials: {error}") from error
        if token:
            headers[token["key"]] = token["value"]
        if request.method != "GET" and not self._may_write():
            raise ApiError(0, "NotLeading", "this operator does not lead: another one may write")
        text = urlencode(request.query)
        url = f"{self._client.configuration.host}{request.path}" + (f"?{text}" if text else "")
        answer = await self._client.rest_client.request(  # type: ignore[no-untyped-call]
            request.method, url, headers=headers, body=request.body, _request_timeout=patience
        )
        response: aiohttp.ClientResponse = answer.response
        return response


def _selection(selector: str, name: str) -> dict[str, str]:
    labels = {"labelSelector": selector} if selector else {}
    return {**labels, "fieldSelector": f"metadata.name={name}"} if name else labels


async def _decoded(answer: aiohttp.ClientResponse, request: "_Request") -> MutableBody:
    raw = await read_bytes(answer.content.iter_any(), most_bytes(request.query))
    with contextlib.suppress(ValueError):
        if not raw:
            return {}
        return await (decode_page(raw) if "limit" in request.query else decode_object(raw))
    # It may be the HTML page of a proxy.
    text = raw.decode(errors="replace")[:500]
    if answer.status < 400:
        raise ApiError(0, "NotJson", f"the API server did not answer in JSON: {text}")
    return {"message": text}


def _unreachable(error: Exception) -> ApiError:
    cause = str(error) or type(error).__name__
    return ApiError(0, "Unreachable", f"the API server did not answer: {cause}")


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    content_type: str = _JSON
    accept: str = _JSON
