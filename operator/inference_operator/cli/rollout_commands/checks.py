"""Commands that steer a rollout in progress: what each would change, or why it makes no sense."""

from datetime import datetime

from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import counted
from inference_operator.api.status import RevisionStatus
from inference_operator.cli.rollout_commands.change import (
    Change,
    RefusalError,
    nothing,
    removing,
    setting,
)
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.cli.rollout_commands.steps import (
    ends_by_itself,
    position,
)
from inference_operator.domain.commands import Verb, promote_all, promote_step, retry_of
from inference_operator.planning.rollout.steps import describe

PROGRAM = "kubectl inference"


def invocation(command: str, situation: Situation) -> str:
    """Return a command for a person to run, about the same resource."""
    verb, _, flags = command.partition(" ")
    key = situation.key
    named = f"{PROGRAM} {verb} {key.kind}/{key.name} -n {key.namespace}"
    return f"`{named} {flags}`" if flags else f"`{named}`"


def check_observed(situation: Situation) -> None:
    """Raise RefusalError while the operator has not acted on the present spec."""
    if not situation.is_observed:
        raise RefusalError(
            f"the operator has not looked at generation {situation.generation} of the spec yet, so"
            " that its status is about an earlier one; repeat the command in a moment"
        )


def promote(situation: Situation, now: datetime, *, full: bool) -> Change:
    """Return the change that ends the present step, or with `full` all steps."""
    revision = _steered(situation, "promote").revision
    _check_not_first(situation, revision)
    index, steps = situation.step, situation.steps
    if reason := _hold(situation, revision):
        raise RefusalError(f"revision {revision} {reason}")
    if not steps:
        raise RefusalError(
            f"spec.rollout.canary.steps is not set: revision {revision} gets all clients as soon as"
            " its model answers on all replicas; nothing has to be promoted"
        )
    if index is None:
        raise RefusalError(
            f"the operator has not reported a step of revision {revision} yet; repeat the command"
            " in a moment"
        )
    if index >= len(steps) and situation.is_held_by_metrics:
        value = fresh(situation, Verb.PROMOTE, promote_all(revision), now)
        sentence = f"revision {revision} is promoted whatever its metrics say, unless they fail"
        return setting(Verb.PROMOTE, value, sentence)
    if index >= len(steps):
        raise RefusalError(
            f"revision {revision} has no step left: it gets all clients as soon as its model"
            " answers on all replicas"
        )
    commands, place = situation.commands, position(steps, index)
    value = promote_all(revision) if full else promote_step(revision, index)
    is_asked = commands.skips_steps(revision) if full else commands.ends_step(revision, index)
    if is_asked and situation.is_pending(Verb.PROMOTE):
        present = commands.values[Verb.PROMOTE]
        return nothing(Verb.PROMOTE, present, f"{place} of revision {revision} is promoted already")
    sentence = _skips(place, revision) if full else _ends(situation, revision, index)
    return setting(Verb.PROMOTE, fresh(situation, Verb.PROMOTE, value, now), sentence)


def _skips(place: str, revision: str) -> str:
    return (
        f"revision {revision} skips its steps from {place} on; it gets all clients as soon as its"
        " model answers on all replicas"
    )


def _ends(situation: Situation, revision: str, index: int) -> str:
    steps, canary = situation.steps, situation.canary
    is_last = index + 1 == len(steps)
    then = "it was the last one" if is_last else f"{describe(steps[index + 1])} follows"
    early = ""
    if canary is not None and ends_by_itself(steps[index]):
        # Such a step ends by itself when they answer.
        early = f" while {canary.ready} of {counted(canary.replicas, 'pod')} answer"
    return f"revision {revision} ends {position(steps, index)}{early}; {then}"


def fresh(situation: Situation, verb: Verb, value: str, now: datetime) -> str:
    """Return the command's value; with a time if the same one is there, and was acted on."""
    present = situation.commands.values.get(verb, "")
    return f"{value}@{format_time(now)}" if present.partition("@")[0] == value else value


def abort(situation: Situation, now: datetime) -> Change:
    """Return the change that sends all clients back to the stable revision."""
    aborted = situation.aborted
    if aborted is not None and situation.canary is None:
        return nothing(
            Verb.ABORT,
            aborted.revision,
            f"revision {aborted.revision} was aborted already at {format_time(aborted.time)}:"
            f" {aborted.message}",
        )
    revision = _steered(situation, "abort").revision
    _check_not_first(situation, revision)
    if situation.commands.aborts(revision) and situation.is_pending(Verb.ABORT):
        sentence = f"the abort of revision {revision} is asked for already"
        return nothing(Verb.ABORT, situation.commands.values[Verb.ABORT], sentence)
    return setting(
        Verb.ABORT,
        fresh(situation, Verb.ABORT, revision, now),
        f"revision {revision} gets no more clients, and revision {situation.stable} gets all of"
        f" them; {invocation('retry', situation)} starts it again",
    )


