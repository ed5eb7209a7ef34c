"""The actions set commands that the operator reads, and that mean what the button says."""

import copy
from datetime import datetime
from typing import Any

import pytest

from inference_operator.domain.commands import Commands, Verb, promote_all, retry_of, rollback_to
from tests.unit.argocd.argo_cd import KINDS, NOW, Body, act, discovered, offered, read

STABLE, CANARY, BEFORE = "7c1f0d52aa", "935a3432c3", "41aa90be7d"
ABORTED = datetime.fromisoformat("2026-12-01T09:12:00Z")
STATES = ("healthy", "stepping", "pausing", "aborted", "rolled_back", "first", "new_generation")
ALL = [(kind, state) for kind in KINDS for state in STATES]
KIND = pytest.mark.parametrize("kind", KINDS)


def example(kind: str, state: str) -> Body:
    body: Body = read(kind, f"actions/testdata/{state}.yaml")
    return body


def after(action: str, body: Body) -> Commands:
    annotations: dict[str, Any] = act(action, body)["metadata"].get("annotations") or {}
    ours = {key for key in annotations if key.startswith("inference.aipx.io/")}
    commands = Commands.read(annotations)
    assert {verb.annotation for verb in commands.values} == ours, "an illegible value"
    return commands


@pytest.mark.parametrize(("kind", "state"), ALL)
def test_every_offered_action_gives_commands_that_can_be_read(kind: str, state: str) -> None:
    body = example(kind, state)
    for action in offered(body):
        before = copy.deepcopy(body)
        after(action, body)
        assert body == before


@pytest.mark.parametrize(("kind", "state"), ALL)
def test_every_action_is_always_shown(kind: str, state: str) -> None:
    actions = discovered(example(kind, state))
    assert set(actions) == {*map(str, Verb), "promote-full", "resume"}
    for action in actions.values():
        assert set(action) == {"disabled", "displayName", "iconClass"}


@KIND
def test_promote_ends_the_present_step_of_the_present_canary(kind: str) -> None:
    commands = after("promote", example(kind, "stepping"))
    assert commands.ends_step(CANARY, 1)
    assert not commands.ends_step(CANARY, 2)
    assert not commands.ends_step(BEFORE, 1)
    assert not commands.skips_steps(CANARY)


@KIND
def test_promote_full_skips_all_steps_of_the_present_canary(kind: str) -> None:
    commands = after("promote-full", example(kind, "stepping"))
    assert commands.values == {Verb.PROMOTE: promote_all(CANARY)}
    assert commands.skips_steps(CANARY)


@KIND
def test_abort_and_pause_name_the_canary(kind: str) -> None:
    assert after("abort", example(kind, "stepping")).aborts(CANARY)
    assert after("pause", example(kind, "stepping")).pauses(CANARY)


@KIND
def test_resume_takes_the_pause_back_and_nothing_else(kind: str) -> None:
    body = example(kind, "pausing")
    assert after("resume", body).values == {}
    body["metadata"]["annotations"]["team"] = "rates"
    assert act("resume", body)["metadata"]["annotations"] == {"team": "rates"}


@KIND
def test_resume_ends_a_roll_back_too(kind: str) -> None:
    body = example(kind, "rolled_back")
    assert after("resume", body).values == {}
    body["metadata"]["annotations"]["inference.aipx.io/pause"] = BEFORE
    assert Verb.ROLLBACK not in after("resume", body).values, "the pause is of before"


