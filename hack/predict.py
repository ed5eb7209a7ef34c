"""Asks a served model for real predictions and compares them with the local model's.

`python -m hack.predict --url HOST:PORT --model NAME --sample sample.json`; sample.json is what
`training.exporting` writes beside model.pt. Ends with 1 when an answer is off by more than 1e-5.
"""

import argparse
import importlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

TOLERANCE = 1e-5
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Served:
    """Where a model answers: `protocol` is grpc or http, `version` empty for Triton's choice."""

    url: str
    model: str
    protocol: str = "grpc"
    version: str = ""
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The served outputs [n, ...] and the version of the model that gave them."""

    outputs: Floats
    version: str


class PredictionError(Exception):
    """The server refused or cannot be reached; the message is its own."""


def ask(served: Served, sample: dict[str, Any], inputs: Floats) -> Answer:
    """One inference request for the batch `inputs` [n, ...] with the sample's tensor names."""
    from tritonclient.utils import InferenceServerException

    client_library: Any = importlib.import_module(f"tritonclient.{served.protocol}")
    given, wanted = sample["input"], sample["output"]
    tensor = client_library.InferInput(given["name"], list(inputs.shape), given["dataType"])
    tensor.set_data_from_numpy(inputs)
    output = client_library.InferRequestedOutput(wanted["name"])
    grpc = served.protocol == "grpc"
    limits = {} if grpc else {"connection_timeout": served.timeout}
    limits |= {} if grpc else {"network_timeout": served.timeout}
    patience = {"client_timeout": served.timeout} if grpc else {}
    client = client_library.InferenceServerClient(served.url, **limits)
    try:
        result = client.infer(served.model, [tensor], served.version, outputs=[output], **patience)
    except (InferenceServerException, OSError) as error:
        raise PredictionError(f"{served.url}: {error}") from None
    finally:
        client.close()
    response = result.get_response()
    version = response.model_version if grpc else response.get("model_version", "")
    return Answer(np.asarray(result.as_numpy(wanted["name"])), version)


def compare(served: Served, sample: dict[str, Any]) -> float:
    """Print every prediction beside the local model's; the largest difference."""
    rows = sample["samples"]
    inputs = np.array([row["input"] for row in rows], np.float32)
    expected = np.array([row["expected"] for row in rows], np.float32)
    answer = ask(served, sample, inputs)
    print(f"{served.model} version {answer.version} at {served.url} ({served.protocol})")
    for row, got, local in zip(rows, answer.outputs, expected, strict=True):
        close = row["todaysClose"]
        print(
            f"  {row['ticker']:<5} after {row['today']} (close {close:8.2f}):"
            f" next close {close * float(got[0]):8.2f}; served {got[0]:.7f}, local {local[0]:.7f}"
        )
    return float(np.abs(answer.outputs - expected).max())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hack.predict")
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
