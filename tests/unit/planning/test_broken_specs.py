"""The broken situations that the operator tells from the spec alone, without a cluster."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from inference_operator.api.base import API_VERSION
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.domain.serving_unit import Owner
from inference_operator.planning.planner import plan
from inference_operator.planning.status.unit_status import report
from tests.broken.situation import Situation
from tests.broken.table import SITUATIONS
from tests.fakes.bodies import NAMESPACE
from tests.unit.planning.seen import DEFAULTS, NOON, observed

MODEL = {
    "source": {"uri": "https://store.example/linear/model.onnx"},
    "format": "onnx",
    "maxBatchSize": 8,
    "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
    "outputs": [{"name": "y", "dataType": "FP32", "shape": [4]}],
}
PURE = [situation for situation in SITUATIONS if not situation.needs_cluster]


def seen(situation: Situation) -> Observed:
    """Return the observation of a unit that was just applied."""
    kind = "EnsemblePipeline" if situation.pipeline is not None else "InferenceModel"
    spec: dict[str, Any] = copy.deepcopy({"model": MODEL, "triton": {}})
    for path, value in situation.changes_in(NAMESPACE).items():
        *parents, last = path.split(".")[1:]
        place = spec
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    key = UnitKey(kind, NAMESPACE, situation.slug)
    body = situation.pipeline if situation.pipeline is not None else spec
    return replace(observed(body=body), owner=Owner(key, API_VERSION, "uid-of-owner"))


@pytest.mark.parametrize("situation", PURE, ids=lambda situation: situation.slug)
def test_a_bad_spec_is_explained_without_a_cluster(situation: Situation) -> None:
    observation = seen(situation)
    decided = plan(observation, DEFAULTS, NOON)
    conditions = report(observation, decided, (), NOON).conditions
    (ready,) = (condition for condition in conditions if condition.type == "Ready")

    assert (ready.status.value, ready.reason) == ("False", situation.reason)
    assert situation.pattern.search(ready.message), ready.message
    assert not [action for action in decided.actions if action.key.kind == "Deployment"]


def test_some_need_no_cluster() -> None:
    assert len(PURE) >= 8
