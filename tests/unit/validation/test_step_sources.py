"""Inline models of a registry: the versions of a pipeline's set, and their messages."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.api.base import API_VERSION
from inference_operator.api.conditions import ConditionStatus, ConditionType
from inference_operator.api.model import ModelFormat
from inference_operator.api.problem import SOURCE_URI, Problem
from inference_operator.api.reasons import Reason
from inference_operator.api.status import EnsemblePipelineStatus, RevisionStatus
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.repository_plan import RepositoryPlan
from inference_operator.domain.resolution import (
    Facts,
    Resolution,
    Resolved,
    SourceKey,
    TensorFact,
    Unresolved,
)
from inference_operator.domain.serving_unit import Owner
from inference_operator.planning.plan import Create, Delete, Plan
from inference_operator.planning.planner import plan
from inference_operator.planning.status.unit_status import report
from tests.fakes.bodies import PIPELINE, epipe, step
from tests.unit.planning.seen import DEFAULTS, NOON, observed

OWNER = Owner(PIPELINE, API_VERSION, "uid-of-owner")
PRICE, TEXT = "models:/fx_drift@champion", "models:/fx_news@champion"
DOWN = Unresolved(
    Reason.REGISTRY_UNREACHABLE, (Problem("", "", "http://mlflow:5000 does not answer"),), NOON
)
NO_ALIAS = Unresolved(
    Reason.ALIAS_NOT_FOUND,
    (Problem(SOURCE_URI, "", "models:/fx_news has no alias champion", "correct it"),),
    NOON,
)
FACTS = Facts(
    path="model.onnx",
    format=ModelFormat.ONNX,
    inputs=(TensorFact("x", "float32", (4,)),),
    outputs=(TensorFact("y", "float32", (1,)),),
)


def version(asked: str, number: int, **facts: Any) -> Resolved:
    name = asked.partition("@")[0]
    logged = replace(FACTS, **facts)
    return Resolved(
        asked, f"{name}/{number}", number, f"run-{number}", f"http://m/{number}", logged
    )


def inline(name: str, uri: str, output: str, *, secret: str = "", pin: str = "") -> dict[str, Any]:
    """Return a step with an inline model; `secret` names the Secret of its source."""
    source: dict[str, Any] = {"uri": uri}
    if secret:
        source["secretRef"] = {"name": secret}
    if pin:
        source["sha256"] = pin
    body = step(name, modelRef=None, outputMap={"y": output})
    return {**body, "model": {"source": source}}


BOTH = (inline("price", PRICE, "forecast"), inline("text", TEXT, "score"))


def seen(
    price: Resolution | None,
    text: Resolution | None,
    *,
    steps: tuple[dict[str, Any], ...] = BOTH,
    records: tuple[RevisionRecord, ...] = (),
    **answers: Resolution,
) -> Observed:
    """`records`: of the revision that serves. `answers`: what holders of a Secret are told of the
    price's uri."""
    outputs = [
        {"name": tensor, "dataType": "FP32", "shape": [1]}
        for each in steps
        for tensor in each["outputMap"].values()
    ]
    answered = {SourceKey(PRICE): price, SourceKey(TEXT): text}
    answered |= {SourceKey(PRICE, secret): answer for secret, answer in answers.items()}
    stable = records[0].revision if records else None
    view = observed(
        body=epipe(steps=list(steps), outputs=outputs)["spec"],
        resolutions={key: answer for key, answer in answered.items() if answer is not None},
        records=records,
        ready={stable: (1, 1)} if stable else None,
        served=stable,
    )
    status = EnsemblePipelineStatus()
    if stable:
        status = EnsemblePipelineStatus(
            observed_generation=1, stable=RevisionStatus(revision=stable, replicas=1, ready=1)
        )
    return replace(view, owner=OWNER, status=status)


def made(view: Observed) -> RevisionRecord:
    done = plan(view, DEFAULTS, NOON)
    assert done.assessment.unit is not None, done.assessment.invalid or done.assessment.unresolved
    return done.records[done.assessment.unit.revision]


