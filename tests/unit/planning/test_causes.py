"""Who made the difference that a write removes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from inference_operator.api.status import InferenceModelStatus, RevisionStatus
from inference_operator.domain.names import ChildKey
from inference_operator.domain.observed import Observed
from inference_operator.domain.traffic import Traffic
from inference_operator.planning.plan import Cause, Delete, key_of
from inference_operator.planning.planner import plan
from inference_operator.resources.metadata import owned
from inference_operator.resources.pod_disruption_budget import pod_disruption_budget
from inference_operator.resources.service import service
from tests.fakes.bodies import spec
from tests.unit.planning.decided import MINE
from tests.unit.planning.seen import DEFAULTS, NOON, OWNER, observed, with_children

SERVING = InferenceModelStatus(
    observed_generation=1,
    stable=RevisionStatus(revision=MINE, replicas=2, ready=2),
)


def serving(*missing: str, edits: Mapping[str, Any] | None = None) -> Observed:
    """Return a unit that serves with two replicas, without some children or with edited ones."""
    first = plan(observed(body=spec(replicas=2)), DEFAULTS, NOON)
    children: dict[ChildKey, Any] = {}
    for action in first.actions:
        assert not isinstance(action, Delete)
        body = dict(action.manifest)
        body["metadata"] = {**body["metadata"], "uid": f"u-{action.key.kind}"}
        if action.key.kind not in missing:
            children[action.key] = body
    for body in (edits or {}).values():
        child = owned(dict(body), OWNER)
        children[key_of(body)] = {**child, "metadata": {**child["metadata"], "uid": "u"}}
    return with_children(
        observed(
            body=spec(replicas=2),
            status=SERVING,
            records=tuple(first.records.values()),
            ready={MINE: (2, 2)},
            served=MINE,
        ),
        live=children,
    )


def causes(seen: Observed) -> dict[str, Cause]:
    return {action.key.kind: action.cause for action in plan(seen, DEFAULTS, NOON).actions}


def test_the_children_of_a_new_unit_follow_from_a_decision() -> None:
    made = causes(observed(body=spec(replicas=2)))

    assert len(made) == 5
    assert set(made.values()) == {Cause.DECISION}


def test_a_unit_that_waited_before_its_first_revision_repairs_nothing() -> None:
    waited = InferenceModelStatus(observed_generation=1)

    assert set(causes(observed(body=spec(replicas=2), status=waited)).values()) == {Cause.DECISION}


@pytest.mark.parametrize("kind", ["ConfigMap", "Deployment", "Service", "PodDisruptionBudget"])
def test_a_child_that_served_and_is_missing_is_repaired(kind: str) -> None:
    assert causes(serving(kind)) == {kind: Cause.REPAIR}


def test_what_is_as_it_shall_be_is_not_written() -> None:
    assert causes(serving()) == {}


def test_a_selector_that_a_person_edited_is_repaired() -> None:
    elsewhere = service(OWNER, "0ld")
    seen = serving(edits={"Service": elsewhere})

    assert causes(with_children(seen, traffic=Traffic.to("0ld"))) == {"Service": Cause.REPAIR}


def test_a_service_that_follows_the_canary_moves_by_a_decision() -> None:
    status = SERVING.model_copy(
        update={
            "stable": RevisionStatus(revision="0ld", replicas=2, ready=2),
            "canary": RevisionStatus(revision=MINE, replicas=2, ready=2),
        }
    )
    budget = pod_disruption_budget(OWNER, "0ld", 2)
    assert budget is not None
    seen = serving(edits={"Service": service(OWNER, "0ld"), "PodDisruptionBudget": budget})
    views = dict.fromkeys((MINE, "0ld"), seen.children.deployments[MINE])
    seen = replace(seen, status=status)
    seen = with_children(seen, deployments=views, traffic=Traffic.to("0ld"))

    assert causes(seen) == {"Service": Cause.DECISION}


def test_a_budget_of_an_operator_of_before_is_changed_by_a_decision() -> None:
    budget = pod_disruption_budget(OWNER, MINE, 2)
    assert budget is not None
    for_all = {k: v for k, v in budget["spec"].items() if k != "unhealthyPodEvictionPolicy"}
    labels = dict(for_all["selector"]["matchLabels"])
    labels.popitem()
    old = {**budget, "spec": {**for_all, "selector": {"matchLabels": labels}}}

    assert causes(serving(edits={"PodDisruptionBudget": old})) == {
        "PodDisruptionBudget": Cause.DECISION
    }


def test_each_write_comes_behind_those_that_it_must_follow() -> None:
    for seen in (observed(body=spec(replicas=2)), serving("ConfigMap", "Deployment", "Service")):
        before: set[ChildKey] = set()
        for action in plan(seen, DEFAULTS, NOON).actions:
            assert set(action.after) <= before
            before.add(action.key)
