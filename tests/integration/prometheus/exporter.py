"""A server of metrics whose text a test sets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Exporter(ThreadingHTTPServer):
    """Answers each scrape with `text`, or with what `write` returns then."""

    daemon_threads = True
    text = ""
    write: Callable[[], str] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Exporter

    def do_GET(self) -> None:
        write = self.server.write
        body = (write() if write else self.server.text).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Scrapes are not logged."""


@contextmanager
def exporter() -> Iterator[Exporter]:
    """Serve on a free port of loopback until the end of the block."""
    server = Exporter(("127.0.0.1", 0), _Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
