"""Objects that are too large for the API server are refused with a message."""

import json
from typing import Any

import pytest

from inference_operator.domain.repository_plan import MOST_DATA
from inference_operator.planning.planner import plan
from inference_operator.resources.controller_revision import new_record
from inference_operator.validation import storable as stored
from tests.largest import chain, name_of
from tests.planned import seen
from tests.unit.planning.decided import MINE
from tests.unit.planning.seen import DEFAULTS, NOON, observed, with_children

MOST_STORED = 1_572_864
"""Of one object, in bytes: etcd's limit."""


def sizes(body: dict[str, Any]) -> tuple[list[str], dict[str, int]]:
    made = plan(seen(body), DEFAULTS, NOON)
    problems = list(map(str, made.assessment.invalid.problems)) if made.assessment.invalid else []
    return problems, {a.key.kind: len(json.dumps(a.manifest)) for a in made.actions}  # type: ignore[union-attr]


def test_an_ensemble_with_names_too_long_for_a_config_map_is_refused() -> None:
    (problem,), written = sizes(chain(lambda number: name_of(number, 253), 20))

    assert written == {}
    assert problem.startswith("spec: found ")
    assert (
        " bytes of config.pbtxt and plan.json in all, expected 1048576 at most: the API" in problem
    )
    assert problem.endswith("names of tensors, or serve fewer models in one")


def test_what_is_a_little_smaller_can_be_stored() -> None:
    body = chain(lambda number: name_of(number, 160), 20)
    made = plan(seen(body), DEFAULTS, NOON)

    assert made.assessment.unit is not None
    data = new_record(made.assessment.unit, 1).repository
    assert 0.8 * MOST_DATA < sum(len(text.encode()) for text in data.values()) < MOST_DATA
    assert all(len(json.dumps(a.manifest)) < MOST_STORED for a in made.actions)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("limit", "text"), [("MOST_DATA", "no larger ConfigMap"), ("MOST_RECORD", "no larger Contr")]
)
def test_a_single_model_has_the_same_limits(
    limit: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = plan(observed(), DEFAULTS, NOON).records
    monkeypatch.setattr(stored, limit, 100)

    refused = plan(observed(), DEFAULTS, NOON)
    assert refused.assessment.invalid is not None
    assert text in refused.assessment.invalid.message

    # A stored record stays valid: an upgrade makes no valid spec invalid.
    kept = plan(with_children(observed(), revisions=records), DEFAULTS, NOON)
    assert kept.assessment.invalid is None
    assert kept.assessment.unit is not None
    assert kept.assessment.unit.revision == MINE
