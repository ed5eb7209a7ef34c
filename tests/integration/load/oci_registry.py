"""A real OCI registry (Debian's docker-registry) over TLS on loopback, with a user or tokens."""

import hashlib
import json
import shutil
import ssl
import time
import urllib.request
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hack import apt
from hack.services import server_process

from .conftest import Authority

USER, PASSWORD = "reader", "s3cret"
# What `htpasswd -B` makes of the password.
_HTPASSWD = f"{USER}:$2b$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG\n"
_AUTHORIZATION = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
TITLE = "org.opencontainers.image.title"
PLAIN = "application/octet-stream"
EMPTY = b"{}"
# Seconds for which the registry takes tokens that have run out.
LEEWAY = 60


@dataclass(frozen=True)
class OciStore:
    """The registry's address and what `oras push` does with it."""

    host: str
    context: ssl.SSLContext

    def push(self, place: str, tag: str, layers: "list[Layer]") -> str:
        """Push a manifest of these layers; its digest."""
        config = {"mediaType": "application/vnd.oci.empty.v1+json", **self._blob(place, EMPTY)}
        described = [
            {"mediaType": layer.kind, **self._blob(place, layer.content), **layer.notes()}
            for layer in layers
        ]
        body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": described}
        return self.push_manifest(place, tag, body)

    def push_manifest(self, place: str, tag: str, body: Mapping[str, Any]) -> str:
        text = json.dumps(body).encode()
        self.send("PUT", f"/v2/{place}/manifests/{tag}", text, str(body["mediaType"]))
        return f"sha256:{hashlib.sha256(text).hexdigest()}"

    def _blob(self, place: str, content: bytes) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        begun = self.send("POST", f"/v2/{place}/blobs/uploads/", b"")
        where = begun.headers["Location"].partition(self.host)[2]
        self.send("PUT", f"{where}&digest={digest}", content, PLAIN)
        return {"digest": digest, "size": len(content)}

    def send(self, method: str, path: str, body: bytes | None, kind: str = PLAIN) -> Any:
        request = urllib.request.Request(f"https://{self.host}{path}", body, method=method)
        request.add_header("Authorization", _AUTHORIZATION)
        request.add_header("Content-Type", kind)
        with urllib.request.urlopen(request, context=self.context, timeout=10) as answer:
            return answer


@dataclass(frozen=True)
class Layer:
    """A layer to push: with a title, it is a file of that name."""

    content: bytes
    title: str | None = None
    kind: str = PLAIN
    unpack: bool = False

    def notes(self) -> dict[str, dict[str, str]]:
        notes = {TITLE: self.title} if self.title else {}
        notes |= {"io.deis.oras.content.unpack": "true"} if self.unpack else {}
        return {"annotations": notes} if notes else {}


@contextmanager
def oci_registry(
    folder: Path, authority: Authority, tokens: Mapping[str, str] | None = None
) -> Iterator[OciStore]:
    """Up for as long as the context, with its data in `folder`; `tokens` configure their use."""
    (port,) = server_process.free_ports(1)
    host = f"127.0.0.1:{port}"
    (folder / "htpasswd").write_text(_HTPASSWD)
    basic = {"realm": "models", "path": str(folder / "htpasswd")}
    config = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {
            "addr": host,
            "tls": {"certificate": str(authority.certificate), "key": str(authority.key)},
            "secret": "any",
        },
        "auth": {"token": dict(tokens)} if tokens else {"htpasswd": basic},
    }
    (folder / "config.json").write_text(json.dumps(config))
    command = [_program(), "serve", folder / "config.json"]
    server = server_process.start("docker-registry", command, folder / "log")
    try:
        store = OciStore(host, ssl.create_default_context(cafile=str(authority.ca)))
        server_process.await_answer(lambda: _answers(store), server, seconds=30)
        yield store
    finally:
        server.kill()


def _program() -> Path:
    """Debian's program, unpacked into the cache where it is not installed."""
    if program := shutil.which("docker-registry"):
        return Path(program)
    return apt.unpacked("docker-registry") / "usr/bin/docker-registry"


def _answers(store: OciStore) -> bool:
    try:
        store.send("GET", "/v2/", None)
    except HTTPError as error:
        # Who wants a token says so.
        error.close()
    except (URLError, ConnectionError):
        return False
    return True


class TokenServer(ThreadingHTTPServer):
    """Hands the user tokens to pull with, which the registry believes by their certificate."""

    daemon_threads = True

    def __init__(self, authority: Authority) -> None:
        super().__init__(("127.0.0.1", 0), _TokenHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.certificate, authority.key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.authority = authority
        self.asked: list[str] = []
        """The queries of all requests for a token."""
        self.lifetime = 300

    def configuration(self) -> dict[str, str]:
        realm = f"https://127.0.0.1:{self.server_address[1]}/token"
        bundle = str(self.authority.ca)
        return {"realm": realm, "service": "models", "issuer": "test", "rootcertbundle": bundle}

    def token(self, scope: str) -> str:
        kind, _, rest = scope.partition(":")
        name = rest.rpartition(":")[0]
        now = int(time.time())
        claims = {
            "iss": "test", "sub": USER, "aud": "models", "jti": str(now),
            "iat": now, "nbf": now - 60, "exp": now + self.lifetime,
            "access": [{"type": kind, "name": name, "actions": ["pull"]}],
        }  # fmt: skip
        leaf = x509.load_pem_x509_certificate(self.authority.certificate.read_bytes())
        der = b64encode(leaf.public_bytes(serialization.Encoding.DER)).decode()
        header = {"typ": "JWT", "alg": "ES256", "x5c": [der]}
        signed = ".".join(_unpadded(json.dumps(part).encode()) for part in (header, claims))
        key = serialization.load_pem_private_key(self.authority.key.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_unpadded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


class _TokenHandler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_GET(self) -> None:
        query = urlsplit(self.path).query
        self.server.asked.append(query)
        if self.headers.get("Authorization") != _AUTHORIZATION:
            self.send_error(401)
            return
        body = json.dumps({"token": self.server.token(parse_qs(query)["scope"][0])}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _unpadded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
