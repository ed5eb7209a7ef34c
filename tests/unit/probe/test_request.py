"""The smallest legal request to a model."""

import json
import struct
from typing import Any

import pytest

from inference_operator.probe.model_config import (
    ELEMENT_BYTES,
    ConfigUnreadableError,
    read_model,
    versions_of,
)
from inference_operator.probe.request import MOST_BYTES, CannotAskError, probe_request
from tests.unit.probe.configs import config, model, tensor

SAMPLE = {
    "name": "window",
    "batch_size": 2,
    "inputs": {"x": {"data_type": "TYPE_FP32", "dims": [60, 5], "zero_data": True}},
}
# The changes of the configuration, and the shapes and bytes of the inputs.
TABLE: dict[str, tuple[dict[str, Any], dict[str, list[int]], int]] = {
    "one row": ({}, {"x": [1, 4]}, 16),
    "without batches": ({"max_batch_size": 0}, {"x": [4]}, 16),
    "a dimension that is free": ({"input": [tensor("x", dims=[-1, 5])]}, {"x": [1, 1, 5]}, 20),
    "dimensions as strings": ({"input": [tensor("x", dims=["-1", "5"])]}, {"x": [1, 1, 5]}, 20),
    "no dimensions": ({"input": [tensor("x", dims=[])], "max_batch_size": 0}, {"x": []}, 4),
    "no batch size": ({"max_batch_size": None}, {"x": [4]}, 16),
    "texts": ({"input": [tensor("x", "STRING", [3])]}, {"x": [1, 3]}, 12),
    "two inputs": (
        {"input": [tensor("x"), tensor("m", "INT64", [2])]},
        {"x": [1, 4], "m": [1, 2]},
        32,
    ),
    "an optional input": (
        {"input": [tensor("x"), tensor("o", optional=True)]},
        {"x": [1, 4]},
        16,
    ),
    "optional inputs only": (
        {"input": [tensor("x", optional=True), tensor("o", optional=True)]},
        {"x": [1, 4]},
        16,
    ),
    "a warm-up sample": ({"model_warmup": [SAMPLE]}, {"x": [2, 60, 5]}, 2400),
    "a reshaped input": (
        {"input": [tensor("x", dims=[1], reshape={"shape": []})]},
        {"x": [1, 1]},
        4,
    ),
}


@pytest.mark.parametrize(("changes", "shapes", "size"), TABLE.values(), ids=TABLE)
def test_a_request_has(changes: dict[str, Any], shapes: dict[str, list[int]], size: int) -> None:
    request = probe_request(model(**changes))
    head = json.loads(request.head)

    assert {item["name"]: item["shape"] for item in head["inputs"]} == shapes
    assert sum(item["parameters"]["binary_data_size"] for item in head["inputs"]) == size
    assert head["parameters"] == {"binary_data_output": True}
    body = b"".join(request.chunks())
    assert len(body) == request.size
    assert body[len(request.head) :] == bytes(size)


@pytest.mark.parametrize("kind", ELEMENT_BYTES)
def test_every_data_type_has_zeros(kind: str) -> None:
    written = "STRING" if kind == "BYTES" else kind
    request = probe_request(model(input=[tensor("x", written, [7])]))

    (given,) = json.loads(request.head)["inputs"]
    assert given["datatype"] == kind
    assert request.zeros == 7 * ELEMENT_BYTES[kind]
    assert request.description == f"x {kind} [1, 7]"


def test_a_sequence_begins_and_ends_with_the_request() -> None:
    for control, is_text in (("TYPE_UINT64", False), ("TYPE_STRING", True)):
        sequences = {"control_input": [{"name": "id", "control": [{"data_type": control}]}]}
        request = probe_request(model(sequence_batching=sequences))
        parameters = json.loads(request.head)["parameters"]

        assert parameters["sequence_start"] is parameters["sequence_end"] is True
        assert isinstance(parameters["sequence_id"], str) is is_text


def test_a_large_request_takes_no_memory() -> None:
    request = probe_request(model(input=[tensor("x", dims=[3, 1024, 1024])]))
    assert request.zeros == 12 << 20
    assert max(map(len, request.chunks())) <= 64 << 10


CACHED = {"response_cache": {"enable": True}}
CANNOT: dict[str, tuple[dict[str, Any], str]] = {
    "streams": ({"model_transaction_policy": {"decoupled": True}}, "streamed"),
    "ragged batches": ({"input": [tensor("x", allow_ragged_batch=True)]}, "ragged"),
    "no inputs": ({"input": []}, "no inputs"),
    "cached numbers that cannot differ": ({**CACHED, "input": [tensor("x", "INT64")]}, "cached"),
    "too many bytes": ({"input": [tensor("x", dims=[MOST_BYTES])]}, "bytes"),
    "huge dims": ({"input": [tensor("x", dims=[2**62, 2**62])]}, "bytes"),
    "sequences that may wait for long": (
        {"sequence_batching": {"max_sequence_idle_microseconds": 60_000_000}},
        "sequences",
    ),
}


@pytest.mark.parametrize(("changes", "cause"), CANNOT.values(), ids=CANNOT)
def test_it_says_why_it_cannot_ask(changes: dict[str, Any], cause: str) -> None:
    with pytest.raises(CannotAskError, match=cause):
        probe_request(model(**changes))


@pytest.mark.parametrize(("kind", "code"), [("FP16", "<e"), ("FP32", "<f"), ("FP64", "<d")])
def test_requests_to_a_model_with_a_cache_differ(kind: str, code: str) -> None:
    cached = model(**CACHED, input=[tensor("x", kind)])
    requests = [probe_request(cached, number) for number in range(1, 400)]

    values = {struct.unpack(code, request.prefix)[0] for request in requests}
    assert len(values) == len(requests)
    assert max(values) < 0.03
    assert {len(b"".join(request.chunks())) for request in requests} == {requests[0].size}


BAD: dict[str, Any] = {
    "a list": [],
    "inputs that are a map": config(input={"x": 1}),
    "a number for a name": config(input=[tensor("x") | {"name": 5}]),
    "no data type": config(input=[{"name": "x", "dims": [1]}]),
    "an unknown data type": config(input=[tensor("x", "INVALID")]),
    "a fraction for a dim": config(input=[tensor("x", dims=[1.5])]),
    "true for a dim": config(input=[tensor("x", dims=[True])]),
    "a negative dim": config(input=[tensor("x", dims=[-2])]),
    "a dim of 65 bits": config(input=[tensor("x", dims=[2**64])]),
    "too many inputs": config(input=[tensor("x")] * 1025),
    "too many dims": config(input=[tensor("x", dims=[1] * 65)]),
    "a batch size that is a text": config(max_batch_size="many"),
    "steps that are no maps": config(ensemble_scheduling={"step": [1]}),
    "a sample without types": config(model_warmup=[{"inputs": {"x": {}}}]),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_configuration_of_a_liar_is_refused(body: Any) -> None:
    with pytest.raises(ConfigUnreadableError):
        read_model("curve", "3", body)


def test_a_request_to_an_ensemble_counts_on_each_step() -> None:
    step = {"model_name": "matmul", "model_version": 1}
    other = {"model_name": "words", "model_version": "-1"}
    ensemble = model(ensemble_scheduling={"step": [step, other, step]})

    assert list(versions_of(ensemble)) == [
        ("curve", "3", 1),
        ("matmul", "1", 2),
        ("words", "-1", 1),
    ]
    assert list(versions_of(model())) == [("curve", "3", 1)]
