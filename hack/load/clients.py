"""Clients that send one inference request after another over a connection, and never repeat one."""

import http.client
import json
import select
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

_MOST_TEXT = 300


class RequestError(Exception):
    """A request had no good answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """The addresses (`host:port`) of a served model, and the names by which a gateway routes.

    Without names, the addresses are the names.
    """

    http: str
    grpc: str
    http_host: str = ""
    grpc_authority: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """An inference request with one FP32 input of shape [1, number of values]."""

    model: str = "linear"
    input_name: str = "x"
    values: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0)
    headers: Mapping[str, str] = field(default_factory=dict)
    """HTTP headers and gRPC metadata; names in lower case."""
    timeout: float = 5.0
    """Seconds; for HTTP of each wait for the network, for gRPC of the whole request."""
    versions: Mapping[float, str] = field(default_factory=dict)
    """The model version by the first value of the first output, for artifacts that all have number
    1 in Triton because they come from no registry. Empty: the version that the answer names."""

    def version_of(self, named: str, value: float) -> str:
        """Return the version of an answer that names one and starts with a value.

        Raises:
            RequestError: if there is none, or if the value is of no known version.
        """
        if not named:
            raise RequestError("found an empty model_version")
        if self.versions and value not in self.versions:
            expected = ", ".join(map(str, self.versions))
            raise RequestError(f"found {value} as the first value, expected one of {expected}")
        return self.versions[value] if self.versions else named


class Client(Protocol):
    """A client with a connection of its own."""

    def send(self) -> str:
        """Send the request and return the model version that answered.

        Raises:
            RequestError: for any other answer, and for none.
        """
        ...

    def close(self) -> None:
        """End the connection; the next request makes a new one."""
        ...


class HttpClient:
    """A client of KServe's protocol as JSON, over HTTP/1.1 with a kept connection."""

    def __init__(self, target: Target, request: Request) -> None:
        host, _, port = target.http.rpartition(":")
        self._request = request
        self._connection = http.client.HTTPConnection(host, int(port), timeout=request.timeout)
        self._path = f"/v2/models/{request.model}/infer"
        self._headers = {"Content-Type": "application/json", **request.headers}
        if target.http_host:
            self._headers["Host"] = target.http_host
        shape = [1, len(request.values)]
        tensor = {"name": request.input_name, "datatype": "FP32", "shape": shape}
        self._body = json.dumps({"inputs": [tensor | {"data": list(request.values)}]}).encode()

    def send(self) -> str:
        """Send the request as `Client` says."""
        if self._was_ended():
            self.close()
        try:
            self._connection.request("POST", self._path, self._body, self._headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise RequestError(_short(f"{type(error).__name__}: {error}")) from error
        if answer.status != 200:
            raise RequestError(_short(f"{answer.status}: {content.decode(errors='replace')}"))
        return self._request.version_of(*_version_and_value(content))

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _was_ended(self) -> bool:
        """Return whether the server ended the kept connection while no request was under way.

        Connection pools look for that before they take a connection. It is no second attempt.
        """
        if self._connection.sock is None:
            return False
        poll = select.poll()
        poll.register(self._connection.sock, select.POLLIN | select.POLLHUP)
        return bool(poll.poll(0))


class GrpcClient:
    """A client of KServe's protocol over gRPC, with a connection that no other client shares."""

    def __init__(self, target: Target, request: Request) -> None:
        self._target, self._request = target, request
        self._metadata = tuple(request.headers.items())
        self._message = service_pb2.ModelInferRequest(model_name=request.model)
        tensor = self._message.inputs.add(name=request.input_name, datatype="FP32")
        tensor.shape.extend([1, len(request.values)])
        content = struct.pack(f"<{len(request.values)}f", *request.values)
        self._message.raw_input_contents.append(content)
        self._channel: Any = None

    def send(self) -> str:
        """Send the request as `Client` says."""
        if self._channel is None:
            self._channel = grpc.insecure_channel(self._target.grpc, self._options())
            self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        try:
            answer = self._stub.ModelInfer(
                self._message, timeout=self._request.timeout, metadata=self._metadata
            )
        except grpc.RpcError as error:
            raise RequestError(_short(f"{error.code().name}: {error.details()}")) from error
        try:
            (value,) = struct.unpack_from("<f", answer.raw_output_contents[0])
        except (IndexError, struct.error) as error:
            raise RequestError("found no FP32 output") from error
        return self._request.version_of(answer.model_version, value)

    def close(self) -> None:
        """End the connection."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _options(self) -> list[tuple[str, Any]]:
        options: list[tuple[str, Any]] = [
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_retries", 0),
            # A proxy of the environment does not lead to a cluster of this machine.
            ("grpc.enable_http_proxy", 0),
        ]
        if self._target.grpc_authority:
            options.append(("grpc.default_authority", self._target.grpc_authority))
        return options


CLIENTS: Mapping[str, type[HttpClient] | type[GrpcClient]] = {
    "HTTP": HttpClient,
    "gRPC": GrpcClient,
}
"""The clients by the names of their protocols."""


def _version_and_value(content: bytes) -> tuple[str, float]:
    try:
        answer = json.loads(content)
        return str(answer["model_version"]), float(answer["outputs"][0]["data"][0])
    except (ValueError, LookupError, TypeError) as error:
        text = content.decode(errors="replace")
        raise RequestError(_short(f"found no version and no output in {text!r}")) from error


def _short(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}..."
