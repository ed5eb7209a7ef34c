"""A command's outcome before anything is written: the change to make, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass

from inference_operator.domain.commands import Verb


class RefusalError(Exception):
    """The command makes no sense now; the message says what is the case, and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """Annotations to set, and what will happen then."""

    verb: Verb
    value: str | None
    """The command's value; None if its annotation is removed."""

    sentence: str
    annotations: Mapping[Verb, str | None]
    """The annotations to set; those of None are removed. Empty if all is so already."""


def setting(verb: Verb, value: str, sentence: str) -> Change:
    """Return the change that sets a command."""
    return Change(verb, value, sentence, {verb: value})


def removing(verb: Verb, sentence: str) -> Change:
    """Return the change that removes a command's annotation."""
    return Change(verb, None, sentence, {verb: None})


def nothing(verb: Verb, value: str | None, sentence: str) -> Change:
    """Return the change of a repeated command, which writes nothing."""
    return Change(verb, value, sentence, {})
