"""API keys: a mounted file of hashes, and the scopes that each key has."""

import hashlib
import re
from pathlib import Path

from serving.gateway.callers import Caller, Scope, bearer, check_scope, unauthenticated
from serving.gateway.problems import RefusedError
from serving.gateway.watched_file import WatchedFile

_LINE = re.compile(r"([A-Za-z0-9._-]{1,64}) ([0-9a-f]{64}) ([a-z:,]{1,200})")
_MOST_KEYS = 10_000


class ApiKeys:
    """Keys of a file with lines `NAME SHA256 SCOPE,SCOPE`; `#` begins a comment.

    A key is a long random text, so a plain SHA-256 of it cannot be guessed back.
    """

    def __init__(self, path: Path) -> None:
        self._file = WatchedFile(path, parsed)

    def caller(self, header: str | None, scope: Scope) -> Caller:
        """Return who calls; RefusedError for a key that is absent, unknown, or of another scope."""
        key = bearer(header)
        if not key:
            raise _unknown("no key")
        caller = self._file.content.get(hashlib.sha256(key.encode()).hexdigest())
        if caller is None:
            raise _unknown("a key that is not in the file of keys")
        remedy = "use another key, or add the scope to its line"
        check_scope(f"the key of {caller.name}", caller.scopes, scope, remedy)
        return caller

    async def start(self) -> None:
        """Do nothing: the file is looked at with the requests."""

    async def close(self) -> None:
        """Do nothing."""


def parsed(text: str) -> dict[str, Caller]:
    """Return callers by the hash of their key; ValueError names a bad line.

    >>> [caller.name for caller in parsed("# ours\\ndesk " + "0" * 64 + " predict").values()]
    ['desk']
    """
    callers: dict[str, Caller] = {}
    for number, line in enumerate(text.splitlines()[: 2 * _MOST_KEYS], 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        scopes = frozenset(match[3].split(",")) if match else frozenset()
        if match is None or not scopes <= set(Scope):
            raise ValueError(
                f"line {number}: expected NAME, the SHA-256 of the key, and scopes of"
                f" {', '.join(Scope)} with commas, separated by a space"
            )
        callers[match[2]] = Caller(match[1], scopes)
    return callers


def _unknown(value: str) -> RefusedError:
    return unauthenticated(value, "`Bearer KEY`", "ask the gateway's owner for a key")
