"""Reads what a pass looks at; records, whose text others may have written, a few at a time."""

import asyncio
from concurrent.futures import Executor

from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.observation.observe import Resolve, observe
from inference_operator.observation.records import Body, Waiting, read_into
from inference_operator.observation.store import Cache
from inference_operator.planning.cost import exceeds
from inference_operator.resources.controller_revision import read_record

# Of characters and parts, of which a common record has some thousands. It takes 2 ms.
_LONG = 16_384
# Records that are read before the event loop gets its turn.
_AT_ONCE = 8
# Records may change while others are read. Those that do so all the time are not waited for.
_ROUNDS = 4


class Reader:
    """Observes units, without holding the event loop for their records."""

    def __init__(self, cache: Cache, resolve: Resolve, thread: Executor) -> None:
        """`thread` is for long records."""
        self._cache = cache
        self._resolve = resolve
        self._thread = thread

    async def observe(self, key: UnitKey) -> Observed | None:
        """What is known of the unit now; None when there is no such custom resource."""
        for _ in range(_ROUNDS):
            waiting = Waiting()
            seen = observe(self._cache, key, self._resolve, waiting)
            if not waiting.bodies:
                return seen
            for number, (body, unit) in enumerate(waiting.bodies, 1):
                await self._read(body, unit)
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)
        return observe(self._cache, key, self._resolve, Waiting())

    async def _read(self, body: Body, unit: UnitKey) -> None:
        if exceeds(body, _LONG):
            loop = asyncio.get_running_loop()
            record = await loop.run_in_executor(self._thread, read_record, body, unit)
        else:
            record = read_record(body, unit)
        read_into(self._cache, body, record, unit)
