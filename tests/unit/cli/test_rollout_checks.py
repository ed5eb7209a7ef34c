"""Commands to a rollout: what each would change, and why it makes no sense otherwise."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from inference_operator.cli.rollout_commands import checks
from inference_operator.cli.rollout_commands.change import Change, RefusalError
from inference_operator.cli.rollout_commands.checks import promote
from inference_operator.cli.rollout_commands.situation import Situation, situation_of
from inference_operator.domain.commands import Commands, Verb
from tests.fakes.bodies import KEY, Body
from tests.unit.cli.rollout_situations import (
    CANARY,
    NAMED,
    NOON,
    STABLE,
    STEPS,
    aborted,
    ago,
    at_step,
    body,
    condition,
    situation,
    steady,
)

Check = Callable[[Situation], Change]
PAUSED: Body = {"canary": {"steps": list(STEPS)}, "paused": True}


def promote_step(given: Situation) -> Change:
    return promote(given, NOON, full=False)


def promote_full(given: Situation) -> Change:
    return promote(given, NOON, full=True)


def abort(given: Situation) -> Change:
    return checks.abort(given, NOON)


ALL: tuple[Check, ...] = (
    promote_step,
    promote_full,
    abort,
    checks.retry,
    checks.pause,
    checks.resume,
)
SENT = [
    (
        promote_step,
        situation(at_step(2)),
        {"promote": f"{CANARY}/2"},
        f"revision {CANARY} ends step 3 of 5 (pause); setWeight 50 follows",
    ),
    (
        promote_step,
        situation(at_step(1), {"promote": f"{CANARY}/0"}),
        {"promote": f"{CANARY}/1"},
        f"revision {CANARY} ends step 2 of 5 (pause 5m); pause follows",
    ),
    (
        promote_step,
        situation(at_step(4)),
        {"promote": f"{CANARY}/4"},
        f"revision {CANARY} ends step 5 of 5 (analysis); it was the last one",
    ),
    (
        promote_step,
        situation(at_step(0)),
        {"promote": f"{CANARY}/0"},
        "ends step 1 of 5 (setWeight 10) while 1 of 2 pods answer; pause 5m follows",
    ),
    (
        promote_step,
        situation(at_step(2, handled=[f"promote={CANARY}/2"]), {"promote": f"{CANARY}/2"}),
        {"promote": f"{CANARY}/2@2031-05-06T12:00:00Z"},
        "ends step 3 of 5 (pause)",
    ),
    (
        promote_full,
        situation(at_step(2, handled=[f"promote={CANARY}/full"]), {"promote": f"{CANARY}/full"}),
        {"promote": f"{CANARY}/full@2031-05-06T12:00:00Z"},
        "skips its steps from step 3 of 5 (pause) on",
    ),
    (
        promote_full,
        situation(at_step(2), {"promote": f"{CANARY}/2"}),
        {"promote": f"{CANARY}/full"},
        "skips its steps from step 3 of 5 (pause) on",
    ),
    (
        abort,
        situation(at_step(0, handled=[f"abort={CANARY}"]), {"abort": CANARY}),
        {"abort": f"{CANARY}@2031-05-06T12:00:00Z"},
        f"revision {CANARY} gets no more clients",
    ),
    (
        promote_full,
        situation(at_step(0)),
        {"promote": f"{CANARY}/full"},
        f"revision {CANARY} skips its steps from step 1 of 5 (setWeight 10) on",
    ),
    (
        abort,
        situation(at_step(3)),
        {"abort": CANARY},
        f"revision {CANARY} gets no more clients, and revision {STABLE} gets all of them",
    ),
    (
        abort,
        situation(at_step(None), rollout={}),
        {"abort": CANARY},
        f"revision {CANARY} gets no more clients",
    ),
    (
        checks.retry,
        situation(aborted()),
        {"retry": f"{CANARY}@{ago(minutes=5)}"},
        f"revision {CANARY} starts again with step 1 of 5 (setWeight 10)",
    ),
    (
        checks.retry,
        situation(aborted(with_pods=True), rollout=PAUSED),
        {"retry": f"{CANARY}@{ago(minutes=5)}"},
        "but it is held by spec.rollout.paused",
    ),
    (
        checks.pause,
        situation(at_step(1)),
        {"pause": CANARY},
        f"revision {CANARY} stays at step 2 of 5 (pause 5m) until `kubectl inference resume",
    ),
    (
        checks.pause,
        situation(at_step(None), rollout={}),
        {"pause": CANARY},
        f"revision {CANARY} waits until `kubectl inference resume {NAMED}`",
    ),
    (
        checks.resume,
        situation(at_step(1), {"pause": CANARY}),
        {"pause": None},
        f"revision {CANARY} goes on with step 2 of 5 (pause 5m)",
    ),
    (
        checks.resume,
        situation(at_step(1), {"pause": CANARY}, PAUSED),
        {"pause": None},
        "spec.rollout.paused is true, and holds it still",
    ),
    (
        checks.resume,
        situation(steady(), {"pause": CANARY}),
        {"pause": None},
        "no revision that is rolled out is paused",
    ),
]


@pytest.mark.parametrize(("check", "given", "annotations", "sentence"), SENT)
def test_a_command_is_bound_to_revision_and_step(
    check: Check, given: Situation, annotations: dict[str, str | None], sentence: str
) -> None:
    change = check(given)

    assert {str(verb): value for verb, value in change.annotations.items()} == annotations
    assert sentence in change.sentence
    assert change.value == annotations[change.verb]


@pytest.mark.parametrize(("check", "given", "annotations", "sentence"), SENT)
def test_the_operator_reads_what_was_set_and_a_second_time_nothing_is_written(
    check: Check, given: Situation, annotations: dict[str, str | None], sentence: str
) -> None:
    changed = after(given, check(given))
    values = {verb: value for verb, value in annotations.items() if value is not None}

    assert {str(v): changed.commands.values.get(v) for v in map(Verb, values)} == values
    if check is checks.resume:
        with pytest.raises(RefusalError):
            check(changed)
    else:
        again = check(changed)
        assert not again.annotations
        assert "already" in again.sentence


def after(given: Situation, change: Change) -> Situation:
    """The situation right after the write, before the operator has acted."""
    annotations: dict[str, Any] = dict(given.annotations)
    for verb, value in change.annotations.items():
        annotations.pop(verb.annotation, None)
        if value is not None:
            annotations[verb.annotation] = value
    return replace(given, annotations=annotations)


FROZEN = {
    **at_step(1),
    "conditions": [condition("Ready", "False", "Frozen", "namespace desk-7 is frozen")],
}
FIRST = {key: value for key, value in at_step(None).items() if key != "stable"}
REFUSED = [
    (
        promote_step,
        steady(),
        None,
        "there is no rollout to promote: revision b20cf49ed2 serves all",
    ),
    (promote_step, {}, None, "there is no rollout to promote: no revision serves yet"),
    (promote_step, aborted(), None, f"`kubectl inference retry {NAMED}` starts it again"),
    (promote_step, at_step(5), None, f"revision {CANARY} has no step left"),
    (promote_step, at_step(None), None, "the operator has not reported a step"),
    (promote_step, FIRST, None, f"revision {CANARY} is the first one: it has no steps"),
    (promote_full, at_step(2), PAUSED, "is held by spec.rollout.paused; set it to false"),
    (promote_step, at_step(2), {}, "spec.rollout.canary.steps is not set"),
    (abort, steady(), None, "there is no rollout to abort: revision b20cf49ed2 serves"),
    (abort, FIRST, None, "there is no revision to go back to"),
    (checks.retry, steady(), None, "no revision is aborted: revision b20cf49ed2 serves"),
    (checks.retry, at_step(1), None, f"no revision is aborted: revision {CANARY} is being"),
    (checks.pause, steady(), None, "to hold the next revision, set spec.rollout.paused to true"),
    (checks.pause, FIRST, None, "is the first one"),
    (checks.resume, steady(), None, "nothing is paused: revision b20cf49ed2 serves all clients"),
    (checks.resume, steady(), PAUSED, "spec.rollout.paused is true in the spec; set it to false"),
    (checks.resume, at_step(2), None, f"`kubectl inference promote {NAMED}` ends the step"),
    (checks.resume, FROZEN, None, "the operator reports: Frozen: namespace desk-7 is frozen"),
    (promote_step, FROZEN, None, "takes no step while rollouts are frozen: namespace desk-7"),
]


@pytest.mark.parametrize(("check", "status", "rollout", "sentence"), REFUSED)
def test_a_command_that_makes_no_sense_says_what_is_the_case(
    check: Check, status: Body, rollout: Body | None, sentence: str
) -> None:
    with pytest.raises(RefusalError) as refused:
        check(situation(status, rollout=rollout))

    assert sentence in str(refused.value)


@pytest.mark.parametrize("check", [promote_step, promote_full, abort, checks.pause])
def test_nothing_is_decided_by_a_status_about_an_earlier_spec(check: Check) -> None:
    with pytest.raises(RefusalError, match="has not looked at generation 4 of the spec yet"):
        check(situation({**at_step(2), "observedGeneration": 3}))


@pytest.mark.parametrize(("step", "waits"), [(1, False), (2, True), (3, False), (4, False)])
def test_a_promotion_is_proposed_where_a_step_waits_for_a_person(step: int, waits: bool) -> None:
    with pytest.raises(RefusalError) as refused:
        checks.resume(situation(at_step(step)))

    assert ("kubectl inference promote" in str(refused.value)) is waits


def test_a_paused_revision_is_not_promoted() -> None:
    with pytest.raises(RefusalError, match="is paused; `kubectl inference resume"):
        promote_step(situation(at_step(2), {"pause": CANARY}))


def test_an_aborted_revision_whose_pods_are_still_there_is_not_steered() -> None:
    given = situation(aborted(with_pods=True))

    assert not abort(given).annotations
    assert checks.retry(given).annotations
    with pytest.raises(RefusalError, match="was aborted at"):
        promote_step(given)


def test_a_step_is_promoted_once_where_all_are_promoted() -> None:
    assert not promote_step(situation(at_step(2), {"promote": f"{CANARY}/full"})).annotations


HOSTILE: tuple[Any, ...] = (
    {"observedGeneration": 4, "canary": {"revision": "a\x1b[2J" * 9}, "rollout": {}},
    {**at_step(2), "rollout": {"currentStepIndex": 2**62, "aborted": {"revision": 7}}},
    {**at_step(2), "rollout": {"currentStepIndex": -1}},
    {**at_step(2), "rollout": [], "conditions": {"Ready": "True"}},
    [],
    "Ready",
)


@pytest.mark.parametrize("status", HOSTILE)
@pytest.mark.parametrize("check", ALL)
def test_an_edited_status_cannot_break_a_command(check: Check, status: Any) -> None:
    model = body({})
    model["status"] = status
    model["metadata"]["annotations"] = {"inference.aipx.io/promote": ["a"]}
    model["spec"]["rollout"]["canary"]["steps"].append({"unknown": {}})
    with suppress(RefusalError):
        change = check(situation_of(model, KEY))
        values = {v.annotation: value for v, value in change.annotations.items() if value}
        assert Commands.read(values).values.keys() <= change.annotations.keys()
