"""A fuzzing target: an entry point that reads foreign text, and its allowed answers."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from zlib import crc32

Mutator = Callable[[Random, bytes], bytes]

CPU_SECONDS = 1.0
GROWTH_MIB = 100
KEPT_MIB = 100
"""What all inputs of a job may leave in memory."""
MESSAGE_LENGTH = 16_384
_SCHEME = re.compile(r"(?!models)[a-z][-a-z0-9+.]*", re.ASCII | re.IGNORECASE)
MARKER = "qz7secretqz7"
"""A secret that targets put into what they read; no message may show it."""


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
        check_secret(message)
        if target.is_shown:
            _check_printable(message)


def check_secret(text: str) -> None:
    """Raise OracleError for a text that shows the secret."""
    if MARKER in text:
        raise OracleError(f"a secret is shown: {_around(text, MARKER)!r}")


def with_secret(uri: str) -> str:
    """Return the address with a signature, or with a password, where it has room for one.

    Mutations never see the secret, so they cannot move it to where it would be none. The name of a
    registered model is no address, and is quoted as it is.
    """
    scheme, mark, rest = uri.partition("://")
    if not _SCHEME.fullmatch(scheme) or not mark or any(letter in rest for letter in "?#@"):
        return uri
    if is_odd(uri.encode()):
        return f"{scheme}://user:{MARKER}@{rest}"
    return f"{uri}?X-Amz-Signature={MARKER}"


def is_odd(data: bytes) -> bool:
    """Return whether an input is of one half of all inputs, always the same."""
    return crc32(data) % 2 == 1


def _check_printable(message: str) -> None:
    """Raise OracleError for what could move a terminal's cursor, or hide in a line."""
    for letter in message:
        if not letter.isprintable() and letter not in "\n\t":
            raise OracleError(f"a message with {letter!r}: {_around(message, letter)!r}")


def _around(message: str, part: str) -> str:
    place = message.index(part)
    return message[max(0, place - 150) : place + 150]
