"""Commands of people to a rollout: annotations of the resource.

The value of each names what the command is for. Applied twice, or stored in Git, it does nothing a
second time. The operator never removes one; `status.rollout.handled` says which was the last.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inference_operator.api.base import GROUP
from inference_operator.api.conditions import format_time

LONGEST_VALUE = 200
"""Longest value of a command; every valid one is shorter."""

_REVISION = r"[a-z0-9]{1,63}"
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
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
    """`REVISION;from=REVISION`: serve the first one while the spec wants the second."""

    REFRESH_ALIAS = "refresh-alias"
    """`TIME`: ask the registry again."""

    @property
    def annotation(self) -> str:
        """The annotation's key."""
        return f"{GROUP}/{self}"


FORMS: Mapping[Verb, re.Pattern[str]] = {
    Verb.PROMOTE: re.compile(rf"({_REVISION}/([0-9]{{1,3}}|{FULL}))(@{_TIME})?", re.ASCII),
    Verb.ABORT: re.compile(rf"({_REVISION})(@{_TIME})?", re.ASCII),
    Verb.RETRY: re.compile(rf"({_REVISION})@({_TIME})", re.ASCII),
    Verb.PAUSE: re.compile(rf"({_REVISION})", re.ASCII),
    Verb.ROLLBACK: re.compile(rf"({_REVISION});from=({_REVISION})", re.ASCII),
    Verb.REFRESH_ALIAS: re.compile(rf"({_TIME})", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Commands:
    """The legible commands of one resource."""

    values: Mapping[Verb, str]
    refused: str = ""
    """The revision of a rollback that the allow-lists forbid."""

    @classmethod
    def read(cls, annotations: Mapping[str, object]) -> "Commands":
        """Return the commands among annotations; others, and illegible values, are left out.

        >>> Commands.read({"inference.aipx.io/abort": "935a3432c3"}).aborts("935a3432c3")
        True
        """
        values = {verb: str(annotations.get(verb.annotation, "")) for verb in Verb}
        return cls({verb: value for verb, value in values.items() if _is_legible(verb, value)})

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

    def rolled_back_to(self, target: str) -> str | None:
        """Return the revision that shall serve instead of the spec's; None without a command."""
        match = FORMS[Verb.ROLLBACK].fullmatch(self.values.get(Verb.ROLLBACK, ""))
        return match[1] if match and match[2] == target and match[1] != target else None

    def _first_part(self, verb: Verb) -> str:
        """Return what a command is for, without its time."""
        match = FORMS[verb].fullmatch(self.values.get(verb, ""))
        return match[1] if match else ""

    def without_rollback(self, revision: str) -> "Commands":
        """Return the commands without the rollback, which is refused."""
        kept = dict(self.values)
        kept.pop(Verb.ROLLBACK, None)
        return Commands(kept, revision)

    def shown(self, verb: Verb) -> str:
        """Return a command as the status names it: `promote=935a3432c3/2`."""
        return f"{verb}={self.values[verb]}"


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
