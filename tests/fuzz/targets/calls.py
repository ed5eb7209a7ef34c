"""Reader of a server's answer to `inference-operator call`, which a terminal shows."""

from collections.abc import Iterator

from inference_operator.cli.call_http import outputs_of
from inference_operator.cli.tensor_values import described
from inference_operator.domain.bounded_json import JsonLimits, parse_json
from tests.fuzz.documents import encode, json_mutator
from tests.fuzz.target import Target

_LIMITS = JsonLimits(size=1 << 20)
_TAIL = bytes(range(256)) * 4
# As `HttpModel.infer` has them.
_REFUSALS = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


def _call(data: bytes) -> Iterator[str]:
    answer = parse_json(data, _LIMITS)
    for value in outputs_of(answer["outputs"], _TAIL):
        yield described(value)


def _output(data_type: str, shape: list[int], size: object) -> dict[str, object]:
    parameters = {"binary_data_size": size}
    return {"name": "y", "datatype": data_type, "shape": shape, "parameters": parameters}


_SEEDS = tuple(
    encode({"model_version": "1", "outputs": outputs})
    for outputs in (
        [_output("FP32", [1, 4], 16), _output("BYTES", [1, 2], 40)],
        [_output("BF16", [2], 4), _output("BOOL", [], 1), _output("UINT64", [3, 0], 0)],
        [_output("COMPLEX", [2**40, 2**40], "7")],
    )
)

TARGETS = (Target("call", _SEEDS, _call, json_mutator(_SEEDS), refusals=_REFUSALS),)
