"""Asks a served model for real predictions and compares them with the local model's.

`python -m hack.demo.predict --url HOST:PORT --model NAME --sample sample.json`; sample.json is what
`training.exporting` writes beside model.pt. Ends with 1 when an answer is off by more than 1e-5.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

TOLERANCE = 1e-5
TYPES = {"FP32": np.float32, "INT64": np.int64}
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Served:
    """The address of a model: `protocol` is grpc or http, `version` empty for Triton's choice."""

    url: str
    model: str
    protocol: str = "grpc"
    version: str = ""
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The served outputs by name, and the version of the model that gave them."""

    outputs: Mapping[str, Array]
    version: str


class PredictionError(Exception):
    """The server refused or cannot be reached; the message is its own."""


def ask(served: Served, inputs: Mapping[str, Array], outputs: Sequence[str]) -> Answer:
    """Send an inference request for a batch of `inputs` [n, ...] by name."""
    from tritonclient.utils import InferenceServerException, np_to_triton_dtype

    library: Any = importlib.import_module(f"tritonclient.{served.protocol}")
    tensors = []
    for name, values in inputs.items():
        tensor = library.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
        tensors.append(tensor.set_data_from_numpy(values))
    requested = [library.InferRequestedOutput(name) for name in outputs]
    grpc = served.protocol == "grpc"
    limits = {} if grpc else {"connection_timeout": served.timeout}
    limits |= {} if grpc else {"network_timeout": served.timeout}
    patience = {"client_timeout": served.timeout} if grpc else {}
    client = library.InferenceServerClient(served.url, **limits)
    try:
        result = client.infer(served.model, tensors, served.version, outputs=requested, **patience)
    except (InferenceServerException, OSError) as error:
        raise PredictionError(f"{served.url}: {error}") from None
    finally:
        client.close()
    response = result.get_response()
    version = response.model_version if grpc else response.get("model_version", "")
    return Answer({name: np.asarray(result.as_numpy(name)) for name in outputs}, version)


def compare(served: Served, sample: dict[str, Any]) -> float:
    """Print every answer beside the local model's; the largest difference."""
    outputs = [tensor["name"] for tensor in sample["outputs"]]
    worst = 0.0
    for number, row in enumerate(sample["samples"]):
        answer = ask(served, request_of(sample, row), outputs)
        if number == 0:
            print(f"{served.model} version {answer.version} at {served.url} ({served.protocol})")
        got = {name: answer.outputs[name][0] for name in outputs}
        local = {name: np.array(row["expected"][name], np.float32) for name in outputs}
        print(f"  {described(row, got)}; served {shown(got)}, local {shown(local)}")
        worst = max([worst, *(float(np.abs(got[name] - local[name]).max()) for name in outputs)])
    return worst


def request_of(sample: dict[str, Any], row: dict[str, Any]) -> dict[str, Array]:
    """Return the row's inputs as a batch of one, in the types that sample.json declares."""
    return {
        tensor["name"]: np.array([row["input"][tensor["name"]]], TYPES[tensor["dataType"]])
        for tensor in sample["inputs"]
    }


def described(row: dict[str, Any], got: Mapping[str, Array]) -> str:
    """Return a forecast in the share's own money, where the row says whose window it is."""
    if "todaysClose" not in row:
        return str(row.get("text", "sample"))
    close, first = row["todaysClose"], float(next(iter(got.values()))[0])
    words = f"{row['ticker']:<5} after {row['today']} (close {close:8.2f}):"
    words += f" next close {close * first:8.2f}"
    if "OUTPUT__1" in got:
        low, high = (close * float(bound) for bound in got["OUTPUT__1"])
        words += f" within {low:.2f} to {high:.2f}"
    return words


def shown(values: Mapping[str, Array]) -> str:
    return " ".join(f"{number:.7f}" for each in values.values() for number in each)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hack.demo.predict")
    parser.add_argument("--url", required=True, help="HOST:PORT of the model's Service or pod")
    parser.add_argument("--model", required=True, help="name of the model in Triton")
    parser.add_argument("--sample", type=Path, required=True, help="sample.json of the export")
    parser.add_argument("--protocol", choices=("grpc", "http"), default="grpc")
    parser.add_argument("--version", default="", help="version to ask; Triton's choice if absent")
    given = parser.parse_args()
    served = Served(given.url, given.model, given.protocol, given.version)
    try:
        off = compare(served, json.loads(given.sample.read_text()))
    except PredictionError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    good = off <= TOLERANCE
    print(f"  largest difference {off:.1e}: {'equal' if good else 'NOT equal'} to {TOLERANCE:.0e}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