def retry(situation: Situation) -> Change:
    """Return the change that starts an aborted revision again."""
    aborted = situation.aborted
    if aborted is None or situation.canary is not None:
        raise RefusalError(f"no revision is aborted: {_summary(situation)}")
    revision = aborted.revision
    value = retry_of(revision, aborted.time)
    if situation.commands.retries(revision, aborted.time):
        sentence = f"the retry of revision {revision} is asked for already"
        return nothing(Verb.RETRY, value, sentence)
    first = f" with {position(situation.steps, 0)}" if situation.steps else ""
    reason = _hold(situation, revision)
    sentence = f"revision {revision} starts again{first}" + (f", but it {reason}" if reason else "")
    return setting(Verb.RETRY, value, sentence)


def pause(situation: Situation) -> Change:
    """Return the change that holds the rollout at its present step."""
    if situation.canary is None and situation.is_observed:
        raise RefusalError(
            f"there is no rollout to pause: {_summary(situation)}; to hold the next revision, set"
            " spec.rollout.paused to true"
        )
    revision = _steered(situation, "pause").revision
    _check_not_first(situation, revision)
    if situation.commands.pauses(revision):
        return nothing(Verb.PAUSE, revision, f"revision {revision} is paused already")
    place = f"stays at {here}" if (here := _place(situation)) else "waits"
    return setting(
        Verb.PAUSE,
        revision,
        f"revision {revision} {place} until {invocation('resume', situation)}",
    )


def resume(situation: Situation) -> Change:
    """Return the change that ends a pause of `pause`; RefusalError if something else holds it."""
    if Verb.PAUSE.annotation not in situation.annotations:
        raise RefusalError(_why_held(situation))
    canary = situation.canary
    if canary is None or not situation.commands.pauses(canary.revision):
        sentence = "no revision that is rolled out is paused; a pause of another one is removed"
        return removing(Verb.PAUSE, sentence)
    still = "; spec.rollout.paused is true, and holds it still" if situation.is_paused else ""
    place = f" with {here}" if (here := _place(situation)) else ""
    sentence = f"revision {canary.revision} goes on{place}{still}"
    return removing(Verb.PAUSE, sentence)


def _why_held(situation: Situation) -> str:
    if situation.is_paused:
        return "spec.rollout.paused is true in the spec; set it to false there"
    canary, ready = situation.canary, situation.ready
    if canary is None:
        return f"nothing is paused: {_summary(situation)}"
    report = f"; the operator reports: {ready.reason}: {ready.message}" if ready else ""
    remedy = f"; {invocation('promote', situation)} ends the step"
    remedy = remedy if situation.waits_for_person else ""
    return f"revision {canary.revision} is not paused by {Verb.PAUSE.annotation}{report}{remedy}"


def _steered(situation: Situation, command: str) -> RevisionStatus:
    """Return the revision that is being rolled out; RefusalError without one."""
    check_observed(situation)
    canary = situation.canary
    if canary is None:
        raise RefusalError(f"there is no rollout to {command}: {_summary(situation)}")
    return canary


def _check_not_first(situation: Situation, revision: str) -> None:
    if situation.stable is None:
        raise RefusalError(
            f"revision {revision} is the first one: it has no steps, serves as soon as its model"
            " answers, and there is no revision to go back to; apply another spec if it is wrong"
        )


def _place(situation: Situation) -> str:
    """Return the present step; empty if there is none."""
    index, steps = situation.step, situation.steps
    return position(steps, index) if index is not None and index < len(steps) else ""


def _summary(situation: Situation) -> str:
    """Return which revision serves, and what became of the last rollout."""
    canary, aborted, stable = situation.canary, situation.aborted, situation.stable
    if canary is not None:
        return f"revision {canary.revision} is being rolled out"
    if aborted is not None:
        return (
            f"revision {aborted.revision} was aborted at {format_time(aborted.time)} and revision"
            f" {stable} serves; {invocation('retry', situation)} starts it again"
        )
    return f"revision {stable} serves all clients" if stable else "no revision serves yet"


def _hold(situation: Situation, revision: str) -> str:
    """Return why a revision would stay where it is; empty if nothing holds it."""
    if situation.is_paused:
        return "is held by spec.rollout.paused; set it to false in the spec"
    if situation.commands.pauses(revision):
        return f"is paused; {invocation('resume', situation)} ends that"
    if situation.ready is not None and situation.is_frozen:
        return f"takes no step while rollouts are frozen: {situation.ready.message}"
    return ""
