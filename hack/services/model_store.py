"""A file server over TLS, with ranges, ETags and an optional bearer token; standard library only.
With a token, it also takes files by PUT.

For tests and the demo, also in a pod from a ConfigMap:
`python3 model_store.py --dir /data --cert tls.crt --key tls.key --port 8443`
"""

import argparse
import hashlib
import hmac
import os
import re
import ssl
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


class ModelStore(ThreadingHTTPServer):
    """Serves the files below `folder`; with a `token` only to requests that bear it."""

    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        folder: Path,
        certificate: tuple[Path, Path],
        token: str | None = None,
        handler: "type[StoreHandler] | None" = None,
    ) -> None:
        self.folder = folder.resolve()
        self.token = token
        super().__init__(address, handler or StoreHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        # The handshake is left to the connection's own thread: a silent client holds up no other.
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )


class StoreHandler(BaseHTTPRequestHandler):
    """GET and PUT of files."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    server: ModelStore

    def do_GET(self) -> None:
        path = self.locate()
        if not self.allowed():
            return self.refuse(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
        if path is None:
            return self.refuse(HTTPStatus.NOT_FOUND)
        size, etag = path.stat().st_size, etag_of(path, path.stat().st_mtime_ns)
        asked = self.asked_range(etag, size)
        start, end = asked or (0, size)
        if asked and start >= size:
            headers = {"Content-Range": f"bytes */{size}"}
            return self.refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers)
        self.send_response(HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK)
        self.send_header("Content-Length", str(end - start))
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", etag)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.end_headers()
        return self.send_body(path, start, end)

    def do_PUT(self) -> None:
        """Take a file, which gets its name when it is complete."""
        # A server without a token would let anybody write.
        if self.server.token is None or not self.allowed():
            self.close_connection = True
            return self.refuse(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
        size, path = self.headers.get("Content-Length", ""), self.below(self.path)
        if not re.fullmatch(r"[0-9]{1,11}", size) or path is None or path.is_dir():
            self.close_connection = True
            return self.refuse(HTTPStatus.BAD_REQUEST)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}-{id(self)}")
        left = int(size)
        with part.open("wb") as file:
            while left and (chunk := self.rfile.read(min(1 << 18, left))):
                left -= file.write(chunk)
        if left:
            part.unlink()
            self.close_connection = True
            return None
        part.rename(path)
        return self.refuse(HTTPStatus.CREATED)

    def send_body(self, path: Path, start: int, end: int) -> None:
        with path.open("rb") as file:
            file.seek(start)
            while chunk := file.read(min(1 << 18, end - file.tell())):
                self.wfile.write(chunk)

    def allowed(self) -> bool:
        """Return whether the request bears the token, compared in constant time."""
        held, sent = self.server.token, self.headers.get("Authorization", "")
        return held is None or hmac.compare_digest(sent.encode(), f"Bearer {held}".encode())

    def locate(self) -> Path | None:
        path = self.below(self.path)
        return path if path is not None and path.is_file() else None

    def below(self, target: str) -> Path | None:
        """Return the file of a request; None outside the folder."""
        path = (self.server.folder / unquote(urlsplit(target).path).lstrip("/")).resolve()
        return path if path.is_relative_to(self.server.folder) else None

    def asked_range(self, etag: str, size: int) -> tuple[int, int] | None:
        """Start and end of `Range: bytes=N-` or `bytes=N-M`; None for any other: the whole file."""
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if match is None or self.headers.get("If-Range", etag) != etag:
            return None
        last = int(match.group(2)) if match.group(2) else size - 1
        return int(match.group(1)), min(last + 1, size)

    def refuse(self, status: HTTPStatus, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()


@lru_cache(maxsize=1024)
def etag_of(path: Path, _modified: int) -> str:
    with path.open("rb") as file:
        return f'"{hashlib.file_digest(file, "sha256").hexdigest()[:32]}"'


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for option in ("--dir", "--cert", "--key"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--token", default=os.environ.get("MODEL_STORE_TOKEN"))
    given = parser.parse_args()
    store = ModelStore(("", given.port), given.dir, (given.cert, given.key), given.token)
    print(f"serving {given.dir} on port {store.server_address[1]}", flush=True)
    store.serve_forever()


if __name__ == "__main__":
    main()
