"""Commands of people to a rollout: annotations of the resource.

The value of each names what the command is for. Applied twice, or stored in Git, it does nothing a
second time. The operator never removes one; `status.rollout.handled` says which was the last.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from inference_operator.api.base import GROUP
from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import quoted

LONGEST_VALUE = 200
"""Longest value of a command; every valid one is shorter."""

_REVISION = r"[a-z0-9]{1,63}"
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
"""A time in a command, as the API server writes one."""

FULL = "full"


class Verb(StrEnum):
    """What a command does; the annotation is `inference.aipx.io/VERB`."""

    PROMOTE = "promote"
    """`REVISION/STEP`: end the step, the first one being 0. `REVISION/full`: skip all steps. A time
    behind it, `@TIME`, makes a second command of the same kind differ from the first."""

    ABORT = "abort"
    """`REVISION`: send all clients back to the stable revision; `@TIME` as above."""

    RETRY = "retry"
    """`REVISION@TIME`: start the revision again that was aborted at that time."""

    PAUSE = "pause"
    """`REVISION`: stay at the present step while the annotation is there."""

    ROLLBACK = "rollback"
    """`REVISION;from=REVISION`: serve the first one while the spec wants the second; `@TIME` as
    above."""

    REFRESH_ALIAS = "refresh-alias"
    """`TIME`: ask the registry again."""

    @property
    def annotation(self) -> str:
        """The annotation's key."""
        return f"{GROUP}/{self}"


