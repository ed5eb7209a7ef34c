"""Sources of a registry: the served version, and the messages if there is none."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.api.conditions import ConditionStatus, ConditionType
from inference_operator.api.model import ModelFormat
from inference_operator.api.problem import SOURCE_URI, Problem
from inference_operator.api.reasons import Reason
from inference_operator.api.status import InferenceModelStatus, Phase, RevisionStatus
from inference_operator.domain.artifact import Artifact
from inference_operator.domain.names import ChildKey
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.repository_plan import RepositoryPlan
from inference_operator.domain.resolution import (
    Facts,
    Resolution,
    Resolved,
    SourceKey,
    Unresolved,
)
from inference_operator.planning.plan import Create, Delete, Plan
from inference_operator.planning.planner import plan
from inference_operator.planning.status.conditions.stalled import PATIENCE
from inference_operator.planning.status.explain import explain
from inference_operator.planning.status.unit_status import report
from tests.fakes.bodies import spec
from tests.unit.planning.seen import DEFAULTS, NOON, observed

ASKED = "models:/fx_drift@champion"
DIGEST = "0123456789abcdef" * 4
DOWN = Unresolved(
    Reason.REGISTRY_UNREACHABLE, (Problem("", "", "http://mlflow:5000 does not answer"),), NOON
)
NO_ALIAS = Unresolved(
    Reason.ALIAS_NOT_FOUND,
    (Problem(SOURCE_URI, "", "models:/fx_drift has no alias champion"),),
    NOON,
)


def version(number: int, asked: str = ASKED, **facts: Any) -> Resolved:
    logged = Facts(path="model.onnx", format=ModelFormat.ONNX, sha256=DIGEST, **facts)
    download = f"http://mlflow:5000/get?version={number}"
    return Resolved(asked, f"models:/fx_drift/{number}", number, f"run-{number}", download, logged)


def seen(resolution: Resolution | None, **changes: Any) -> Observed:
    uri = changes.pop("uri", ASKED)
    model = {"source": {"uri": uri}, **changes.pop("model", {})}
    body = spec(model=model, **changes.pop("spec", {}))
    return observed(body=body, resolutions=answered(uri, resolution), **changes)


def answered(uri: str, resolution: Resolution | None) -> dict[SourceKey, Resolution]:
    return {SourceKey(uri): resolution} if resolution else {}


def made(done: Plan) -> RevisionRecord:
    assert done.assessment.unit is not None
    return done.records[done.assessment.unit.revision]


def serving(resolved: Resolved, *, replicas: int = 2) -> dict[str, Any]:
    """Return the observation of a unit that serves this version."""
    first = made(plan(seen(resolved), DEFAULTS, NOON))
    stable = RevisionStatus(revision=first.revision, replicas=replicas, ready=replicas)
    return {
        "records": (first,),
        "status": InferenceModelStatus(observed_generation=1, stable=stable),
        "ready": {first.revision: (replicas, replicas)},
        "served": first.revision,
        "spec": {"replicas": replicas},
    }


def story(view: Observed) -> dict[str, tuple[ConditionStatus, str, str]]:
    done = plan(view, DEFAULTS, NOON)
    status = report(view, done, (), NOON)
    return {c.type: (c.status, c.reason, c.message) for c in status.conditions}


def test_the_pod_fetches_the_version_that_the_alias_names() -> None:
    done = plan(seen(version(4)), DEFAULTS, NOON)
    (config,) = (a for a in done.actions if isinstance(a, Create))
    (model,) = RepositoryPlan.from_json(config.manifest["data"]["plan.json"]).models
    assert (model.version, model.uri, model.sha256) == (
        4,
        "http://mlflow:5000/get?version=4",
        DIGEST,
    )


def test_readiness_is_that_of_the_registrys_version() -> None:
    done = plan(seen(version(4)), DEFAULTS, NOON)
    (deployment,) = (a.manifest for a in done.actions if a.key.kind == "Deployment")  # type: ignore[union-attr]
    pod = deployment["spec"]["template"]["spec"]
    assert pod["initContainers"][1]["args"][1:3] == ["--model=fx-drift", "--version=4"]


def test_a_pin_in_the_spec_wins_over_the_tag() -> None:
    pinned = {"source": {"uri": ASKED, "sha256": "f" * 64}}
    assert made(plan(seen(version(4), model=pinned), DEFAULTS, NOON)).sha256 == "f" * 64


def test_the_record_keeps_what_the_alias_stood_for() -> None:
    kept = made(plan(seen(version(4)), DEFAULTS, NOON))
    assert (kept.uri, kept.version, kept.resolved) == ("models:/fx_drift/4", 4, version(4))


def test_a_moved_alias_is_another_revision() -> None:
    three, four = (made(plan(seen(version(n)), DEFAULTS, NOON)).revision for n in (3, 4))
    assert three != four


def test_edited_tags_and_a_moved_server_are_none() -> None:
    moved = replace(version(4, max_batch_size=8), download="https://elsewhere/4")
    same = {made(plan(seen(v), DEFAULTS, NOON)).revision for v in (version(4), moved)}
    assert len(same) == 1


def test_a_version_that_was_registered_anew_is_another_revision() -> None:
    again = replace(version(4), run_id="another-run")
    both = {made(plan(seen(v), DEFAULTS, NOON)).revision for v in (version(4), again)}
    assert len(both) == 2


def test_decisions_name_version_run_and_digest() -> None:
    (decision,) = plan(seen(version(4)), DEFAULTS, NOON).decisions
    assert f"of models:/fx_drift/4 (run run-4, sha256 {DIGEST})" in decision.message
    assert decision.artifact == Artifact("models:/fx_drift/4", "4", DIGEST, "run-4")


def test_the_status_names_version_run_and_digest() -> None:
    view = seen(version(4), **serving(version(4)))
    model = report(view, plan(view, DEFAULTS, NOON), (), NOON).model
    assert model is not None
    assert (model.version, model.run_id, model.sha256, model.uri) == (
        "4",
        "run-4",
        DIGEST,
        "models:/fx_drift/4",
    )


def test_before_the_first_answer_nothing_is_made() -> None:
    done = plan(seen(None), DEFAULTS, NOON)
    assert (done.actions, done.assessment.unit) == ((), None)


def test_before_the_first_answer_it_is_being_asked() -> None:
    conditions = story(seen(None))
    assert conditions[ConditionType.ARTIFACT_RESOLVED][:2] == (ConditionStatus.UNKNOWN, "Resolving")
    assert conditions[ConditionType.READY][:2] == (ConditionStatus.FALSE, "Resolving")
    assert conditions[ConditionType.SPEC_VALID][0] is ConditionStatus.UNKNOWN
    assert ConditionType.RECONCILING in conditions
    assert ConditionType.STALLED not in conditions


def test_a_new_model_of_a_registry_that_is_down_waits() -> None:
    conditions = story(seen(DOWN))
    assert conditions[ConditionType.READY] == (
        ConditionStatus.FALSE,
        "RegistryUnreachable",
        "http://mlflow:5000 does not answer (since 2031-05-06T12:00:00Z)",
    )
    assert ConditionType.STALLED not in conditions


@pytest.mark.parametrize("answer", [None, DOWN, NO_ALIAS])
def test_what_serves_goes_on_without_an_answer(answer: Resolution | None) -> None:
    done = plan(seen(answer, **serving(version(3))), DEFAULTS, NOON)
    assert done.rollout.state.stable == made(done).revision
    assert not any(isinstance(action, Delete) for action in done.actions)


def test_a_registry_that_is_down_leaves_ready_as_it_is() -> None:
    conditions = story(seen(DOWN, **serving(version(3))))
    assert conditions[ConditionType.READY][:2] == (ConditionStatus.TRUE, "Ready")
    assert conditions[ConditionType.ARTIFACT_RESOLVED] == (
        ConditionStatus.UNKNOWN,
        "RegistryUnreachable",
        "http://mlflow:5000 does not answer (since 2031-05-06T12:00:00Z);"
        f" until then the operator uses models:/fx_drift/3 (run run-3, sha256 {DIGEST})",
    )


def test_a_bad_alias_is_not_ready_although_the_last_version_serves() -> None:
    before = serving(version(3))
    conditions = story(seen(NO_ALIAS, **before))
    assert conditions[ConditionType.READY][:2] == (ConditionStatus.FALSE, "AliasNotFound")
    assert ConditionType.STALLED not in conditions, "it may be set in a moment"

    waited = before["status"].model_copy(update={"problem_since": NOON - PATIENCE})
    conditions = story(seen(NO_ALIAS, **{**before, "status": waited}))
    assert conditions[ConditionType.STALLED][:2] == (ConditionStatus.TRUE, "AliasNotFound")
    assert conditions[ConditionType.ARTIFACT_RESOLVED][0] is ConditionStatus.FALSE
    assert conditions[ConditionType.AVAILABLE][0] is ConditionStatus.TRUE


def test_a_bad_alias_beside_what_serves_is_degraded() -> None:
    view = seen(NO_ALIAS, **serving(version(3)))
    assert report(view, plan(view, DEFAULTS, NOON), (), NOON).phase is Phase.DEGRADED


@pytest.mark.parametrize("answer", [DOWN, NO_ALIAS])
def test_the_scale_follows_the_spec_without_an_answer(answer: Unresolved) -> None:
    before = serving(version(3))
    done = plan(seen(answer, **{**before, "spec": {"replicas": 5}}), DEFAULTS, NOON)
    live = ChildKey("Deployment", f"fx-drift-{made(done).revision}")
    (scaled,) = (a for a in done.actions if a.key == live)
    assert scaled.manifest["spec"]["replicas"] == 5  # type: ignore[union-attr]


def test_another_edit_is_rolled_out_with_the_version_that_stands() -> None:
    before = serving(version(3))
    edited = {"replicas": 2, "triton": {"image": "registry.example/triton:27.01"}}
    done = plan(seen(DOWN, **{**before, "spec": edited}), DEFAULTS, NOON)
    assert done.rollout.state.canary == made(done).revision
    assert made(done).resolved == version(3)


def test_a_canary_goes_on_when_the_registry_goes_down() -> None:
    before = serving(version(3))
    (old,) = before["records"]
    new = made(plan(seen(version(4)), DEFAULTS, NOON))
    status = before["status"].model_copy(update={"canary": RevisionStatus(revision=new.revision)})
    view = seen(DOWN, **{**before, "status": status, "records": (old, new)})
    assert plan(view, DEFAULTS, NOON).rollout.state.canary == new.revision


def test_another_alias_is_not_served_from_what_this_one_stood_for() -> None:
    view = seen(DOWN, uri="models:/fx_drift@challenger", **serving(version(3)))
    done = plan(view, DEFAULTS, NOON)
    assert done.assessment.unit is None
    assert done.rollout.state.stable is not None
    conditions = story(view)
    assert conditions[ConditionType.READY][:2] == (ConditionStatus.FALSE, "RegistryUnreachable")
    assert "continues to serve on 2 replicas" in conditions[ConditionType.READY][2]


def test_a_version_that_cannot_be_served_leaves_the_last_one_serving() -> None:
    bare = replace(version(4), facts=Facts("data/model.pth", ModelFormat.TORCHSCRIPT))
    view = seen(bare, **serving(version(3)))
    assert made(plan(view, DEFAULTS, NOON)).version == 3
    status, reason, message = story(view)[ConditionType.ARTIFACT_RESOLVED]
    assert (status, reason) == (ConditionStatus.FALSE, "ModelUnusable")
    assert "models:/fx_drift/4 has no tensor signature" in message
    assert "models:/fx_drift/3 (run run-3" in message


def test_contradictions_are_told_where_the_artifact_is() -> None:
    view = seen(version(4, max_batch_size=8), model={"maxBatchSize": 16}, **serving(version(4)))
    done = plan(view, DEFAULTS, NOON)
    assert done.assessment.contradictions == (
        Problem("spec.model.maxBatchSize", "16", "at most 8, as the version's tag says"),
    )
    assert "differs: spec.model.maxBatchSize: found 16" in explain(done)


def test_a_plan_says_what_it_waits_for() -> None:
    text = explain(plan(seen(DOWN), DEFAULTS, NOON))
    assert "unresolved: RegistryUnreachable: http://mlflow:5000 does not answer" in text


def test_other_sources_never_wait_for_a_registry() -> None:
    done = plan(observed(), DEFAULTS, NOON)
    assert done.assessment.unit is not None
    assert done.assessment.unresolved is None


def test_a_spec_that_is_no_map_is_still_an_invalid_spec() -> None:
    view = replace(observed(resolutions=answered(ASKED, DOWN)), spec={"model": 7})
    assert plan(view, DEFAULTS, NOON).assessment.invalid is not None
