"""`inference-operator call NAME`: one request to a served model, and its answer."""

import argparse
import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference_operator.api.quoting import counted, short
from inference_operator.api.status import read_status
from inference_operator.cli.arguments import report
from inference_operator.cli.cluster_access import (
    AccessError,
    add_unit,
    answered,
    connected,
    unit_of,
)
from inference_operator.cli.port_forward import port_forward
from inference_operator.domain.names import UnitKey

if TYPE_CHECKING:
    from inference_operator.cli.call_grpc import GrpcModel
    from inference_operator.cli.call_http import HttpModel
    from inference_operator.cli.tensor_values import Value
    from inference_operator.probe.model_config import ProbedModel

DESCRIPTION = """\
Send one request to the revision that answers clients, through a port-forward of kubectl, and print
the outputs. Inputs are zeros, or those of a file: --input FILE.npz with an array for each input, or
--input FILE.json as {"x": [[1.0, 2.0]]}. Values have the batch first, if the model batches.
Exit status: 0, 1 if the model refuses or does not answer, 2 for unusable inputs, 3 if the resource
cannot be read or nothing answers.
"""
_REFUSED, _UNUSABLE = 1, 2
_PORTS = {"http": 8000, "grpc": 8001}


def add_parser(subparsers: Any) -> None:
    """Add `call`."""
    parser = subparsers.add_parser(
        "call", help="send one request to a served model", description=DESCRIPTION
    )
    add_unit(parser)
    parser.add_argument("--input", type=Path, metavar="FILE", help="inputs: .npz or .json (zeros)")
    parser.add_argument("--protocol", choices=sorted(_PORTS), default="http", help="(%(default)s)")
    parser.add_argument(
        "--timeout", type=_seconds, default=60.0, metavar="SECONDS", help="(%(default)g)"
    )
    parser.set_defaults(func=call_command)


def call_command(arguments: argparse.Namespace) -> int:
    """Call the model; return the exit status of the description."""
    return answered(lambda: _call(arguments))


def _call(arguments: argparse.Namespace) -> int:
    from inference_operator.cli.call_http import CallError
    from inference_operator.cli.tensor_values import InputsError
    from inference_operator.probe.model_config import ConfigUnreadableError
    from inference_operator.probe.request import CannotAskError

    key, body = asyncio.run(_read(arguments))
    name, version = served_model(key, body)
    port = _PORTS[arguments.protocol]
    with port_forward(arguments.context, key.namespace, key.name, port) as address:
        try:
            model = _model_at(address, name, version, arguments)
            _ask(model, name, version, arguments)
        except CallError as error:
            report(key, error)
            return _REFUSED
        except (InputsError, CannotAskError, ConfigUnreadableError) as error:
            hint = "" if arguments.input else "; give its inputs with --input"
            report(key, f"{error}{hint}")
            return _UNUSABLE
    return 0


async def _read(arguments: argparse.Namespace) -> tuple[UnitKey, Mapping[str, Any]]:
    from inference_operator.observation.kinds import UNIT_BY_KIND

    async with connected(arguments.context) as cluster:
        key = await unit_of(cluster, arguments)
        body = await cluster.get(UNIT_BY_KIND[key.kind], key.namespace, key.name)
        return key, {**body, "kind": key.kind}


def served_model(key: UnitKey, body: Mapping[str, Any]) -> tuple[str, str]:
    """Return name and version of the model that clients call; AccessError while none answers."""
    status = read_status(body)
    if status.stable is None or status.url is None:
        reason = f" ({status.display_reason})" if status.display_reason else ""
        raise AccessError(
            f"{key}: no revision answers clients yet{reason}; see `kubectl describe"
            f" {key.kind.lower()} {key.name} -n {key.namespace}`"
        )
    spec = body.get("spec") or {}
    named = spec.get("name") if key.kind == "EnsemblePipeline" else spec["model"].get("name")
    version = status.model.version if status.model else None
    return named or key.name, version or ""


def _model_at(
    address: tuple[str, int], name: str, version: str, arguments: argparse.Namespace
) -> "HttpModel | GrpcModel":
    if arguments.protocol == "http":
        from inference_operator.cli.call_http import HttpModel

        return HttpModel(address, name, version, arguments.timeout)
    from inference_operator.cli.call_grpc import GrpcModel

    return GrpcModel(address, name, version, arguments.timeout)


def _ask(
    model: "HttpModel | GrpcModel", name: str, version: str, arguments: argparse.Namespace
) -> None:
    from inference_operator.cli.tensor_values import described, read_inputs
    from inference_operator.probe.model_config import read_model

    probed = read_model(name, version or "1", model.config())
    inputs: tuple[Value, ...]
    parameters: Mapping[str, Any]
    if arguments.input is None:
        inputs, parameters = zeros(probed)
    else:
        inputs, parameters = read_inputs(arguments.input, probed), _parameters(probed)
    began = time.monotonic()
    answered_by, outputs = model.infer(inputs, parameters)
    milliseconds = (time.monotonic() - began) * 1000
    given = f"{arguments.input}" if arguments.input else "zeros"
    size = counted(sum(len(value.content) for value in inputs), "byte")
    shown = short(answered_by)
    print(
        f"{name} version {shown} answered over {model.protocol} in {milliseconds:.0f} ms"
        f" ({given}, {size})"
    )
    for value in outputs:
        print(f"  {described(value)}")


def zeros(model: "ProbedModel") -> "tuple[tuple[Value, ...], Mapping[str, Any]]":
    """Return the inputs and parameters of the probe's request; CannotAskError where it has none."""
    from inference_operator.cli.tensor_values import Value
    from inference_operator.probe.request import probe_request

    request = probe_request(model)
    head = json.loads(request.head)
    rest = memoryview(b"".join(request.chunks()))[len(request.head) :]
    values, at = [], 0
    for item in head["inputs"]:
        size = item["parameters"]["binary_data_size"]
        content = bytes(rest[at : at + size])
        values.append(Value(item["name"], item["datatype"], tuple(item["shape"]), content))
        at += size
    parameters = {k: v for k, v in head["parameters"].items() if k != "binary_data_output"}
    return tuple(values), parameters


def _parameters(model: "ProbedModel") -> Mapping[str, Any]:
    """Return the parameters of a request with values of the user: the id of a whole sequence."""
    from inference_operator.probe.request import CannotAskError

    try:
        return zeros(model)[1]
    except CannotAskError:
        return {}


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError(f"found {text[:40]!r}, expected seconds, up to 3600")
    return seconds