def set_of(view: Observed) -> dict[str, str]:
    """Return the uri of each step's version."""
    return {name: resolved.uri for name, resolved in made(view).resolved_steps.items()}


def serving(price: int = 3, text: int = 3) -> tuple[RevisionRecord, ...]:
    return (made(seen(version(PRICE, price), version(TEXT, text))),)


def condition_of(view: Observed, kind: ConditionType = ConditionType.ARTIFACT_RESOLVED) -> Any:
    done = plan(view, DEFAULTS, NOON)
    status = report(view, done, (), NOON).condition(kind)
    assert status is not None
    return status


def deletes(done: Plan) -> bool:
    return any(isinstance(action, Delete) for action in done.actions)


def test_each_step_is_served_at_its_own_version() -> None:
    done = plan(seen(version(PRICE, 4), version(TEXT, 7)), DEFAULTS, NOON)
    (config,) = (a for a in done.actions if isinstance(a, Create))
    models = RepositoryPlan.from_json(config.manifest["data"]["plan.json"]).models
    fetched = {m.name: (m.version, m.uri) for m in models if m.uri}
    assert fetched == {"price": (4, "http://m/4"), "text": (7, "http://m/7")}


def test_the_record_keeps_what_each_alias_stood_for() -> None:
    kept = made(seen(version(PRICE, 4), version(TEXT, 7)))
    assert kept.resolved_steps == {"price": version(PRICE, 4), "text": version(TEXT, 7)}


def test_a_moved_alias_of_one_step_is_another_revision_of_the_set() -> None:
    before = made(seen(version(PRICE, 4), version(TEXT, 7)))
    after = made(seen(version(PRICE, 4), version(TEXT, 8)))
    assert before.revision != after.revision


def test_edited_tags_and_a_moved_server_are_no_new_revision() -> None:
    before = made(seen(version(PRICE, 4), version(TEXT, 7)))
    edited = replace(version(TEXT, 7, sha256="f" * 64), download="https://elsewhere/7")
    assert made(seen(version(PRICE, 4), edited)).revision == before.revision


def test_each_step_is_told_what_its_own_secret_may_see() -> None:
    steps = (
        inline("price", PRICE, "forecast", secret="desk"),
        inline("shadow", PRICE, "shadowed", secret="other"),
    )
    versions = set_of(
        seen(None, None, steps=steps, desk=version(PRICE, 4), other=version(PRICE, 5))
    )
    assert versions == {"price": "models:/fx_drift/4", "shadow": "models:/fx_drift/5"}


def test_a_version_that_only_another_secret_may_see_is_not_served() -> None:
    steps = (inline("price", PRICE, "forecast"),)
    done = plan(seen(None, None, steps=steps, desk=version(PRICE, 4)), DEFAULTS, NOON)
    assert (done.actions, done.assessment.unit) == ((), None)


def test_nothing_is_made_before_every_step_has_an_answer() -> None:
    view = seen(version(PRICE, 4), None)
    done = plan(view, DEFAULTS, NOON)
    assert (done.actions, done.assessment.unit) == ((), None)
    assert condition_of(view).reason == Reason.RESOLVING
    assert TEXT in condition_of(view).message
    assert PRICE not in condition_of(view).message


@pytest.mark.parametrize("answer", [None, DOWN, NO_ALIAS])
def test_what_serves_goes_on_without_an_answer(answer: Resolution | None) -> None:
    records = serving()
    done = plan(seen(answer, answer, records=records), DEFAULTS, NOON)
    assert done.assessment.unit is not None
    assert done.assessment.unit.revision == done.rollout.state.stable == records[0].revision
    assert not deletes(done)


def test_a_step_without_an_answer_does_not_hold_back_the_others() -> None:
    versions = set_of(seen(version(PRICE, 4), DOWN, records=serving()))
    assert versions == {"price": "models:/fx_drift/4", "text": "models:/fx_news/3"}


def test_a_step_that_is_renamed_keeps_its_version_without_an_answer() -> None:
    steps = (BOTH[0], inline("news", TEXT, "score"))
    versions = set_of(seen(DOWN, DOWN, steps=steps, records=serving()))
    assert versions == {"price": "models:/fx_drift/3", "news": "models:/fx_news/3"}


