"""A server of the inference protocol over HTTP and gRPC, whose answers a test chooses."""

import json
import struct
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

_WORKERS = 8


@dataclass
class Behavior:
    """What the server answers; a test may change it while the server runs."""

    version: str = "1"
    value: float = 3.0
    """The first value of the output `y`."""
    http_status: int = 200
    grpc_code: grpc.StatusCode = grpc.StatusCode.OK
    seconds: float = 0.0
    """The time until each answer."""
    closes: bool = False
    """Whether the server ends each HTTP connection after an answer, which no header announces."""
    headers: list[Mapping[str, str]] = field(default_factory=list)
    """The headers of each HTTP request, and the metadata of each gRPC request."""


class FakeInferenceServer:
    """`with FakeInferenceServer("3") as server:` answers as model version 3, on free ports."""

    def __init__(self, version: str = "1", host: str = "127.0.0.1") -> None:
        self.behavior = Behavior(version)
        self.host = host

    def __enter__(self) -> Self:
        behavior = self.behavior

        class Handler(_HttpHandler):
            answers = behavior

        self._http = _HttpServer((self.host, 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))
        self._thread.start()
        self._grpc = grpc.server(ThreadPoolExecutor(_WORKERS))
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(
            _GrpcService(behavior), self._grpc
        )
        self.http_port = self._http.server_address[1]
        self.grpc_port = self._grpc.add_insecure_port(f"{self.host}:0")
        self._grpc.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._grpc.stop(None).wait()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def http(self) -> str:
        """Return `host:port` of HTTP."""
        return f"{self.host}:{self.http_port}"

    @property
    def grpc(self) -> str:
        """Return `host:port` of gRPC."""
        return f"{self.host}:{self.grpc_port}"


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    # A new connection may have to wait until the machine has time for it.
    request_queue_size = 128


class _HttpHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes, and the second would wait for the first one's receipt.
    disable_nagle_algorithm = True
    answers: Behavior

    def do_POST(self) -> None:
        behavior = self.answers
        behavior.headers.append(dict(self.headers.items()))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(behavior.seconds)
        content = json.dumps(_answer(behavior)).encode()
        self.send_response(behavior.http_status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = self.close_connection or behavior.closes

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class _GrpcService(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    def __init__(self, behavior: Behavior) -> None:
        self._behavior = behavior

    def ModelInfer(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        behavior = self._behavior
        metadata = {item.key: str(item.value) for item in context.invocation_metadata()}
        behavior.headers.append(metadata)
        time.sleep(behavior.seconds)
        if behavior.grpc_code is not grpc.StatusCode.OK:
            context.abort(behavior.grpc_code, f"the test asks for {behavior.grpc_code.name}")
        answer = service_pb2.ModelInferResponse(
            model_name=request.model_name, model_version=behavior.version
        )
        answer.raw_output_contents.append(struct.pack("<4f", behavior.value, 5.0, 7.0, 9.0))
        return answer


def _answer(behavior: Behavior) -> dict[str, object]:
    if behavior.http_status != 200:
        return {"error": f"the test asks for {behavior.http_status}"}
    data = [behavior.value, 5.0, 7.0, 9.0]
    output = {"name": "y", "datatype": "FP32", "shape": [1, 4], "data": data}
    return {"model_name": "linear", "model_version": behavior.version, "outputs": [output]}
