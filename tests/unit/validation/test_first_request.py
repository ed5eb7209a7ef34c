"""The meaning of the first request, as the sidecar gets it."""

from typing import Any

import pytest

from inference_operator.api.triton_server import FirstRequest
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.resources.pod import PROBE, pod_template
from tests.fakes.bodies import step
from tests.unit.validation.pipelines import average, unit


def words(**changes: Any) -> dict[str, Any]:
    """Return a pipeline of a tokenizer with these settings."""
    only = step(
        "words",
        modelRef=None,
        builtin={"tokenizer": changes.pop("tokenizer")},
        inputMap={"text": "text"},
        outputMap={"input_ids": "ids", "attention_mask": "mask"},
    )
    outputs = [{"name": n, "dataType": "INT64", "shape": [-1]} for n in ("ids", "mask")]
    inputs = [{"name": "text", "dataType": "STRING", "shape": [1]}]
    return {"pins": {}, "steps": [only], "inputs": inputs, "outputs": outputs, **changes}


def bars(bad_bars: str) -> dict[str, Any]:
    """Return a pipeline of the OHLCV step."""
    only = step(
        "bars",
        modelRef=None,
        builtin={"ohlcvFeatures": {"badBars": bad_bars}},
        inputMap={"ohlcv": "ohlcv"},
        outputMap={"window": "window"},
    )
    return {
        "pins": {},
        "steps": [only],
        "inputs": [{"name": "ohlcv", "dataType": "FP64", "shape": [-1, 5]}],
        "outputs": [{"name": "window", "dataType": "FP32", "shape": [60, 5]}],
    }


def argument(served: ServingUnit) -> str:
    containers = pod_template(served)["spec"]["initContainers"]
    (sidecar,) = (container for container in containers if container["name"] == PROBE)
    return str(sidecar["args"][3])


@pytest.mark.parametrize(
    ("changes", "meaning"),
    [
        ({}, FirstRequest.CHECK),
        (average(), FirstRequest.CHECK),
        ({"triton": {"firstRequest": "Ignore"}}, FirstRequest.IGNORE),
        (words(tokenizer={}), FirstRequest.IGNORE),
        (words(tokenizer={"emptyText": "LeaveOut"}), FirstRequest.CHECK),
        (words(tokenizer={}, triton={"firstRequest": "Check"}), FirstRequest.CHECK),
        (bars("Refuse"), FirstRequest.IGNORE),
        (bars("NaN"), FirstRequest.CHECK),
    ],
)
def test_a_pipeline_whose_step_refuses_zeros_is_not_checked_by_default(
    changes: dict[str, Any], meaning: FirstRequest
) -> None:
    assert argument(unit(**changes)) == f"--first-request={meaning.value}"