def test_a_step_is_removed_without_an_answer() -> None:
    versions = set_of(seen(DOWN, DOWN, steps=BOTH[:1], records=serving()))
    assert versions == {"price": "models:/fx_drift/3"}


def test_a_new_step_waits_for_its_answer_and_takes_nothing_from_what_serves() -> None:
    steps = (*BOTH, inline("more", "models:/fx_more/1", "extra"))
    done = plan(seen(DOWN, DOWN, steps=steps, records=serving()), DEFAULTS, NOON)
    assert done.assessment.unit is None
    assert done.rollout.state.stable is not None
    assert not deletes(done)


def test_a_registry_that_is_down_leaves_ready_as_it_is() -> None:
    view = seen(DOWN, DOWN, records=serving())
    assert condition_of(view, ConditionType.READY).status is ConditionStatus.TRUE
    assert (condition_of(view).status, condition_of(view).reason) == (
        ConditionStatus.UNKNOWN,
        Reason.REGISTRY_UNREACHABLE,
    )


def test_what_holds_for_all_steps_is_told_once() -> None:
    condition = condition_of(seen(DOWN, DOWN, records=serving())).message
    assert condition.count("does not answer") == 1


def test_a_bad_alias_of_one_step_is_named_with_its_step() -> None:
    view = seen(version(PRICE, 3), NO_ALIAS, records=serving())
    condition = condition_of(view)
    assert (condition.status, condition.reason) == (ConditionStatus.FALSE, Reason.ALIAS_NOT_FOUND)
    assert condition.message.startswith("spec.steps[text].model.source.uri: models:/fx_news has no")
    assert condition_of(view, ConditionType.AVAILABLE).status is ConditionStatus.TRUE


def test_what_is_known_to_be_wrong_is_told_before_what_is_unknown() -> None:
    condition = condition_of(seen(DOWN, NO_ALIAS, records=serving()))
    assert condition.reason == Reason.ALIAS_NOT_FOUND
    assert "does not answer" in condition.message


def test_a_version_that_cannot_be_served_leaves_the_set_as_it_was() -> None:
    bare = version(TEXT, 4, format=ModelFormat.TORCHSCRIPT, inputs=None, outputs=None)
    view = seen(version(PRICE, 3), bare, records=serving())
    assert set_of(view) == {"price": "models:/fx_drift/3", "text": "models:/fx_news/3"}
    assert condition_of(view).reason == Reason.MODEL_UNUSABLE
    assert "spec.steps[text].model.inputs: not set" in condition_of(view).message


def test_contradictions_name_their_step() -> None:
    steps = (inline("price", PRICE, "forecast", pin="a" * 64), BOTH[1])
    pinned = version(PRICE, 3, sha256="b" * 64)
    done = plan(seen(pinned, version(TEXT, 3), steps=steps), DEFAULTS, NOON)
    assert done.assessment.contradictions == (
        Problem(
            "spec.steps[price].model.source.sha256",
            "a" * 64,
            f"{'b' * 64}, as the version's tag says",
        ),
    )


def test_each_of_two_steps_is_named_with_what_its_own_version_lacks() -> None:
    bare = {"format": ModelFormat.TORCHSCRIPT, "inputs": None, "outputs": None}
    done = plan(seen(version(PRICE, 3, **bare), version(TEXT, 3, **bare)), DEFAULTS, NOON)

    assert done.assessment.unresolved is not None
    assert [problem.path for problem in done.assessment.unresolved.problems] == [
        "spec.steps[price].model.inputs",
        "spec.steps[text].model.inputs",
    ]


def test_sections_beside_the_model_are_named_at_the_step() -> None:
    batching = {**BOTH[0], "triton": {"dynamicBatching": {}}}
    done = plan(
        seen(version(PRICE, 3), version(TEXT, 3), steps=(batching, BOTH[1])), DEFAULTS, NOON
    )

    assert done.assessment.unresolved is not None
    assert done.assessment.unresolved.message.startswith(
        "spec.steps[price].triton.dynamicBatching: found dynamicBatching with model.maxBatchSize 0"
    )
