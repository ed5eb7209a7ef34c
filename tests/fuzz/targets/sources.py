"""Addresses of artifacts, and what registries answer about them.

Nothing is ever sent: connections are refused where they would be opened, before any look-up.
"""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from inference_operator.api.source import Source
from inference_operator.domain.resolution import RegistryUri
from inference_operator.load.failure import LoadError
from inference_operator.load.sources import volume_claims as claims
from inference_operator.load.sources.credentials import Secret
from inference_operator.load.sources.oci import OciRegistry
from inference_operator.load.sources.oci_login import DOCKER_CONFIG, Login, held_for
from inference_operator.load.sources.select import source_for
from inference_operator.load.transfer.refusals import UnauthorizedError
from inference_operator.load.transfer.retry import TransientError
from inference_operator.load.transfer.source import WHOLE, Answer, ArtifactSource, ByteRange
from tests.api_cases.good_sources import GOOD_SOURCES
from tests.fuzz.documents import decode, encode, json_mutator
from tests.fuzz.loading import loaded, scratch
from tests.fuzz.mutate import text_mutator
from tests.fuzz.target import MARKER, OracleError, Target, is_odd, with_secret

_HOST = "registry.example"
_LAYER = b"class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"
_REMOTE = ("https", "s3", "gs", "oci")


def _refused(*_: object, **__: object) -> NoReturn:
    raise ConnectionRefusedError("no connection is opened here")


def _cut_off() -> None:
    """Refuse every connection of this process, and every look-up of a name."""
    socket.socket.connect = _refused  # type: ignore[method-assign, assignment]
    socket.create_connection = _refused
    socket.getaddrinfo = _refused


def _uri(data: bytes) -> Iterator[str]:
    """Read an address as the API does; one that it accepts is opened, as the loader does."""
    text = data.decode("utf-8", "replace")
    text = with_secret(text) if is_odd(data) else text
    try:
        source = Source.model_validate({"uri": text})
        if source.from_registry and RegistryUri.of(text) is None:
            raise OracleError("an address of a registry that no registry is asked about")
        if source.scheme == "pvc" and not all(source.parts.place):
            raise OracleError("an address of a claim without its parts")
        if source.scheme == "pvc":
            yield from _claim(text)
        elif source.scheme in _REMOTE:
            yield from _remote(text, source.scheme)
    except ValidationError as error:
        yield from (problem["msg"] for problem in error.errors(include_url=False))


def _claim(uri: str) -> Iterator[str]:
    with scratch() as folder:
        Path(folder, "models").mkdir()
        try:
            path = claims.find(Path(folder), uri)
        except (LoadError, OSError) as failure:
            # The loader makes a sentence of an OSError, such as for a name that is too long.
            yield str(failure)
        else:
            if not path.path.is_relative_to(Path(folder).resolve()):
                raise OracleError(f"a place outside of the claims: {path.path}")


def _remote(uri: str, scheme: str) -> Iterator[str]:
    """List the address, and open its first file."""
    try:
        source = source_for(uri, None) if scheme == "oci" else _source(scheme)
        listing = source.files(uri)
        with source.get(listing.files[0].uri):
            raise OracleError("a connection was opened")
    except (LoadError, TransientError) as failure:
        yield str(failure)


@cache
def _source(scheme: str) -> ArtifactSource:
    # With an endpoint, or Google's library looks for the identity of the machine.
    keys = {"gs": {"endpoint": "https://storage.example"}}.get(scheme, {})
    return source_for(f"{scheme}://{_HOST}/a", Secret("store", keys) if keys else None, 1.0)


class _Tokens:
    """A token service that answers everybody."""

    @contextmanager
    def open(
        self, url: str, headers: Mapping[str, str], authorization: str | None = None, **_: object
    ) -> Iterator[BytesIO]:
        if not url.startswith("https://"):
            raise OracleError(f"a token was asked for at {url!r}")
        yield BytesIO(f'{{"token": "{MARKER}"}}'.encode())


