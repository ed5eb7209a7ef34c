"""Weights of a canary whose model keeps the state of sequences."""

from typing import Any

import pytest

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.domain.accelerator import Mode
from inference_operator.validation.invalid import Invalid
from inference_operator.validation.model import model_unit
from inference_operator.validation.signature import CompletedSpec
from tests.fakes.bodies import spec
from tests.unit.planning.seen import DEFAULTS, OWNER
from tests.unit.validation.pipelines import CONFIG, pin, problems

SEQUENCES = "sequence_batching { max_sequence_idle_microseconds: 5000000 }"


def canary(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"canary": {"steps": list(steps)}}


def sentences(*steps: dict[str, Any], overrides: str = SEQUENCES) -> list[str]:
    body = spec(triton={"configOverrides": overrides}, rollout=canary(*steps))
    model = InferenceModelSpec.model_validate(body)
    served = model_unit(OWNER, 1, CompletedSpec(model, model), Mode.CPU, DEFAULTS)
    return list(map(str, served.problems)) if isinstance(served, Invalid) else []


def test_a_weight_may_not_divide_a_sequence() -> None:
    (sentence,) = sentences({"setWeight": 10}, {"pause": {}}, {"setWeight": 100})

    assert sentence == (
        "spec.rollout.canary.steps[0].setWeight: found 10, and sequence_batching in model fx-drift,"
        " expected 100: the requests of one sequence must reach one pod; use only setCanaryScale,"
        " pause and setWeight 100 in the steps"
    )


@pytest.mark.parametrize(
    "steps", [({"setCanaryScale": {"replicas": 1}}, {"pause": {}}), ({"setWeight": 100},)]
)
def test_sequences_may_move_to_another_version_as_a_whole(
    steps: tuple[dict[str, Any], ...],
) -> None:
    assert sentences(*steps) == []


def test_other_models_may_have_any_weight() -> None:
    assert sentences({"setWeight": 10}, overrides="") == []


def test_a_step_of_a_pipeline_may_keep_the_sequences() -> None:
    sentences_of_pipeline = problems(
        pins={"drift": pin(CONFIG + SEQUENCES)}, rollout=canary({"setWeight": 10})
    )

    assert any(
        "steps[0].setWeight: found 10, and sequence_batching in model drift" in sentence
        for sentence in sentences_of_pipeline
    ), sentences_of_pipeline
