"""A fake of Google Cloud Storage for its own client, over real HTTP on loopback.

The JSON API of objects: metadata, lists in pages, media with ranges and generations, and the token
endpoint, which checks the signature of a service account's key.
"""

import json
import re
import threading
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

BUCKET = "models"
TOKEN = "ya29.token"
PAGE = 2
_OBJECT = re.compile(r"/(?:download/)?storage/v1/b/([^/]+)/o/(.+)")
_LIST = re.compile(r"/storage/v1/b/([^/]+)/o")


@dataclass
class Stored:
    """An object and its generation, which each write changes."""

    content: bytes
    generation: int


class CloudStore(ThreadingHTTPServer):
    """One bucket, open to who bears the token (or to all), with faults taken one a request."""

    daemon_threads = True

    def __init__(self, is_open: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.is_open = is_open
        self.objects: dict[str, Stored] = {}
        self.faults: list[int] = []
        """Statuses to answer media requests with."""
        self.ranges: list[str] = []
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def put(self, name: str, content: bytes) -> str:
        generation = self.objects[name].generation + 1 if name in self.objects else 1
        self.objects[name] = Stored(content, generation)
        return f"gs://{BUCKET}/{name}"

    def key_json(self, key: rsa.RSAPrivateKey | None = None) -> str:
        """A service account's key, as Google hands it out."""
        pem = (key or self.key).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "trading",
                "private_key_id": "1",
                "private_key": pem.decode(),
                "client_email": "reader@trading.iam.gserviceaccount.com",
                "token_uri": f"{self.url}/token",
            }
        )

    def believes(self, assertion: str) -> bool:
        signed, _, signature = assertion.rpartition(".")
        raw = urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        try:
            self.key.public_key().verify(raw, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


@contextmanager
def cloud_store(is_open: bool = False) -> Iterator[CloudStore]:
    """Up for as long as the context."""
    server = CloudStore(is_open)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CloudStore

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if not self.server.believes(form["assertion"][0]):
            return self._json(400, {"error": "invalid_grant", "error_description": "Bad key."})
        return self._json(200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if not self.server.is_open and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._json(403, {"error": {"code": 403, "message": "no storage.objects.get"}})
        if match := _LIST.fullmatch(address.path):
            return self._list(query)
        match = _OBJECT.fullmatch(address.path)
        stored = self.server.objects.get(unquote(match.group(2))) if match else None
        if match is None or match.group(1) != BUCKET or stored is None:
            return self._json(404, {"error": {"code": 404, "message": "No such object"}})
        if query.get("alt") == "media":
            return self._media(stored, query)
        return self._json(200, _described(unquote(match.group(2)), stored))

    def _list(self, query: dict[str, str]) -> None:
        names = sorted(n for n in self.server.objects if n.startswith(query.get("prefix", "")))
        start = int(query.get("pageToken", 0))
        page = names[start : start + PAGE]
        more = {"nextPageToken": str(start + PAGE)} if names[start + PAGE :] else {}
        items = [_described(name, self.server.objects[name]) for name in page]
        self._json(200, {"kind": "storage#objects", "items": items, **more})

    def _media(self, stored: Stored, query: dict[str, str]) -> None:
        if self.server.faults and (status := self.server.faults.pop(0)):
            return self._json(status, {"error": {"code": status, "message": "try again"}})
        if query.get("ifGenerationMatch", str(stored.generation)) != str(stored.generation):
            return self._json(412, {"error": {"code": 412, "message": "conditionNotMet"}})
        asked = self.headers.get("Range", "")
        self.server.ranges.append(asked)
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked)
        size = len(stored.content)
        start = int(match.group(1)) if match else 0
        end = min(int(match.group(2)) + 1, size) if match and match.group(2) else size
        self.send_response(206 if match else 200)
        self.send_header("Content-Length", str(end - start))
        if match:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.end_headers()
        self.wfile.write(stored.content[start:end])
        return None

    def _json(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _described(name: str, stored: Stored) -> dict[str, Any]:
    return {
        "kind": "storage#object",
        "name": name,
        "bucket": BUCKET,
        "generation": str(stored.generation),
        "size": str(len(stored.content)),
    }
