"""Upload to an OCI registry by the distribution API: each file is a layer with its name."""

import hashlib
import json
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.cli.push import PushError, Upload
from inference_operator.load.failure import LoadError
from inference_operator.load.sources.credentials import Secret
from inference_operator.load.sources.oci import OciRegistry
from inference_operator.load.transfer.digest import file_digest, files_of
from inference_operator.load.transfer.refusals import UnauthorizedError, origin
from inference_operator.load.transfer.transport import READ_TIMEOUT_SECONDS

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_EMPTY = "application/vnd.oci.empty.v1+json"
_BYTES = "application/octet-stream"
_TITLE = "org.opencontainers.image.title"
# Of the answer to an upload, only its headers are read.
_ANSWER = 1 << 16
# A manifest has 4 MiB, and the loader takes no more files from a registry.
_MOST_LAYERS = 1000


class WritableRegistry(OciRegistry):
    """The loader's client, which also writes."""

    def push(self, files: Mapping[str, Path]) -> None:
        """Upload the files as layers, and then the manifest under the tag."""
        config = {"mediaType": _EMPTY, **self._blob(b"{}")}
        layers = [
            {"mediaType": _BYTES, **self._blob(path), "annotations": {_TITLE: name}}
            for name, path in files.items()
        ]
        body = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "artifactType": "application/vnd.inference-operator.model",
            "config": config,
            "layers": layers,
        }
        text = json.dumps(body).encode()
        self._send("PUT", self._url(f"manifests/{self._reference}"), text, _MANIFEST)

    def _blob(self, content: bytes | Path) -> dict[str, Any]:
        if isinstance(content, Path):
            digest, size = file_digest(content), content.stat().st_size
        else:
            digest, size = hashlib.sha256(content).hexdigest(), len(content)
        described = {"digest": f"sha256:{digest}", "size": size}
        if self._has(described["digest"]):
            return described
        start = self._url("blobs/uploads/")
        location = urljoin(start, self._send("POST", start, b"").get("Location", ""))
        if urlsplit(location).scheme != "https" or location == start:
            raise LoadError(Reason.FETCH_FAILED, f"{shown_uri(start)} named no place for an upload")
        mark = "&" if urlsplit(location).query else "?"
        self._send("PUT", f"{location}{mark}{urlencode({'digest': described['digest']})}", content)
        return described

    def _has(self, digest: object) -> bool:
        try:
            self._send("HEAD", self._url(f"blobs/{digest}"), None)
        except LoadError as error:
            if error.reason is Reason.ARTIFACT_NOT_FOUND:
                return False
            raise
        return True

    def _url(self, path: str) -> str:
        return f"https://{self._host}/v2/{self._repository}/{path}"

    def _send(self, method: str, url: str, content: bytes | Path | None, kind: str = _BYTES) -> Any:
        """Send a request and return the headers of its answer; log in if the registry asks."""
        try:
            return self._sent(method, url, content, kind)
        except UnauthorizedError as refused:
            self._login.answer(refused)
        return self._sent(method, url, content, kind)

    def _sent(self, method: str, url: str, content: bytes | Path | None, kind: str) -> Any:
        with ExitStack() as stack:
            headers = {}
            data: Any = content
            if isinstance(content, Path):
                data = stack.enter_context(content.open("rb"))
                headers["Content-Length"] = str(content.stat().st_size)
            if content is not None:
                headers["Content-Type"] = kind
            request = urllib.request.Request(
                url, data, method=method, headers={"User-Agent": "inference-operator"}
            )
            # Tokens are for the registry itself, and not for a store that it names.
            is_own = origin(url) == origin(f"https://{self._host}")
            held = self._login.authorization if is_own else None
            response = stack.enter_context(self._transport.send(request, headers, held))
            response.read(_ANSWER)
            return response.headers


def push_oci(upload: Upload) -> None:
    """Copy a file, or the files of a folder, into one manifest."""
    if "@" in upload.source.path:
        raise PushError(
            f"URI: found {upload.source.text}, expected a tag; replace the digest by one"
        )
    paths = {upload.path.name: upload.path}
    if upload.path.is_dir():
        paths = {file.relative: file.path for file in files_of(upload.path)}
    if not 0 < len(paths) <= _MOST_LAYERS:
        raise PushError(
            f"{upload.path}: found {len(paths):,} files, expected 1 to {_MOST_LAYERS:,}; pack them"
            " into an archive"
        )
    secret = Secret(upload.secret_name, upload.secret) if upload.secret_name else None
    WritableRegistry(upload.source.text, secret, READ_TIMEOUT_SECONDS).push(paths)
