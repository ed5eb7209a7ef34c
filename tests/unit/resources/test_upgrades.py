"""An upgrade restarts nothing: records of the operator before are applied as they are."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.api.status import STATUS_OF_KIND, RevisionStatus
from inference_operator.domain.names import ChildKey
from inference_operator.domain.observed import Children, DeploymentView, Observed, RevisionRecord
from inference_operator.domain.traffic import Traffic
from inference_operator.planning.planner import plan
from inference_operator.resources.metadata import owned
from inference_operator.validation.defaults import Defaults
from tests.unit.planning.seen import NOON
from tests.unit.resources.inputs import INPUTS, seen_of
from tests.unit.resources.records import NAMES, read, written

UPGRADED = Defaults("registry.example/triton:27.02", "registry.example/inference-operator:9.0.0")


def running(name: str) -> Observed:
    """The unit of the record, one replica of which serves, as an upgraded operator sees it."""
    record = read(written(name), name)
    assert isinstance(record, RevisionRecord)
    seen = seen_of(INPUTS[name])
    live: dict[ChildKey, Any] = {}
    for body in (written(name), *written(name)["data"]["children"]):
        child = owned(body, seen.owner)
        child["metadata"]["uid"] = f"uid-of-{body['kind']}"
        live[ChildKey(body["kind"], body["metadata"]["name"])] = child
    replicas = INPUTS[name]["spec"].get("replicas", 1)
    live[ChildKey("Deployment", written(name)["metadata"]["name"])]["spec"]["replicas"] = replicas
    kind = seen.owner.key.kind
    stable = RevisionStatus(revision=record.revision, replicas=replicas, ready=replicas)
    return replace(
        seen,
        status=STATUS_OF_KIND[kind](observed_generation=1, stable=stable),
        children=Children(
            live=live,
            revisions={record.revision: record},
            deployments={record.revision: DeploymentView(replicas, replicas)},
            traffic=Traffic.to(record.revision),
        ),
    )


@pytest.mark.parametrize("name", sorted({*NAMES} & {*INPUTS}))
def test_nothing_of_a_revision_is_written_by_an_upgraded_operator(name: str) -> None:
    seen = running(name)
    done = plan(seen, UPGRADED, NOON)

    kinds = {action.key.kind for action in done.actions}
    assert kinds <= {"Service", "PodDisruptionBudget"}
    assert done.rollout.state.canary is None
    assert not done.rejected
    assert Reason.RECORD_REJECTED not in {decision.reason for decision in done.decisions}


def test_several_kinds_of_specs_are_covered() -> None:
    assert len({*NAMES} & {*INPUTS}) >= 8
