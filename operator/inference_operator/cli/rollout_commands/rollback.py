"""`rollback`: an older revision serves again, while the spec stays as it is."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from inference_operator.api.quoting import listed, quoted
from inference_operator.api.reasons import Reason
from inference_operator.cli.rollout_commands.change import (
    Change,
    RefusalError,
    nothing,
    removing,
    setting,
)
from inference_operator.cli.rollout_commands.checks import (
    check_observed,
    fresh,
    invocation,
)
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.domain.commands import Verb, rollback_to
from inference_operator.domain.observed import RevisionRecord
from inference_operator.planning.artifacts import artifact_of_record

Records = Mapping[str, RevisionRecord]


def rollback(situation: Situation, records: Records, to: str | None, now: datetime) -> Change:
    """Return the change that rolls back to a version or revision; to None: to the one before."""
    check_observed(situation)
    stable, target = situation.stable, situation.target
    if stable is None or target is None:
        raise RefusalError("no revision has served clients yet: there is none to go back to")
    canary = situation.canary
    if to is None and canary is not None:
        raise RefusalError(
            f"revision {canary.revision} is being rolled out and revision {stable} is stable;"
            f" {invocation('abort', situation)} sends all clients back to {stable}, and --to names"
            " an older revision"
        )
    chosen = _named(records, to) if to else _before(situation, records)
    _check_differs(situation, chosen)
    if situation.rolled_back_to == chosen:
        sentence = f"the rollback to {_called(records, chosen)} is asked for already"
        return nothing(Verb.ROLLBACK, situation.commands.values[Verb.ROLLBACK], sentence)
    value = fresh(situation, Verb.ROLLBACK, rollback_to(chosen, target), now)
    held = "; it waits while spec.rollout.paused is true" if situation.is_paused else ""
    return setting(
        Verb.ROLLBACK,
        value,
        f"{_called(records, chosen)} takes over from revision {stable}{held}; the next change of"
        f" the spec ends this, or {invocation('rollback --undo', situation)}",
    )


def undo(situation: Situation) -> Change:
    """Return the change that ends a rollback: what the spec asks for is rolled out."""
    if Verb.ROLLBACK.annotation not in situation.annotations:
        raise RefusalError(
            f"nobody has rolled back: the annotation {Verb.ROLLBACK.annotation} is not set"
        )
    back = situation.rolled_back_to
    sentence = (
        f"revision {situation.target} of the spec is rolled out again, in place of revision {back}"
        if back
        else "the spec has changed since that rollback, which has ended; its annotation is removed"
    )
    return removing(Verb.ROLLBACK, sentence)


def _check_differs(situation: Situation, chosen: str) -> None:
    """Raise RefusalError if the revision serves already, or is on its way."""
    stable, canary, target = situation.stable, situation.canary, situation.target
    if chosen == target and situation.rolled_back_to is not None:
        raise RefusalError(
            f"the spec asks for revision {chosen} itself;"
            f" {invocation('rollback --undo', situation)} rolls it out again"
        )
    if canary is not None and chosen == canary.revision:
        raise RefusalError(f"revision {chosen} is being rolled out already")
    if chosen == stable:
        abort = f"; {invocation('abort', situation)} ends the rollout" if canary else ""
        raise RefusalError(f"revision {chosen} is the stable one and serves clients{abort}")
    if chosen == target:
        raise RefusalError(
            f"the spec asks for revision {chosen} itself, which was aborted;"
            f" {invocation('retry', situation)} starts it again"
        )


def _named(records: Records, to: str) -> str:
    """Return the kept revision of that name or version; RefusalError unless there is one."""
    if to in records:
        return to
    matches = [name for name, record in records.items() if to == _version(record)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise RefusalError(
            f"version {quoted(to)} has {len(matches)} revisions: {_choices(records, matches)};"
            " name one of them with --to"
        )
    raise RefusalError(
        f"found no revision or version {quoted(to)}, expected one that is kept:"
        f" {_choices(records, records)}"
    )


def _before(situation: Situation, records: Records) -> str:
    """Return the newest kept revision before the stable one; RefusalError without one."""
    for revision in _earlier(situation, records):
        if revision in records and revision != situation.stable:
            return revision
    raise RefusalError(
        f"no revision before {situation.stable} is kept; spec.rollout.revisionHistoryLimit says how"
        " many are. Apply the older spec"
    )


def _earlier(situation: Situation, records: Records) -> Iterator[str]:
    """Yield revisions that served, or were made, before the stable one; the best guess first."""
    status, stable = situation.status, situation.stable or ""
    for decision in reversed(status.decisions):
        if decision.reason == Reason.PROMOTED and decision.target == stable:
            yield decision.source or ""
    if status.rollout is not None and status.rollout.previous is not None:
        yield status.rollout.previous
    number = records[stable].number if stable in records else 0
    older = [record for record in records.values() if record.number < number]
    for record in sorted(older, key=lambda record: record.number, reverse=True):
        yield record.revision


def _version(record: RevisionRecord) -> str:
    """Return the version that people know the revision by; empty if its source has none."""
    return artifact_of_record(record).version


def _called(records: Records, revision: str) -> str:
    """Return the revision with its version, if it has one."""
    record = records.get(revision)
    version = _version(record) if record else ""
    return f"revision {revision} of version {version}" if version else f"revision {revision}"


def _choices(records: Records, names: Mapping[str, object] | list[str]) -> str:
    newest = sorted(names, key=lambda name: records[name].number, reverse=True)
    return listed((_called(records, name) for name in newest), "there is none", str)
