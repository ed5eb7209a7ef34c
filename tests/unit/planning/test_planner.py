"""Whole plans, computed without a cluster."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.conditions import ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.api.status import (
    AcceleratorMode,
    InferenceModelStatus,
    RevisionStatus,
)
from inference_operator.domain.accelerator import Mode, Node
from inference_operator.domain.names import ChildKey
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.planning.plan import Action, Delete
from inference_operator.planning.planner import plan
from inference_operator.planning.rollout.history import history
from inference_operator.planning.status.explain import explain
from inference_operator.planning.status.unit_status import report
from tests.fakes.bodies import source, spec
from tests.unit.planning.decided import MINE, OLD
from tests.unit.planning.seen import DEFAULTS, NOON, observed, record, with_children, with_inputs


def kinds(actions: tuple[Action, ...]) -> list[str]:
    return sorted(action.key.kind for action in actions)


def test_what_pods_need_is_written_before_them() -> None:
    actions = plan(observed(body=spec(replicas=2)), DEFAULTS, NOON).actions
    (deployment,) = (action for action in actions if action.key.kind == "Deployment")

    assert {key.kind for key in deployment.after} == {"ConfigMap", "ControllerRevision"}
    assert kinds(actions[:3]) == ["ConfigMap", "ControllerRevision", "Service"]
    assert kinds(actions[3:]) == ["Deployment", "PodDisruptionBudget"]


@pytest.mark.parametrize(("replicas", "budgets"), [(0, 0), (1, 0), (2, 1), (9, 1)])
def test_a_budget_from_two_replicas_on(replicas: int, budgets: int) -> None:
    done = plan(observed(body=spec(replicas=replicas)), DEFAULTS, NOON)

    assert sum(a.key.kind == "PodDisruptionBudget" for a in done.actions) == budgets


def test_every_child_names_its_owner() -> None:
    done = plan(observed(body=spec(replicas=2)), DEFAULTS, NOON)

    for action in done.actions:
        assert not isinstance(action, Delete)
        (owner,) = action.manifest["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"], owner["controller"]) == (
            "InferenceModel",
            "uid-of-owner",
            True,
        )


def test_equal_specs_give_equal_plans() -> None:
    assert plan(observed(), DEFAULTS, NOON) == plan(observed(), DEFAULTS, NOON)


@pytest.mark.parametrize(
    "broken",
    [{}, {"model": 7}, "no spec at all", ["a", "list"], {"model": {}, "replicas": "many"}],
    ids=["empty", "model is a number", "a string", "a list", "two errors"],
)
def test_a_spec_of_any_shape_is_reported_and_never_raises(broken: Any) -> None:
    seen = observed(generation=2)
    seen = type(seen)(owner=seen.owner, generation=2, spec=broken, status=seen.status)
    done = plan(seen, DEFAULTS, NOON)

    assert done.assessment.invalid is not None
    assert done.actions == ()
    assert report(seen, done, (), NOON).phase == "Failed"


@pytest.mark.parametrize("name", ["lstm-", "lstm.", "a" * 250])
def test_a_name_that_no_repository_can_hold_is_reported_and_never_raises(name: str) -> None:
    model = {**spec()["model"], "name": name}
    done = plan(observed(body=spec(model=model)), DEFAULTS, NOON)

    assert done.assessment.invalid is None or "name" in done.assessment.invalid.message


@pytest.mark.parametrize("replicas", [{}, {"replicas": 0}, {"replicas": 3}])
def test_an_invalid_spec_keeps_the_last_size(replicas: dict[str, int]) -> None:
    status = InferenceModelStatus(observed_generation=1, stable=RevisionStatus(revision="0ld"))
    seen = observed(
        body={**spec(), "triton": {"nonsense": 1}, **replicas},
        status=status,
        records=(OLD,),
        ready={"0ld": (5, 5)},
    )
    done = plan(seen, DEFAULTS, NOON)

    assert done.assessment.invalid is not None
    assert (done.sizes.unit, done.rollout.state) == (5, RolloutState(stable="0ld"))


def test_an_invalid_spec_restores_a_lost_deployment_in_its_last_size() -> None:
    status = InferenceModelStatus(
        observed_generation=1, stable=RevisionStatus(revision="0ld", replicas=4)
    )
    seen = observed(
        body={**spec(), "triton": {"nonsense": 1}}, status=status, records=(OLD,), ready={}
    )

    assert plan(seen, DEFAULTS, NOON).sizes.unit == 4


def test_an_illegible_number_of_replicas_changes_no_size() -> None:
    status = InferenceModelStatus(observed_generation=1, stable=RevisionStatus(revision="0ld"))
    seen = observed(
        body={**spec(), "replicas": "three"},
        status=status,
        records=(OLD,),
        ready={"0ld": (4, 5)},
    )

    assert plan(seen, DEFAULTS, NOON).sizes.unit == 5


def test_history_keeps_the_newest_besides_the_live_ones() -> None:
    records = {str(n): record(str(n), n) for n in range(6)}

    assert history(records, RolloutState(stable="5", previous="1"), 2) == {"4", "3"}
    assert history(records, RolloutState(stable="5"), 0) == frozenset()
    assert history(records, RolloutState(stable="1"), 0) == frozenset()


def test_history_keeps_the_last_number_that_a_pipeline_gave() -> None:
    steps = (ServedStep("average", "average", 1),)
    records = {str(n): record(str(n), n, steps=steps) for n in range(4)}

    assert history(records, RolloutState(stable="1"), 0) == {"3"}
    assert history(records, RolloutState(stable="1"), 1) == {"3"}
    assert history(records, RolloutState(stable="3"), 0) == frozenset()


def test_scaling_is_told_against_what_was_reported() -> None:
    status = InferenceModelStatus(
        observed_generation=0, stable=RevisionStatus(revision=MINE, replicas=2)
    )
    seen = observed(
        body=spec(replicas=5), status=status, records=(record(MINE),), ready={MINE: (2, 2)}
    )
    (decision,) = plan(seen, DEFAULTS, NOON).decisions

    assert (decision.reason, decision.source, decision.target) == (Reason.SCALED, "2", "5")


@pytest.mark.parametrize(
    ("others", "has_none"),
    [
        (("Service",), True),
        (("PodDisruptionBudget",), False),
        (("PodDisruptionBudget", "Service"), True),
    ],
)
def test_names_that_others_have_are_told_and_the_services_counts(
    others: tuple[str, ...], has_none: bool
) -> None:
    keys = [ChildKey(kind, "fx-drift") for kind in others]
    seen = with_children(observed(body=spec(replicas=2)), name_conflicts=dict.fromkeys(keys))
    done = plan(seen, DEFAULTS, NOON)

    assert list(done.blocked_by_conflicts) == keys
    assert [message.partition(" ")[0] for message in done.blocked_by_conflicts.values()] == [
        f"{kind}/fx-drift" for kind in others
    ]
    assert done.has_no_service is has_none
    assert not {action.key for action in done.actions} & set(keys)


def test_leftovers_of_a_predecessor_are_waited_for() -> None:
    leftover = frozenset({ChildKey("Service", "fx-drift")})
    seen = with_children(observed(), orphans_of_predecessor=leftover)

    done = plan(seen, DEFAULTS, NOON)
    assert sorted(a.key.kind for a in done.actions) == [
        "ConfigMap",
        "ControllerRevision",
        "Deployment",
    ]


def test_it_can_be_explained_in_words() -> None:
    assert explain(plan(observed(body=spec(replicas=2)), DEFAULTS, NOON)) == (
        "InferenceModel/desk-7/fx-drift:\n"
        "  wanted: model fx-drift version 1 from https://store.example/fx/7/model.onnx,"
        f" revision {MINE}, 2 replicas\n"
        f"  decision: RevisionCreated: revision {MINE} of https://store.example/fx/7/model.onnx"
        " starts with 2 replicas\n"
        "  next check: in 600 s at the latest\n"
        f"  apply  ControllerRevision/fx-drift-{MINE} (missing)\n"
        f"  create ConfigMap/fx-drift-{MINE} (missing)\n"
        "  apply  Service/fx-drift (missing)\n"
        f"  apply  Deployment/fx-drift-{MINE} (missing)\n"
        "  apply  PodDisruptionBudget/fx-drift (missing)"
    )


def test_a_deadline_that_comes_wakes_in_time() -> None:
    assert plan(observed(), DEFAULTS, NOON).wake_after == timedelta(minutes=10)


def test_gpus_that_appear_make_a_revision_of_their_own() -> None:
    body = spec(model=source(1), accelerator={"whenUnavailable": "UseCPU"})
    without = plan(observed(body=body), DEFAULTS, NOON)
    gpu = Node("gpu-a", extended={"nvidia.com/gpu": 1})
    with_gpu = plan(observed(body=body, nodes=(gpu,)), DEFAULTS, NOON)

    assert without.assessment.unit is not None
    assert with_gpu.assessment.unit is not None
    assert without.assessment.unit.revision != with_gpu.assessment.unit.revision
    assert "KIND_GPU" not in without.assessment.unit.entry_model.config


def test_without_known_nodes_a_first_revision_waits_for_its_accelerator_and_says_so() -> None:
    body = spec(model=source(1), accelerator={"whenUnavailable": "UseCPU"})
    seen = with_inputs(observed(body=body), nodes=None)
    made = plan(seen, DEFAULTS, NOON)
    status = report(seen, made, (), NOON)

    assert made.assessment.unit is not None
    assert made.assessment.unit.workload.mode is Mode.ACCELERATOR
    ready = status.condition(ConditionType.READY)
    assert ready is not None
    assert "the fallback to the CPU is off because the operator may not list nodes" in ready.message
    assert status.accelerator is not None
    assert status.accelerator.mode is AcceleratorMode.GPU


def test_without_known_nodes_what_fell_back_makes_no_revision() -> None:
    body = spec(model=source(1), accelerator={"whenUnavailable": "UseCPU"})
    before = plan(observed(body=body), DEFAULTS, NOON)
    status = report(observed(body=body), before, (), NOON)
    assert isinstance(status, InferenceModelStatus)
    after = plan(with_inputs(observed(body=body, status=status), nodes=None), DEFAULTS, NOON)

    assert before.assessment.unit is not None
    assert after.assessment.unit is not None
    assert after.assessment.unit.revision == before.assessment.unit.revision
