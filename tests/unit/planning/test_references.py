"""What is told of the resources that a pipeline's steps refer to."""

from dataclasses import replace

import pytest

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from inference_operator.domain.observed import Reference, Referenced
from inference_operator.domain.pins import Pin
from inference_operator.planning.references import settle_pipeline
from inference_operator.planning.rollout import Position
from tests.fakes.bodies import PIPELINE, epipe
from tests.unit.planning.seen import OWNER, observed

PIN = Pin("InferenceModel", "fx-drift", "aaa", "fx-drift", 3, "", "", None, {})
SERVES = "drift: InferenceModel fx-drift version 3 (revision aaa)"


@pytest.mark.parametrize(
    ("there", "message"),
    [
        (Referenced(PIN, ready=True), SERVES),
        (Referenced(PIN, ready=True, deleting=True), f"{SERVES}, which is being deleted"),
        (Referenced(PIN, reason="Scaling"), SERVES),
        (
            Referenced(PIN, reason="CrashLoop"),
            f"{SERVES}, which is not Ready now (CrashLoop)",
        ),
    ],
)
def test_a_reference_that_resolves_says_how_its_resource_fares(
    there: Referenced, message: str
) -> None:
    body = epipe()["spec"]
    seen = replace(
        observed(wanted=body),
        owner=replace(OWNER, key=PIPELINE),
        references={Reference("InferenceModel", "fx-drift"): there},
    )
    settled = settle_pipeline(seen, Position(), EnsemblePipelineSpec.model_validate(body))

    (found,) = settled.references
    assert found.resolves
    assert found.message == message
