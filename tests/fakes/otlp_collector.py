"""A collector of spans by OTLP over HTTP, on loopback, whose answers a test chooses."""

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collection:
    """What the collector answers, and what came; a test may change it while the collector runs."""

    status: int = 200
    seconds: float = 0.0
    """The time until each answer."""
    rejected: int = 0
    """The spans that an answer of 200 refuses, as OTLP's partial success."""
    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        return [span for span, _ in self.spans_by_process()]

    def spans_by_process(self) -> list[tuple[Span, int]]:
        """Return each span with the `process.pid` of its resource."""
        pairs = []
        for body in list(self.bodies):
            for part in ExportTraceServiceRequest.FromString(body).resource_spans:
                names = {pair.key: pair.value for pair in part.resource.attributes}
                process = names["process.pid"].int_value
                pairs += [(span, process) for scope in part.scope_spans for span in scope.spans]
        return pairs


class FakeCollector:
    """`with FakeCollector() as collector:` collects on a port; another one may take it later."""

    def __init__(self, port: int = 0) -> None:
        self.collection = Collection()
        self._port = port

    def __enter__(self) -> Self:
        class Handler(_Handler):
            collection = self.collection

        self._http = _Server(("127.0.0.1", self._port), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    collection: Collection

    def do_POST(self) -> None:
        collection = self.collection
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(collection.seconds)
        if collection.status == 200:
            collection.bodies.append(body)
        collection.paths.append(self.path)
        answer = ExportTraceServiceResponse()
        answer.partial_success.rejected_spans = collection.rejected
        content = answer.SerializeToString()
        self.send_response(collection.status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""
