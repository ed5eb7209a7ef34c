"""Latency histograms: every way to ask a model for them turns them on in its server."""

from typing import Any

import pytest

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.validation.model import model_unit
from inference_operator.validation.signature import CompletedSpec
from tests.fakes.bodies import spec
from tests.unit.planning.seen import DEFAULTS, OWNER
from tests.unit.validation.pipelines import CONFIG, pin, problems, unit

METRICS = (
    "model_metrics { metric_control { metric_identifier { family: 'f' }"
    " histogram_options { buckets: 5 } } }"
)
ON, OFF = (f"--metrics-config=histogram_latencies={word}" for word in ("true", "false"))


def arguments(**triton: Any) -> tuple[str, ...]:
    body = InferenceModelSpec.model_validate(spec(triton=triton))
    served = model_unit(OWNER, 1, CompletedSpec(body, body), Mode.CPU, DEFAULTS)
    assert isinstance(served, ServingUnit), served
    return served.server.args


@pytest.mark.parametrize(
    ("triton", "count"),
    [
        ({}, 0),
        ({"metrics": {"latencyBuckets": [5, 20]}}, 1),
        ({"configOverrides": METRICS}, 1),
        ({"extraArgs": [ON]}, 1),
        ({"extraArgs": [OFF]}, 0),
    ],
)
def test_a_model_with_latency_buckets_turns_histograms_on(
    triton: dict[str, Any], count: int
) -> None:
    assert arguments(**triton).count(ON) == count


def test_who_turned_them_on_before_may_leave_it_so() -> None:
    assert ON in arguments(configOverrides=METRICS, extraArgs=[ON])


def test_overrides_of_a_pipeline_turn_histograms_on() -> None:
    assert ON in unit(triton={"configOverrides": METRICS}).server.args


def test_a_pipeline_cannot_turn_off_the_histograms_of_its_steps() -> None:
    (problem,) = problems(pins={"drift": pin(CONFIG + METRICS)}, triton={"extraArgs": [OFF]})

    assert problem == (
        f"spec.triton.extraArgs[0]: found `{OFF}`, expected no histogram setting but"
        " histogram_latencies=true: a model's latency buckets turn them on; remove it"
    )


def test_a_pipeline_without_latency_buckets_may_turn_histograms_off() -> None:
    assert OFF in unit(triton={"extraArgs": [OFF]}).server.args
