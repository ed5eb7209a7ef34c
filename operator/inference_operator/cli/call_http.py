"""Calls of a model over Triton's HTTP protocol, with tensors in binary form."""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from inference_operator.api.quoting import beginning, short
from inference_operator.cli.tensor_values import MOST_BYTES, Value
from inference_operator.domain.bounded_json import JsonLimits, parse_json
from inference_operator.probe.model_config import MOST_DIMS, MOST_TENSORS

_LIMITS = JsonLimits(size=4 << 20)
_LARGEST = 2**63
_LENGTH = "Inference-Header-Content-Length"


class CallError(Exception):
    """The server refused, or did not answer; the message is for the user."""


class HttpModel:
    """One version of a model, at an HTTP address."""

    protocol = "HTTP"

    def __init__(self, address: tuple[str, int], name: str, version: str, seconds: float) -> None:
        self._address, self._seconds = address, seconds
        versions = f"/versions/{quote(version, safe='')}" if version else ""
        self._path = f"/v2/models/{quote(name, safe='')}{versions}"

    def config(self) -> Any:
        """Return the model's configuration, as Triton completed it."""
        head, _ = self._exchange("GET", "/config")
        return head

    def infer(
        self, inputs: Sequence[Value], parameters: Mapping[str, Any]
    ) -> tuple[str, list[Value]]:
        """Send one request; return the version that answered, and the outputs."""
        described = [
            {
                "name": value.name,
                "datatype": value.data_type,
                "shape": list(value.shape),
                "parameters": {"binary_data_size": len(value.content)},
            }
            for value in inputs
        ]
        body = {"parameters": {**parameters, "binary_data_output": True}, "inputs": described}
        head = json.dumps(body).encode()
        content = b"".join((head, *(value.content for value in inputs)))
        answer, tail = self._exchange("POST", "/infer", content, {_LENGTH: str(len(head))})
        try:
            return str(answer.get("model_version", "")), list(outputs_of(answer["outputs"], tail))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise CallError(f"the answer is not Triton's: {short(repr(error), 200)}") from None

    def _exchange(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[Any, bytes]:
        connection = http.client.HTTPConnection(*self._address, timeout=self._seconds)
        try:
            connection.request(method, f"{self._path}{path}", body or None, dict(headers or {}))
            response = connection.getresponse()
            content = response.read(MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise CallError(f"no answer over HTTP: {error or type(error).__name__}") from None
        finally:
            connection.close()
        if len(content) > MOST_BYTES:
            raise CallError(f"the answer has more than {MOST_BYTES:,} bytes")
        size = response.headers.get(_LENGTH, "")
        split = int(size) if size.isdecimal() and len(size) < 12 else len(content)
        try:
            head = parse_json(content[:split], _LIMITS)
        except ValueError:
            raise CallError(f"HTTP status {response.status}, and an answer without JSON") from None
        if response.status != 200:
            text = head.get("error") if isinstance(head, dict) else None
            raise CallError(beginning(str(text or f"HTTP status {response.status}"), 2000))
        return head, content[split:]


def outputs_of(outputs: Sequence[Mapping[str, Any]], tail: bytes) -> Iterator[Value]:
    """Yield the outputs in an answer's JSON, with their parts of the bytes behind it."""
    at = 0
    for item in outputs[:MOST_TENSORS]:
        size = int(item["parameters"]["binary_data_size"])
        if size < 0:
            raise ValueError("a negative size")
        content = tail[at : at + size]
        yield output(str(item["name"]), str(item["datatype"]), item["shape"], content)
        at += size


def output(name: str, data_type: str, shape: Sequence[Any], content: bytes) -> Value:
    """Return an output of an answer; ValueError for a shape that no tensor has."""
    if len(shape) > MOST_DIMS:
        raise ValueError(f"{len(shape)} dimensions")
    dims = tuple(int(dim) for dim in shape)
    if not all(0 <= dim < _LARGEST for dim in dims):
        raise ValueError("a negative size, or one of more than 63 bits")
    return Value(name, data_type, dims, content)
