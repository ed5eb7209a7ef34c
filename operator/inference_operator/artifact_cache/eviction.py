"""Fair eviction: the files that make room for a peer's upload.

A peer's share is the limit, divided by the peers that have files in use. Files in use that are
within their peer's share are not evicted for another peer.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

# The pods of a rollout start within minutes: until then their artifact is protected.
IDLE_NS = 600 * 10**9


@dataclass(slots=True)
class Held:
    """A file: its room in bytes, its last use (ns of Unix time), and the peer that uploaded it.

    `peer` is empty after a restart.
    """

    room: int
    used: int
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """A peer's request for room, in bytes."""

    room: int
    peer: str
    now: int
    limit: int
    """Bytes that all files may take together."""


def make_room(
    wish: Wish,
    kept: Mapping[str, Held],
    arriving: Mapping[Path, Held],
    in_use: Collection[str],
) -> tuple[list[str], list[Path]] | None:
    """Return the fewest files that make room, in their order; None if there is not enough.

    Complete files go first, the least recently used ones first; then uploads, the largest first.
    `in_use` are complete files that stay.
    """
    held = sum(file.room for file in (*kept.values(), *arriving.values()))
    excess = held + wish.room - wish.limit
    shares = _Shares(wish, kept, arriving)
    going: list[str] = []
    for sha256, file in sorted(kept.items(), key=lambda item: item[1].used):
        if excess <= 0:
            break
        if sha256 not in in_use and (shares.is_free(file) or shares.is_over(file.peer)):
            going.append(sha256)
            excess -= file.room
            shares.take(file)
    ending: list[Path] = []
    for path, file in sorted(arriving.items(), key=lambda item: -item[1].room):
        if excess <= 0:
            break
        if shares.is_over(file.peer):
            ending.append(path)
            excess -= file.room
            shares.take(file)
    return None if excess > 0 else (going, ending)


class _Shares:
    """Bytes for each peer, including running uploads and the request."""

    def __init__(self, wish: Wish, kept: Mapping[str, Held], arriving: Mapping[Path, Held]) -> None:
        self._wish = wish
        self._bytes = Counter({wish.peer: wish.room})
        for file in (*kept.values(), *arriving.values()):
            self._bytes[file.peer] += file.room
        active = {file.peer for file in kept.values() if not self._is_idle(file)}
        active |= {file.peer for file in arriving.values() if file.room}
        self._fair = wish.limit // len(active - {""} | {wish.peer})

    def take(self, file: Held) -> None:
        self._bytes[file.peer] -= file.room

    def is_free(self, file: Held) -> bool:
        """Return whether the file may be evicted for this peer, however small its peer's share."""
        return self._is_idle(file) or file.peer in ("", self._wish.peer)

    def is_over(self, peer: str) -> bool:
        """Return whether the peer has more than its share, and more than the requesting peer."""
        return self._bytes[peer] > max(self._fair, self._bytes[self._wish.peer])

    def _is_idle(self, file: Held) -> bool:
        return self._wish.now - file.used > IDLE_NS