def _challenge(data: bytes) -> Iterator[str]:
    """Answer a WWW-Authenticate header; such a header is text without line feeds."""
    header = data.decode("latin-1").replace("\n", " ").replace("\r", " ")
    login: Any = Login(_Tokens(), _HOST, f"Basic {MARKER}")  # type: ignore[arg-type]
    login.answer(UnauthorizedError("401", f"https://{_HOST}/v2/", header))
    return iter(())


def _docker_config(data: bytes) -> Iterator[str]:
    text = data.decode("utf-8", "replace")
    for config in (text, _with_passwords(data)):
        held_for(_HOST, Secret("store", {DOCKER_CONFIG: config}))
    return iter(())


def _with_passwords(data: bytes) -> str:
    """Return the document with the secret in each entry, in clear and after what it has."""
    document = decode(data)
    auths = document.get("auths")
    for entry in auths.values() if isinstance(auths, dict) else ():
        if isinstance(entry, dict):
            for key in ("auth", "password", "identitytoken"):
                entry[key] = f"{entry.get(key, '')}{MARKER}"
    return encode(document).decode()


class _Layers(OciRegistry):
    """A registry whose manifest is given, and whose layers are all the same."""

    def __init__(self, manifest: bytes) -> None:
        super().__init__(f"oci://{_HOST}/fx:1", None, 1.0)
        self._body = manifest

    def _read(self, url: str) -> bytes:
        return self._body

    @contextmanager
    def get(self, uri: str, span: ByteRange = WHOLE, etag: str | None = None) -> Iterator[Answer]:
        yield Answer(iter([_LAYER[span.start :]]), span.start, len(_LAYER), None)


def _oci_manifest(data: bytes) -> Iterator[str]:
    return loaded(f"oci://{_HOST}/fx:1", "python", _Layers(data))


def _manifest(*layers: dict[str, Any]) -> bytes:
    digest = f"sha256:{sha256(_LAYER).hexdigest()}"
    return encode({"layers": [{"digest": digest, "size": len(_LAYER), **x} for x in layers]})


_TITLE = "org.opencontainers.image.title"
_MANIFESTS = (
    _manifest({"mediaType": "text/plain", "annotations": {_TITLE: "model.py"}}),
    _manifest({"annotations": {_TITLE: "model.py"}}, {"annotations": {_TITLE: "lib/a.py"}}),
    _manifest({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}),
    _manifest({"annotations": {_TITLE: "m", "io.deis.oras.content.unpack": "true"}}),
    encode({"manifests": [], "layers": []}),
)
_URIS = (
    *(uri.encode() for uri in GOOD_SOURCES if ":/" in uri),
    b"https://user@store.example:65536/a%2fb?x=1&y#z",
    b"https://[::1]/a;b",
    b"s3://b/folder/",
    b"gs://b/folder/",
    b"pvc://models/a/../b",
)
_CHALLENGES = (
    b'Bearer realm="https://auth.example/token",service="registry.example",scope="a:b:pull"',
    b'Basic realm="Registry", charset="UTF-8"',
    b"Bearer realm=https://auth.example/token",
    # A pattern that begins again at each letter takes seconds for it.
    b"Bearer " + b"a" * 60_000,
    b'Basic realm="Registry"',
)
_DOCKER = (
    json.dumps({"auths": {_HOST: {"auth": "dXNlcjpwYXNz"}, "https://b/v1/": {}}}).encode(),
    json.dumps({"auths": {f"https://{_HOST}": {"username": "u", "password": "p"}}}).encode(),
)
_cut_off()

TARGETS = (
    Target("uri", _URIS, _uri, text_mutator(_URIS), largest=2_048, is_shown=False),
    Target(
        "challenge",
        _CHALLENGES,
        _challenge,
        text_mutator(_CHALLENGES),
        (LoadError,),
        is_shown=False,
    ),
    Target(
        "docker-config",
        _DOCKER,
        _docker_config,
        json_mutator(_DOCKER),
        (LoadError,),
        is_shown=False,
    ),
    Target("oci-manifest", _MANIFESTS, _oci_manifest, json_mutator(_MANIFESTS), is_shown=False),
)
