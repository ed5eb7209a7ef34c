"""Reader of a pass's input; reads records, which may be forged and large, a few at a time."""

import asyncio
from concurrent.futures import Executor

from inference_operator.domain.body import Body
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.observation.observe import Resolve, observe
from inference_operator.observation.records import Waiting, read_into
from inference_operator.observation.store import Store
from inference_operator.planning.cost import exceeds
from inference_operator.resources.controller_revision import read_record

# Characters and parts of a long record; a common one has some thousands. Reading takes 2 ms.
_LONG = 16_384
# Records that are read before other tasks run.
_AT_ONCE = 8
# Records may change while others are read. After this many rounds, changing ones are skipped.
_ROUNDS = 4


class UnitReader:
    """Observer of units that does not hold the event loop while it reads their records."""

    def __init__(self, store: Store, resolve: Resolve, thread: Executor) -> None:
        """Create a reader; `thread` reads long records."""
        self._store = store
        self._resolve = resolve
        self._thread = thread

    async def observe(self, key: UnitKey) -> Observed | None:
        """Return the unit's observed state; None when its custom resource does not exist."""
        for _ in range(_ROUNDS):
            waiting = Waiting()
            seen = observe(self._store, key, self._resolve, waiting)
            if not waiting.bodies:
                return seen
            for number, (body, unit) in enumerate(waiting.bodies, 1):
                await self._read(body, unit)
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)
        return observe(self._store, key, self._resolve, Waiting())

    async def _read(self, body: Body, unit: UnitKey) -> None:
        if exceeds(body, _LONG):
            loop = asyncio.get_running_loop()
            record = await loop.run_in_executor(self._thread, read_record, body, unit)
        else:
            record = read_record(body, unit)
        read_into(self._store, body, record, unit)
