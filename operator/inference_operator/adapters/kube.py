"""The API server, spoken to in raw JSON: typed objects cost ten times as much on the hot path."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import ApiClient, Configuration

from inference_operator.adapters.telemetry import Telemetry
from inference_operator.domain.names import FIELD_MANAGER

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the API server's URLs name it."""

    api_version: str
    plural: str
    kind: str
    namespaced: bool = True

    def path(self, namespace: str | None, name: str | None = None) -> str:
        root = "/api/" if "/" not in self.api_version else "/apis/"
        parts = [root + self.api_version]
        if namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name:
            parts.append(name)
        return "/".join(parts)


class ApiError(Exception):
    """The API server refused a request, or did not answer (`status` 0)."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message

    @property
    def is_gone(self) -> bool:
        return self.status == 404

    @property
    def is_there_already(self) -> bool:
        return self.status == 409 and self.reason == "AlreadyExists"

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later without anybody changing anything."""
        return self.status in (0, 409, 429) or self.status >= 500


class Cluster(Protocol):
    """What the operator asks of a cluster; tests run one suite against a fake and the real one."""

    async def create(self, resource: Resource, body: Mapping[str, Any]) -> Body: ...

    async def apply(self, resource: Resource, body: Mapping[str, Any], *, force: bool) -> Body: ...

    async def patch(
        self, resource: Resource, body: Mapping[str, Any], *, subresource: str = ""
    ) -> Body: ...

    async def delete(self, resource: Resource, namespace: str, name: str, uid: str) -> None: ...

    async def keys(self, resource: Resource, selector: str) -> dict[tuple[str, str], str]: ...


class KubeCluster:
    """The real API server."""

    def __init__(
        self,
        configuration: Configuration,
        telemetry: Telemetry,
        timeout: float,
        namespaces: tuple[str, ...] = (),
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        """`namespaces` are those to list; none: all of them at once. `may_write` is asked right
        before each write is sent: False refuses it."""
        self._may_write = may_write
        self._client = ApiClient(configuration)
        self._client.user_agent = FIELD_MANAGER
        self._telemetry = telemetry
        self._namespaces = namespaces
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def close(self) -> None:
        await self._client.close()  # type: ignore[no-untyped-call]

    async def create(self, resource: Resource, body: Mapping[str, Any]) -> Body:
        """POST; ApiError with `is_there_already` when the name is taken."""
        path = resource.path(body["metadata"].get("namespace"))
        return await self._send(_Request("POST", path, body, _MANAGER), resource)

    async def apply(self, resource: Resource, body: Mapping[str, Any], *, force: bool) -> Body:
        """Server-side apply with our field manager; `force` takes fields from other managers."""
        meta = body["metadata"]
        path = resource.path(meta.get("namespace"), meta["name"])
        query = {**_MANAGER, "force": "true" if force else "false"}
        request = _Request("PATCH", path, body, query, "application/apply-patch+yaml")
        return await self._send(request, resource)

    async def patch(
        self, resource: Resource, body: Mapping[str, Any], *, subresource: str = ""
    ) -> Body:
        """JSON merge patch of the object that `body.metadata` names."""
        meta = body["metadata"]
        path = resource.path(meta.get("namespace"), meta["name"])
        if subresource:
            path = f"{path}/{subresource}"
        request = _Request("PATCH", path, body, _MANAGER, "application/merge-patch+json")
        return await self._send(request, resource)

    async def delete(self, resource: Resource, namespace: str, name: str, uid: str) -> None:
        """Delete that very object (by uid), its own children in the background; gone is fine."""
        options = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        try:
            await self._send(_Request("DELETE", resource.path(namespace, name), options), resource)
        except ApiError as error:
            if not error.is_gone and error.status != 409:
                raise

    async def keys(self, resource: Resource, selector: str) -> dict[tuple[str, str], str]:
        """Namespace and name of every object, with its uid: metadata only, in pages."""
        found: dict[tuple[str, str], str] = {}
        for path in self._lists(resource):
            async for page in self._pages(resource, path, selector):
                for item in page["items"] or ():
                    meta = item["metadata"]
                    found[meta.get("namespace", ""), meta["name"]] = meta["uid"]
        return found

    async def get(self, resource: Resource, namespace: str, name: str) -> Body:
        """One object; ApiError with `is_gone` where there is none."""
        return await self._send(_Request("GET", resource.path(namespace, name)), resource)

    async def any(self, resource: Resource) -> bool:
        """Whether there is one object of that kind, in any of the namespaces."""
        for path in self._lists(resource):
            request = _Request("GET", path, query={"limit": "1"}, accept=_METADATA)
            if (await self._send(request, resource)).get("items"):
                return True
        return False

    def _lists(self, resource: Resource) -> list[str]:
        everywhere = not self._namespaces or not resource.namespaced
        return [resource.path(space) for space in ((None,) if everywhere else self._namespaces)]

    async def _pages(self, resource: Resource, path: str, selector: str) -> AsyncIterator[Body]:
        query = {"limit": "500", **({"labelSelector": selector} if selector else {})}
        while True:
            page = await self._send(_Request("GET", path, query=query, accept=_METADATA), resource)
            yield page
            token = page["metadata"].get("continue")
            if not token:
                return
            query = {**query, "continue": token}

    async def _send(self, request: "_Request", resource: Resource) -> Body:
        code = "0"
        try:
            status, data = await self._exchange(request)
            code = str(status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            said = str(error) or type(error).__name__
            raise ApiError(0, "Unreachable", f"the API server did not answer: {said}") from error
        finally:
            self._telemetry.requests.labels(request.method, resource.plural, code).inc()
        if status >= 400:
            raise ApiError(status, data.get("reason") or "", data.get("message") or str(status))
        return data

    async def _exchange(self, request: "_Request") -> tuple[int, Body]:
        headers = {
            "Accept": request.accept,
            "Content-Type": request.content_type,
            "User-Agent": FIELD_MANAGER,
        }
        token = (await self._client.configuration.auth_settings()).get("BearerToken")
        if token:
            headers[token["key"]] = token["value"]
        if request.method != "GET" and not self._may_write():
            raise ApiError(0, "NotLeading", "this operator does not lead: another one may write")
        text = urlencode(request.query)
        url = f"{self._client.configuration.host}{request.path}" + (f"?{text}" if text else "")
        answer = await self._client.rest_client.request(  # type: ignore[no-untyped-call]
            request.method, url, headers=headers, body=request.body, _request_timeout=self._timeout
        )
        raw = await answer.read()
        try:
            data = json.loads(raw) if raw else {}
        except ValueError:
            data = None
        if not isinstance(data, dict):
            # A proxy's page, say.
            said = raw.decode(errors="replace")[:500]
            if answer.status < 400:
                raise ApiError(0, "NotJson", f"the API server did not answer in JSON: {said}")
            data = {"message": said}
        return answer.status, data


_JSON = "application/json"
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_MANAGER = {"fieldManager": FIELD_MANAGER}


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    content_type: str = _JSON
    accept: str = _JSON
