"""The end of a command for `--wait`: the operator has acted on it."""

from collections.abc import Callable, Mapping
from typing import Any

from inference_operator.api.reasons import Reason
from inference_operator.cli.rollout_commands.change import Change
from inference_operator.cli.rollout_commands.situation import Situation, situation_of
from inference_operator.cli.wait import Outcome, Verdict
from inference_operator.domain.commands import Verb
from inference_operator.domain.names import UnitKey


def judge(key: UnitKey, change: Change) -> Callable[[Mapping[str, Any]], Verdict]:
    """Return the function that judges the resource's bodies: READY once the command is handled."""
    command = f"{change.verb}={change.value}" if change.value else f"the end of {change.verb}"

    def verdict(body: Mapping[str, Any]) -> Verdict:
        situation = situation_of(body, key)
        if is_handled(situation, change):
            return Verdict(Outcome.READY, f"the operator has acted on {command}", True)
        ready = situation.ready
        # What holds the rollout holds the command too; an operator looks at it all the same.
        is_held = ready is not None and ready.reason in (Reason.FROZEN, Reason.PAUSED)
        why = f": {ready.reason}: {ready.message}" if ready is not None and is_held else ""
        return Verdict(None, f"the operator has not acted on {command} yet{why}", is_held)

    return verdict


def is_handled(situation: Situation, change: Change) -> bool:
    """Return whether the status shows that the operator has acted on the command."""
    verb, value = change.verb, change.value
    rollout = situation.status.rollout
    if value is None:
        return _has_ended(situation, verb)
    if rollout is not None and f"{verb}={value}" in rollout.handled:
        return True
    return verb in _SHOWN and _SHOWN[verb](situation, value)


def _has_ended(situation: Situation, verb: Verb) -> bool:
    """Return whether a pause or a rollback is over, whose annotation was removed."""
    reason = situation.ready.reason if situation.ready else ""
    if verb is Verb.ROLLBACK:
        return reason != Reason.ROLLED_BACK
    # A step that waits for a person is reported as paused, whether or not the rollout is.
    return reason != Reason.PAUSED or situation.waits_for_person or situation.is_paused


def _is_promoted(situation: Situation, value: str) -> bool:
    revision, _, step = value.partition("@")[0].partition("/")
    canary, index = situation.canary, situation.step
    if canary is None or canary.revision != revision:
        return True
    return step.isdecimal() and index is not None and index > int(step)


def _is_aborted(situation: Situation, value: str) -> bool:
    return situation.canary is None or situation.canary.revision != value.partition("@")[0]


def _is_retried(situation: Situation, value: str) -> bool:
    revision = value.partition("@")[0]
    return situation.aborted is None or situation.aborted.revision != revision


def _is_paused(situation: Situation, value: str) -> bool:
    ready = situation.ready
    return ready is not None and ready.reason == Reason.PAUSED


def _is_rolled_back(situation: Situation, value: str) -> bool:
    revision = value.partition(";")[0]
    live = (situation.stable, situation.canary.revision if situation.canary else None)
    return revision in live


# What the status shows if another command was handled since, or none is recorded.
_SHOWN: Mapping[Verb, Callable[[Situation, str], bool]] = {
    Verb.PROMOTE: _is_promoted,
    Verb.ABORT: _is_aborted,
    Verb.RETRY: _is_retried,
    Verb.PAUSE: _is_paused,
    Verb.ROLLBACK: _is_rolled_back,
}
