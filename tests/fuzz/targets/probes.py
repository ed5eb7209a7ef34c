"""Readers of the sidecar: a model's configuration, its answers, and the report about them."""

from collections.abc import Iterator

from inference_operator.api.reasons import Reason
from inference_operator.domain.bounded_json import JsonLimits, parse_json
from inference_operator.domain.probe_report import ProbeReport
from inference_operator.probe.model_config import ConfigUnreadableError, read_model
from inference_operator.probe.outputs import mismatches
from inference_operator.probe.request import MOST_BYTES, CannotAskError, probe_request
from tests.fuzz.documents import encode, json_mutator
from tests.fuzz.target import OracleError, Target

_LIMITS = JsonLimits(size=1 << 20)


def _probe(data: bytes) -> Iterator[str]:
    try:
        document = parse_json(data, _LIMITS)
    except ValueError:
        return
    given = document if isinstance(document, dict) else {}
    model = read_model("m", "1", given.get("config"))
    problems = mismatches(model, 1, given.get("answer"))
    yield _reported("; ".join(problems[:5]))
    request = probe_request(model, 7)
    if not 0 <= request.zeros <= MOST_BYTES:
        raise OracleError(f"a request of {request.zeros:,} bytes")
    yield _reported(request.description)


def _reported(text: str) -> str:
    content = ProbeReport(Reason.OUTPUT_MISMATCH, text).to_json()
    report = ProbeReport.from_json(content)
    if report is None or len(content) > 4096:
        raise OracleError("a report that cannot be read back")
    return report.message


_SEEDS = tuple(
    map(
        encode,
        (
            {
                "config": {
                    "name": "m",
                    "max_batch_size": 8,
                    "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": [-1, 5]}],
                    "output": [{"name": "y", "data_type": "TYPE_STRING", "dims": ["2"]}],
                    "model_warmup": [
                        {
                            "name": "w",
                            "batch_size": 2,
                            "inputs": {"x": {"data_type": "TYPE_FP32", "dims": [60, 5]}},
                        }
                    ],
                    "response_cache": {"enable": True},
                },
                "answer": {"outputs": [{"name": "y", "datatype": "BYTES", "shape": [1, 2]}]},
            },
            {
                "config": {
                    "input": [{"name": "t", "data_type": "TYPE_INT64", "dims": [1]}],
                    "output": [{"name": "y", "data_type": "TYPE_FP16", "dims": [3]}],
                    "ensemble_scheduling": {"step": [{"model_name": "a", "model_version": "-1"}]},
                    "sequence_batching": {"max_sequence_idle_microseconds": "1000"},
                    "model_transaction_policy": {"decoupled": False},
                },
                "answer": {"outputs": [{"name": "z", "datatype": "FP16", "shape": None}]},
            },
        ),
    )
)

TARGETS = (
    Target(
        "probe",
        _SEEDS,
        _probe,
        json_mutator(_SEEDS),
        refusals=(ConfigUnreadableError, CannotAskError),
        is_shown=False,
    ),
)