@KIND
def test_resume_lets_a_revision_start_that_a_pause_holds(kind: str) -> None:
    body = example(kind, "healthy")
    body["metadata"]["annotations"] = {"inference.aipx.io/pause": CANARY}
    assert "resume" not in offered(body)
    for condition in body["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition.update({"status": "False", "reason": "Paused"})
    assert "resume" in offered(body)
    assert after("resume", body).values == {}


@KIND
def test_while_rollouts_are_frozen_a_rollout_can_be_aborted_and_not_promoted(kind: str) -> None:
    body = example(kind, "stepping")
    for condition in body["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition.update({"status": "False", "reason": "Frozen"})
    assert "abort" in offered(body)
    assert not {"promote", "promote-full"} & set(offered(body))


@KIND
def test_retry_names_the_abort(kind: str) -> None:
    commands = after("retry", example(kind, "aborted"))
    assert commands.values[Verb.RETRY] == retry_of(CANARY, ABORTED)
    assert commands.retries(CANARY, ABORTED)


@KIND
@pytest.mark.parametrize(
    ("action", "verb"),
    [("promote", Verb.PROMOTE), ("promote-full", Verb.PROMOTE), ("abort", Verb.ABORT)],
)
def test_the_same_button_again_gives_another_command(kind: str, action: str, verb: Verb) -> None:
    once = act(action, example(kind, "stepping"))
    first = Commands.read(once["metadata"]["annotations"]).values[verb]
    second = after(action, once).values[verb]
    assert second == f"{first}@2031-05-06T12:00:07Z"
    third = after(action, act(action, once)).values[verb]
    assert third == first, "it differs from the one before, so it counts"


@KIND
def test_rollback_goes_to_the_revision_before_while_the_spec_wants_the_same(kind: str) -> None:
    commands = after("rollback", example(kind, "healthy"))
    assert commands.values == {Verb.ROLLBACK: rollback_to(BEFORE, STABLE)}
    assert commands.rolled_back_to(STABLE) == BEFORE
    assert commands.rolled_back_to(CANARY) is None


@KIND
def test_a_second_rollback_of_the_same_revisions_has_a_time(kind: str) -> None:
    once = act("rollback", example(kind, "healthy"))
    second = after("rollback", once)
    assert second.values[Verb.ROLLBACK].partition("@")[0] == rollback_to(BEFORE, STABLE)
    assert second.rolled_back_to(STABLE, [f"rollback={rollback_to(BEFORE, STABLE)}"]) == BEFORE


@KIND
def test_rollback_after_an_abort_is_bound_to_the_aborted_revision(kind: str) -> None:
    # The spec still wants it.
    assert after("rollback", example(kind, "aborted")).rolled_back_to(CANARY) == BEFORE


@KIND
def test_rollback_reads_the_previous_revision_where_no_decision_is_left(kind: str) -> None:
    body = example(kind, "healthy")
    body["status"]["decisions"] = []
    assert "rollback" not in offered(body)
    body["status"]["rollout"] = {"previous": BEFORE}
    assert "rollback" in offered(body)
    assert after("rollback", body).rolled_back_to(STABLE) == BEFORE


@KIND
def test_rollback_never_goes_to_a_revision_that_was_aborted(kind: str) -> None:
    body = example(kind, "aborted")
    body["status"]["decisions"] = []
    body["status"]["rollout"]["previous"] = CANARY
    assert "rollback" not in offered(body)
    with pytest.raises(Exception, match="names no revision before"):
        act("rollback", body)


@KIND
def test_the_newest_promotion_counts(kind: str) -> None:
    body = example(kind, "healthy")
    older = {**body["status"]["decisions"][0], "from": "0000000000"}
    body["status"]["decisions"].insert(0, older)
    assert after("rollback", body).rolled_back_to(STABLE) == BEFORE


@KIND
def test_refresh_alias_is_the_time_in_utc(kind: str) -> None:
    commands = after("refresh-alias", example(kind, "healthy"))
    assert commands.values == {Verb.REFRESH_ALIAS: "2031-05-06T12:00:07Z"}
    assert datetime.fromisoformat(commands.values[Verb.REFRESH_ALIAS]) == NOW


@KIND
@pytest.mark.parametrize(
    "uri", ["s3://models/x.onnx", "https://m/models:/x", "models", "models;/x", "runs:/1/model"]
)
def test_refresh_alias_is_offered_for_models_of_the_registry_only(kind: str, uri: str) -> None:
    body = example(kind, "healthy")
    assert "refresh-alias" in offered(body)
    spec = body["spec"]
    model = spec["model"] if "model" in spec else spec["steps"][0]["model"]
    model["source"]["uri"] = uri
    assert "refresh-alias" not in offered(body)


@pytest.mark.parametrize(
    ("action", "state", "sentence"),
    [
        ("promote", "healthy", "no canary is at a step, so there is nothing to promote"),
        ("promote-full", "first", "no canary is at a step, so there is nothing to promote"),
        ("abort", "first", "no canary runs beside a stable revision"),
        ("pause", "healthy", "no canary runs beside a stable revision"),
        ("retry", "healthy", "no rollout is aborted, so there is nothing to retry"),
        ("resume", "stepping", r"spec\.rollout\.paused can only be changed in Git"),
        ("rollback", "first", "apply the manifest that you want instead"),
        ("rollback", "stepping", "abort it, then roll back"),
    ],
)
def test_an_action_that_makes_no_sense_says_why(action: str, state: str, sentence: str) -> None:
    # Argo CD's API runs an action though it is not offered.
    with pytest.raises(Exception, match=sentence):
        act(action, example("InferenceModel", state))