FORMS: Mapping[Verb, re.Pattern[str]] = {
    Verb.PROMOTE: re.compile(rf"({_REVISION}/([0-9]{{1,3}}|{FULL}))(@{TIME})?", re.ASCII),
    Verb.ABORT: re.compile(rf"({_REVISION})(@{TIME})?", re.ASCII),
    Verb.RETRY: re.compile(rf"({_REVISION})@({TIME})", re.ASCII),
    Verb.PAUSE: re.compile(rf"({_REVISION})", re.ASCII),
    Verb.ROLLBACK: re.compile(rf"({_REVISION});from=({_REVISION})(@{TIME})?", re.ASCII),
    Verb.REFRESH_ALIAS: re.compile(rf"({TIME})", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Setter:
    """The field manager that set a command. Clients choose its name, so it is not an identity."""

    manager: str
    time: str = ""
    """Time of the manager's last write; empty if it is not legible."""


@dataclass(frozen=True, slots=True)
class Commands:
    """The legible commands of one resource."""

    values: Mapping[Verb, str]
    setters: Mapping[Verb, Setter] = field(default_factory=dict)
    """Who set them, as far as the API server tells."""

    refused: str = ""
    """The revision of a rollback that the allow-lists forbid."""

    @classmethod
    def read(
        cls, annotations: Mapping[str, object], setters: Mapping[str, Setter] | None = None
    ) -> "Commands":
        """Return the commands among annotations; others, and illegible values, are left out.

        `setters` tells who set an annotation, by its key.

        >>> Commands.read({"inference.aipx.io/abort": "935a3432c3"}).aborts("935a3432c3")
        True
        """
        values = {verb: str(annotations.get(verb.annotation, "")) for verb in Verb}
        legible = {verb: value for verb, value in values.items() if _is_legible(verb, value)}
        by_key = setters or {}
        of_verb = {verb: by_key[verb.annotation] for verb in legible if verb.annotation in by_key}
        return cls(legible, of_verb)

    def ends_step(self, revision: str, step: int) -> bool:
        """Return whether a person ended this step of this canary, or all of them."""
        return self._first_part(Verb.PROMOTE) in (
            promote_step(revision, step),
            promote_all(revision),
        )

    def skips_steps(self, revision: str) -> bool:
        """Return whether a person promoted the canary whatever its step."""
        return self._first_part(Verb.PROMOTE) == promote_all(revision)

    def aborts(self, revision: str) -> bool:
        return self._first_part(Verb.ABORT) == revision

    def about(self, revision: str) -> tuple[str, ...]:
        """Return the commands to promote or to abort a revision, as the status names them."""
        is_promoted = self._first_part(Verb.PROMOTE).startswith(f"{revision}/")
        promote = (self.shown(Verb.PROMOTE),) if is_promoted else ()
        return (*promote, self.shown(Verb.ABORT)) if self.aborts(revision) else promote

    def pauses(self, revision: str) -> bool:
        return self.values.get(Verb.PAUSE) == revision

    def retries(self, revision: str, aborted: datetime) -> bool:
        """Return whether a person starts a revision again that was aborted at that time."""
        return self.values.get(Verb.RETRY) == retry_of(revision, aborted)

    def rolled_back_to(self, target: str, handled: Collection[str] = ()) -> str | None:
        """Return the revision that shall serve instead of the spec's; None without a command, and
        if it is among the handled ones: that rollback has ended."""
        match = FORMS[Verb.ROLLBACK].fullmatch(self.values.get(Verb.ROLLBACK, ""))
        if match is None or self.shown(Verb.ROLLBACK) in handled:
            return None
        return match[1] if match[2] == target and match[1] != target else None

    def has_rollback_from_another(self, target: str) -> bool:
        """Return whether there is a rollback that was given for another revision of the spec."""
        match = FORMS[Verb.ROLLBACK].fullmatch(self.values.get(Verb.ROLLBACK, ""))
        return match is not None and match[2] != target

    def _first_part(self, verb: Verb) -> str:
        """Return what a command is for, without its time."""
        match = FORMS[verb].fullmatch(self.values.get(verb, ""))
        return match[1] if match else ""

    def without_rollback(self, revision: str) -> "Commands":
        """Return the commands without the rollback, which is refused."""
        kept = dict(self.values)
        kept.pop(Verb.ROLLBACK, None)
        return replace(self, values=kept, refused=revision)

    def shown(self, verb: Verb) -> str:
        """Return a command as the status names it: `promote=935a3432c3/2`."""
        return f"{verb}={self.values[verb]}"

    def cited(self, verb: Verb) -> str:
        """Return a command for a decision: its annotation, and who set it when.

        >>> setter = Setter("kubectl-edit", "2031-05-06T12:00:00Z")
        >>> Commands({Verb.PAUSE: "935a3432c3"}, {Verb.PAUSE: setter}).cited(Verb.PAUSE)
        'inference.aipx.io/pause=935a3432c3, set by "kubectl-edit" at 2031-05-06T12:00:00Z'
        """
        setter = self.setters.get(verb)
        time = f" at {setter.time}" if setter is not None and setter.time else ""
        return f"{verb.annotation}={self.values[verb]}{self.set_by(verb)}{time}"

    def set_by(self, verb: Verb) -> str:
        """Return who set a command, as a part of a sentence; empty if nothing tells.

        The time is left out: it changes with each write of that manager.
        """
        setter = self.setters.get(verb)
        return "" if setter is None else f", set by {quoted(setter.manager, most=LONGEST_VALUE)}"


NONE = Commands({})


def promote_step(revision: str, step: int) -> str:
    """Return the value of `promote` that ends one step."""
    return f"{revision}/{step}"


def promote_all(revision: str) -> str:
    """Return the value of `promote` that skips all steps."""
    return f"{revision}/{FULL}"


def retry_of(revision: str, aborted: datetime) -> str:
    """Return the value of `retry` for a revision that was aborted at that time."""
    return f"{revision}@{format_time(aborted)}"


def rollback_to(revision: str, target: str) -> str:
    """Return the value of `rollback` to a revision, while the spec wants `target`."""
    return f"{revision};from={target}"


def _is_legible(verb: Verb, value: str) -> bool:
    return len(value) <= LONGEST_VALUE and FORMS[verb].fullmatch(value) is not None
