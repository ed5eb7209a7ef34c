"""A small client of the API server: raw JSON requests and watches, from a kubeconfig."""

import asyncio
import base64
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import yaml

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


class Client:
    """Within `async with`; its user agent says that it is the benchmark."""

    def __init__(self, kubeconfig: Path) -> None:
        content = yaml.safe_load(kubeconfig.read_text())
        self._server = content["clusters"][0]["cluster"]["server"]
        self._tls = _tls(content)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls, limit=0),
            headers={"User-Agent": "benchmark"},
            timeout=aiohttp.ClientTimeout(total=None),
            read_bufsize=2**22,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def send(
        self, method: str, path: str, body: Any = None, content_type: str = JSON
    ) -> tuple[int, Any]:
        """Return status and body of the answer."""
        text = json.dumps(body) if body is not None else None
        headers = {"Content-Type": content_type}
        status, answer = await self.send_text(method, path, text, headers)
        return status, json.loads(answer)

    async def send_text(
        self, method: str, path: str, text: str | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Return status and body of the answer, both bodies as they are sent."""
        async with self._session.request(
            method, self._server + path, data=text, headers=headers
        ) as answer:
            return answer.status, await answer.read()

    async def watch(self, path: str, *, metadata_only: bool) -> AsyncIterator[tuple[str, Any]]:
        """Type and object of each event: first of what is there, then of what happens.

        The API server ends the watch of a reader that cannot keep up: it is taken up again where it
        ended.
        """
        accept = {"Accept": METADATA} if metadata_only else {}
        version = ""
        while True:
            url = f"{self._server}{path}?watch=true&timeoutSeconds=7200{version}"
            async with self._session.get(url, headers=accept) as answer:
                if answer.status == 429:
                    # A kind that was just defined: its cache is being filled.
                    await asyncio.sleep(0.2)
                    continue
                answer.raise_for_status()
                async for line in answer.content:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise RuntimeError(f"the watch of {path} is lost: {event['object']}")
                    version = f"&resourceVersion={event['object']['metadata']['resourceVersion']}"
                    yield event["type"], event["object"]


def _tls(content: Mapping[str, Any]) -> ssl.SSLContext:
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    with tempfile.NamedTemporaryFile() as pair:
        pair.write(base64.b64decode(user["client-certificate-data"]))
        pair.write(base64.b64decode(user["client-key-data"]))
        pair.flush()
        context.load_cert_chain(pair.name)
    return context
