"""Sending of a command: one patch of metadata, which holds only for what was checked."""

import asyncio
from collections.abc import Callable

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.cli.cluster_access import AccessError
from inference_operator.cli.rollout_commands import checks
from inference_operator.cli.rollout_commands.change import Change, RefusalError, nothing, setting
from inference_operator.cli.rollout_commands.sending import ATTEMPTS, FIELD_MANAGER, send
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.cli.rollout_commands.waiting import is_handled, judge
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.commands import Verb
from tests.fakes.bodies import KEY, Body
from tests.unit.cli.rollout_situations import (
    CANARY,
    NOON,
    OLDER,
    STABLE,
    aborted,
    ago,
    at_step,
    body,
    condition,
    revision,
    situation,
    steady,
)


class OneResource:
    """A cluster with one resource; each patch takes the next answer, and is stored without one."""

    def __init__(self, live: Body, *answers: ApiError | None) -> None:
        self.live, self.answers = live, list(answers)
        self.patches: list[Body] = []

    async def get(self, resource: ApiResource, namespace: str, name: str) -> Body:
        assert (resource.kind, namespace, name) == (KEY.kind, KEY.namespace, KEY.name)
        return self.live

    async def patch(
        self,
        resource: ApiResource,
        body: Body,
        *,
        subresource: str = "",
        manager: str = "",
    ) -> Body:
        assert (subresource, manager) == ("", FIELD_MANAGER)
        self.patches.append(body)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            self.live["metadata"]["resourceVersion"] += "1"
            raise answer
        return body


def abort(given: Situation) -> Change:
    return checks.abort(given, NOON)


def sent(cluster: OneResource, decide: Callable[[Situation], Change] = abort) -> Change:
    return asyncio.run(send(cluster, KEY, decide))


def test_a_patch_has_nothing_but_the_annotation_and_what_was_checked() -> None:
    cluster = OneResource(body(at_step(2)))

    assert sent(cluster).value == CANARY
    assert cluster.patches == [
        {
            "metadata": {
                "namespace": KEY.namespace,
                "name": KEY.name,
                "resourceVersion": "7",
                "annotations": {"inference.aipx.io/abort": CANARY},
            }
        }
    ]


def test_a_pause_is_removed_by_a_null() -> None:
    cluster = OneResource(body(at_step(2), {"pause": CANARY}))
    sent(cluster, checks.resume)

    assert cluster.patches[0]["metadata"]["annotations"] == {"inference.aipx.io/pause": None}


def test_nothing_is_sent_for_what_is_so_already() -> None:
    cluster = OneResource(body(at_step(2), {"abort": CANARY}))

    assert "already" in sent(cluster).sentence
    assert cluster.patches == []


def test_after_a_conflict_the_command_is_checked_again() -> None:
    conflict = ApiError(409, "Conflict", "the object has been modified")
    cluster = OneResource(body(at_step(2)), conflict)
    sent(cluster)

    assert [p["metadata"]["resourceVersion"] for p in cluster.patches] == ["7", "71"]

    cluster = OneResource(body(at_step(2)), conflict)

    def decide(given: Situation) -> Change:
        if given.resource_version == "71":
            raise RefusalError("meanwhile it was promoted")
        return abort(given)

    with pytest.raises(RefusalError, match="meanwhile"):
        sent(cluster, decide)
    assert len(cluster.patches) == 1


def test_it_gives_up_when_the_resource_never_stands_still() -> None:
    conflicts = [ApiError(409, "Conflict", "modified") for _ in range(ATTEMPTS)]
    with pytest.raises(RefusalError, match="repeat the command"):
        sent(OneResource(body(at_step(2)), *conflicts))


def test_a_user_without_the_right_is_told_which_one_is_missing() -> None:
    forbidden = ApiError(403, "Forbidden", "User joe cannot patch resource")
    with pytest.raises(RefusalError, match=r"you may not change .* patch for inferencemodels in"):
        sent(OneResource(body(at_step(2)), forbidden))


@pytest.mark.parametrize("status", [0, 404, 422, 500])
def test_other_errors_are_not_a_refusal_of_the_command(status: int) -> None:
    with pytest.raises(AccessError, match="InferenceModel/desk-7/fx-drift"):
        sent(OneResource(body(at_step(2)), ApiError(status, "", "in words")))


PROMOTED = {**steady(), "stable": revision(CANARY, "4", 4, 4, 100)}
PAUSED = {**at_step(2), "conditions": [condition("Ready", "False", "Paused")]}
BACK = {**steady(), "conditions": [condition("Ready", "False", "RolledBack")]}
TIME = ago(minutes=5)
UNPAUSED, UNDONE = (Change(verb, None, "", {verb: None}) for verb in (Verb.PAUSE, Verb.ROLLBACK))


@pytest.mark.parametrize(
    ("change", "before", "afterwards"),
    [
        (setting(Verb.PROMOTE, f"{CANARY}/2", ""), at_step(2), at_step(3)),
        (setting(Verb.PROMOTE, f"{CANARY}/full", ""), at_step(2), PROMOTED),
        (setting(Verb.PROMOTE, f"{CANARY}/2@{TIME}", ""), at_step(2), at_step(3)),
        (setting(Verb.ABORT, f"{CANARY}@{TIME}", ""), at_step(2), aborted()),
        (setting(Verb.ABORT, CANARY, ""), at_step(2), aborted(with_pods=True)),
        (setting(Verb.RETRY, f"{CANARY}@{TIME}", ""), aborted(), at_step(0)),
        (setting(Verb.PAUSE, CANARY, ""), at_step(1), PAUSED),
        (setting(Verb.ROLLBACK, f"{OLDER};from={STABLE}", ""), steady(), {
            **steady(), "stable": revision(OLDER, "2", 4, 4, 100)}),
        (setting(Verb.REFRESH_ALIAS, TIME, ""), steady(), {
            **steady(), "rollout": {"handled": [f"refresh-alias={TIME}"]}}),
        (UNPAUSED, {**PAUSED, "rollout": {"currentStepIndex": 1}}, at_step(1)),
        (UNPAUSED, {**PAUSED, "rollout": {"currentStepIndex": 0}}, PAUSED),
        (UNDONE, BACK, at_step(0)),
    ],
)  # fmt: skip
def test_a_command_is_handled_once_the_status_shows_it(
    change: Change, before: Body, afterwards: Body
) -> None:
    assert not is_handled(situation(before), change)
    assert is_handled(situation(afterwards), change)


@pytest.mark.parametrize("verb", list(Verb))
def test_the_status_names_the_command_that_was_handled(verb: Verb) -> None:
    change = nothing(verb, "b1", "")
    status = {"rollout": {"handled": [f"{verb}=b1"]}}

    assert is_handled(situation(status), change)
    verdict = judge(KEY, change)(body(status))
    assert verdict.outcome == 0
    assert verdict.sentence == f"the operator has acted on {verb}=b1"


def test_while_nobody_acts_the_wait_says_so() -> None:
    verdict = judge(KEY, setting(Verb.ABORT, CANARY, ""))(body(at_step(2)))

    assert verdict.outcome is None
    assert not verdict.is_observed
    assert verdict.sentence == f"the operator has not acted on abort={CANARY} yet"
