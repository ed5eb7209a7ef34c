"""The problems of a pipeline whose steps need GPUs that its pods would not have."""

from typing import Any

import pytest

from inference_operator.domain.accelerator import Mode
from inference_operator.domain.repository_plan import ArtifactFormat
from tests.fakes.bodies import step
from tests.unit.validation.pipelines import CONFIG, average, config, inline, pin, problems, unit

ON_GPU = {"instanceGroups": [{"kind": "GPU"}]}


def test_a_model_on_gpus_needs_an_accelerator() -> None:
    (problem,) = problems(pins={"drift": pin(CONFIG + "instance_group { kind: KIND_GPU }")})

    assert problem == (
        "spec.steps[drift].triton.instanceGroups: found instances of drift on GPUs, expected"
        " spec.accelerator; add spec.accelerator, or set triton.instanceGroups of the step to kind"
        " CPU"
    )


def test_a_gpu_that_the_pod_does_not_have() -> None:
    (problem,) = problems(
        pins={"drift": pin(CONFIG + "instance_group { kind: KIND_GPU gpus: [1] }")},
        mode=Mode.ACCELERATOR,
        accelerator={"count": 1},
    )

    assert "found GPU 1 for drift, expected an index from 0 to 0" in problem


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("drift", {"pins": {"drift": pin(CONFIG + "instance_group { kind: KIND_GPU }")}}),
        ("drift", {"steps": [step(triton=ON_GPU)]}),
        ("drift", {"pins": {}, "steps": [{**inline(), "triton": ON_GPU}]}),
        ("average", average(triton=ON_GPU)),
    ],
    ids=["a referenced model", "what a step says of one", "an inline model", "a built-in"],
)
def test_on_the_cpu_no_step_asks_for_gpus(name: str, changes: dict[str, Any]) -> None:
    served = unit(accelerator={"whenUnavailable": "UseCPU"}, **changes)

    (group,) = config(served, name).instance_group
    assert group.kind == 2, "KIND_CPU"


def test_an_engine_needs_an_accelerator() -> None:
    (problem,) = problems(pins={"drift": pin(format=ArtifactFormat.TENSORRT)})

    assert "found drift, a TensorRT engine, expected spec.accelerator" in problem
