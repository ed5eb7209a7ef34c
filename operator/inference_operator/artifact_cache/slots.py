"""Slots that bound the work under way, for each peer and for all together."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class BusyError(Exception):
    """All slots are taken; `of_peer`: by this peer alone."""

    def __init__(self, message: str, *, of_peer: bool) -> None:
        super().__init__(message)
        self.of_peer = of_peer


@dataclass(slots=True)
class Slots:
    """At most `most` slots, and `of_peer` for one address; a request never waits for one."""

    name: str
    most: int
    of_peer: int
    taken: int = 0
    _peers: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def take(self, peer: str) -> Iterator[None]:
        """Hold a slot while the context lasts; BusyError when none is free."""
        if self._peers[peer] >= self.of_peer:
            raise BusyError(
                f"found {self.of_peer} {self.name} of {peer} at once, expected no more: try again"
                " later",
                of_peer=True,
            )
        if self.taken >= self.most:
            raise BusyError(
                f"found {self.most} {self.name} at once, expected no more: try again later",
                of_peer=False,
            )
        self.taken += 1
        self._peers[peer] += 1
        try:
            yield
        finally:
            self.taken -= 1
            self._peers[peer] -= 1
            if not self._peers[peer]:
                del self._peers[peer]
