"""Calls of a model over Triton's gRPC protocol, with tensors as raw bytes.

Lists of typed values, which the protocol has as well, cost ten times as much.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from inference_operator.api.quoting import beginning, short
from inference_operator.cli.call_http import CallError, output
from inference_operator.cli.tensor_values import MOST_BYTES, Value
from inference_operator.probe.model_config import MOST_TENSORS

_LENGTHS = ("grpc.max_send_message_length", "grpc.max_receive_message_length")


class GrpcModel:
    """One version of a model, at a gRPC address."""

    protocol = "gRPC"

    def __init__(self, address: tuple[str, int], name: str, version: str, seconds: float) -> None:
        """Raise CallError where the client of Triton is not installed."""
        try:
            import grpc
            from tritonclient.grpc import service_pb2, service_pb2_grpc
        except ImportError as error:
            raise CallError(
                f"found no module {error.name}, expected the client of Triton; install"
                " tritonclient[grpc], or use --protocol http"
            ) from None
        options = [(option, MOST_BYTES) for option in _LENGTHS]
        # A proxy of the environment does not lead to this machine.
        options.append(("grpc.enable_http_proxy", 0))
        self._channel = grpc.insecure_channel(f"{address[0]}:{address[1]}", options)
        self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        self._messages, self._refused = service_pb2, grpc.RpcError
        self._name, self._version, self._seconds = name, version, seconds

    def config(self) -> Any:
        """Return the model's configuration, as Triton completed it."""
        from google.protobuf.json_format import MessageToDict

        request = self._messages.ModelConfigRequest(name=self._name, version=self._version)
        answer = self._sent(self._stub.ModelConfig, request)
        return MessageToDict(answer.config, preserving_proto_field_name=True)

    def infer(
        self, inputs: Sequence[Value], parameters: Mapping[str, Any]
    ) -> tuple[str, list[Value]]:
        """Send one request; return the version that answered, and the outputs."""
        messages = self._messages
        request = messages.ModelInferRequest(model_name=self._name, model_version=self._version)
        for name, value in parameters.items():
            _set(request.parameters[name], value)
        for value in inputs:
            tensor = request.inputs.add(name=value.name, datatype=value.data_type)
            tensor.shape.extend(value.shape)
            request.raw_input_contents.append(value.content)
        answer = self._sent(self._stub.ModelInfer, request)
        pairs = zip(answer.outputs, answer.raw_output_contents, strict=False)
        try:
            outputs = [
                output(o.name, o.datatype, o.shape, content)
                for o, content in islice(pairs, MOST_TENSORS)
            ]
        except ValueError as error:
            raise CallError(f"the answer is not Triton's: {short(str(error), 200)}") from None
        return str(answer.model_version), outputs

    def _sent(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=self._seconds, wait_for_ready=True)
        except self._refused as error:
            text = beginning(str(error.details()), 2000)
            raise CallError(f"{error.code().name}: {text}") from None


def _set(parameter: Any, value: Any) -> None:
    if isinstance(value, bool):
        parameter.bool_param = value
    elif isinstance(value, int):
        parameter.int64_param = value
    else:
        parameter.string_param = str(value)
