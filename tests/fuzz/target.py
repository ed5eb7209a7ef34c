"""What is fuzzed: one entry point that reads foreign text, and what it may answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

Mutator = Callable[[Random, bytes], bytes]

CPU_SECONDS = 1.0
GROWTH_MIB = 100
KEPT_MIB = 100
"""What all inputs of a job may leave in memory."""
MESSAGE_LENGTH = 16_384


class OracleError(AssertionError):
    """The entry point answered, and the answer is not allowed."""


@dataclass(frozen=True, slots=True)
class Target:
    """One entry point.

    `run` takes an input and returns the messages that a person would read. It may raise `refusals`,
    whose messages are checked too, and OracleError for an answer that must not be.
    """

    name: str
    seeds: tuple[bytes, ...]
    run: Callable[[bytes], Iterable[str] | None]
    mutate: Mutator
    refusals: tuple[type[Exception], ...] = ()
    largest: int = 64 << 10
    """Bytes of an input at most."""

    is_shown: bool = True
    """Whether its messages reach a terminal or a status as they are. Those of the init container do
    not: it writes JSON, and the operator makes its report printable."""


def check(target: Target, data: bytes) -> None:
    """Run the target on one input. Any exception is a finding."""
    try:
        messages = [*(target.run(data) or ())]
    except target.refusals as refusal:
        messages = [str(refusal)]
    for message in messages:
        if len(message) > MESSAGE_LENGTH:
            raise OracleError(f"a message of {len(message):,} characters: {message[:300]!r}")
        if target.is_shown:
            _check_printable(message)


def _check_printable(message: str) -> None:
    """Raise OracleError for what could move a terminal's cursor, or hide in a line."""
    for letter in message:
        if not letter.isprintable() and letter not in "\n\t":
            raise OracleError(f"a message with {letter!r}: {_around(message, letter)!r}")


def _around(message: str, letter: str) -> str:
    place = message.index(letter)
    return message[max(0, place - 150) : place + 150]
