"""Artifacts of an OCI registry: a manifest's layers, by the distribution API over https."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from inference_operator.api.problem import SOURCE_URI, Problem
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.api.source_uri import SourceUri
from inference_operator.domain.bounded_json import JsonLimits, JsonRefusedError, parse_json
from inference_operator.domain.http_credentials import Credentials
from inference_operator.load.failure import LoadError
from inference_operator.load.sources.credentials import Secret
from inference_operator.load.sources.oci_login import Login, held_for
from inference_operator.load.transfer.refusals import UnauthorizedError
from inference_operator.load.transfer.source import WHOLE, Answer, ByteRange, Listing, RemoteFile
from inference_operator.load.transfer.transport import Transport

ADDRESS = "oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:DIGEST"
_LAYER = re.compile(r"sha256:([0-9a-f]{64})")
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFEST = JsonLimits(size=4 << 20)
_TITLE = "org.opencontainers.image.title"
_UNPACK = "io.deis.oras.content.unpack"
_ARCHIVE = "layer.tar"
_SHOWN = 100


class OciRegistry:
    """Reads `oci://host/repository:tag`: one layer is a file, several with titles are a folder."""

    def __init__(self, uri: str, secret: Secret | None, timeout: float) -> None:
        source = SourceUri.of(uri)
        if source.scheme != "oci" or not source.is_well_formed:
            problem = Problem(SOURCE_URI, shown_uri(uri), ADDRESS)
            raise LoadError.of(Reason.FETCH_FAILED, [problem])
        self._host, path = source.place
        self._repository, self._reference = re.split("[:@]", path, maxsplit=1)
        held = held_for(self._host, secret)
        ca = secret.first("ca.crt") if secret else None
        name = secret.name if secret else ""
        self._transport = Transport(Credentials(None, ca), timeout, name)
        self._login = Login(self._transport, self._host, held)

    def files(self, uri: str) -> Listing:
        """List the layers of the manifest, each with the digest in the manifest."""
        layers = self._manifest(uri).get("layers")
        if not isinstance(layers, list) or not layers:
            raise _invalid(uri, "its manifest has no layers: push the model's file, as `oras push`")
        if len(layers) == 1:
            return Listing((self._file(uri, layers[0], _only_name(layers[0])),))
        return Listing(
            tuple(self._file(uri, layer, _title(uri, layer)) for layer in layers), is_folder=True
        )

    @contextmanager
    def get(self, uri: str, span: ByteRange = WHOLE, etag: str | None = None) -> Iterator[Answer]:
        """Read a layer's bytes; ask for another token when the last one has expired."""
        with ExitStack() as stack:
            try:
                request = self._transport.get(uri, span, etag, self._login.authorization)
                answer = stack.enter_context(request)
            except UnauthorizedError as refused:
                self._login.answer(refused)
                request = self._transport.get(uri, span, etag, self._login.authorization)
                answer = stack.enter_context(request)
            yield answer

    def _manifest(self, uri: str) -> dict[str, Any]:
        url = f"https://{self._host}/v2/{self._repository}/manifests/{self._reference}"
        body = self._read(url)
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if self._reference.startswith("sha256:") and self._reference != digest:
            raise LoadError(
                Reason.DIGEST_MISMATCH,
                f"{shown_uri(uri)}: found a manifest with {digest}: the registry or a proxy changes"
                " manifests",
            )
        try:
            manifest = parse_json(body, _MANIFEST)
        except JsonRefusedError as error:
            raise _invalid(uri, f"its manifest is not read: {error}; push fewer files") from None
        except ValueError:
            raise _invalid(uri, "its manifest is not JSON: check that this is a registry") from None
        if not isinstance(manifest, dict) or "manifests" in manifest:
            raise _invalid(
                uri, "it is an index of several manifests: name one of them by its digest"
            )
        return manifest

    def _read(self, url: str) -> bytes:
        accept = {"Accept": ", ".join(_MANIFESTS)}
        try:
            with self._transport.open(url, accept, self._login.authorization) as response:
                return response.read(_MANIFEST.size + 1)
        except UnauthorizedError as refused:
            self._login.answer(refused)
        with self._transport.open(url, accept, self._login.authorization) as response:
            return response.read(_MANIFEST.size + 1)

    def _file(self, uri: str, layer: Any, name: str) -> RemoteFile:
        digest = layer.get("digest") if isinstance(layer, dict) else None
        match = _LAYER.fullmatch(digest) if isinstance(digest, str) else None
        if match is None:
            shown_digest = repr(digest)[:_SHOWN]
            raise _invalid(uri, f"a layer has the digest {shown_digest}, expected sha256:HEX")
        blob = f"https://{self._host}/v2/{self._repository}/blobs/{digest}"
        return RemoteFile(name, blob, match.group(1))


def _annotations(layer: Any) -> dict[str, str]:
    """Return the annotations of a layer that are text, as the specification requires."""
    annotations = layer.get("annotations") if isinstance(layer, dict) else None
    pairs = annotations.items() if isinstance(annotations, dict) else ()
    return {name: value for name, value in pairs if isinstance(value, str)}


def _only_name(layer: Any) -> str:
    """Return the title, or a name with the suffix of an archive: types are often left at `tar`."""
    notes = _annotations(layer)
    if title := notes.get(_TITLE):
        return _ARCHIVE if notes.get(_UNPACK) == "true" else title
    kind = layer.get("mediaType") if isinstance(layer, dict) else None
    return _ARCHIVE if "tar" in str(kind) else ""


def _title(uri: str, layer: Any) -> str:
    notes = _annotations(layer)
    title = notes.get(_TITLE)
    if not title or notes.get(_UNPACK) == "true":
        raise _invalid(
            uri,
            f"one of its layers is {'a packed folder' if title else f'without {_TITLE}'}: push"
            " the model's files with their names, as `oras push` does, or one archive",
        )
    return title


def _invalid(uri: str, problem: str) -> LoadError:
    return LoadError(Reason.ARTIFACT_INVALID, f"{shown_uri(uri)}: {problem}")
