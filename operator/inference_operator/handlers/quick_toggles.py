"""Kopf's wait for the first listing, without its cost of objects squared.

Kopf 1.45 holds every object back until all are indexed, each with a toggle in one set. Each toggle
that is made or dropped wakes all who wait, and each of them takes the lock to look again: with
1,000 models (7,000 objects) a start took minutes. Here only the change to "on" wakes anybody.
"""

import asyncio
from collections.abc import Callable, Iterable

from kopf._cogs.aiokits import aiotoggles


class QuickToggleSet(aiotoggles.ToggleSet):
    """The same answers; who waits for all toggles to be gone costs nothing until they are.

    Sets of another kind than `all` have toggles that turn, and stay as they are.
    """

    def __init__(self, fn: Callable[[Iterable[bool]], bool]) -> None:
        super().__init__(fn)
        self._quick = fn is all
        self._turned_on = asyncio.Event()

    async def wait_for(self, state: bool, /) -> None:
        if not self._quick or not state:
            await super().wait_for(state)
            return
        while not self.is_on():
            self._turned_on.clear()
            await self._turned_on.wait()

    async def make_toggle(
        self, state: bool = False, /, *, name: str | None = None
    ) -> aiotoggles.Toggle:
        if not self._quick:
            return await super().make_toggle(state, name=name)
        toggle = aiotoggles.Toggle(state, name=name, condition=self._condition)
        self._toggles.add(toggle)
        return toggle

    async def drop_toggle(self, toggle: aiotoggles.Toggle) -> None:
        await self.drop_toggles([toggle])

    async def drop_toggles(self, toggles: Iterable[aiotoggles.Toggle]) -> None:
        if not self._quick:
            await super().drop_toggles(toggles)
            return
        self._toggles.difference_update(toggles)
        if self.is_on():
            self._turned_on.set()


def install() -> None:
    """For all sets that Kopf makes from now on."""
    aiotoggles.ToggleSet = QuickToggleSet  # type: ignore[misc]
