"""A cache in this process: the least recently used values give way when bytes run out."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from serving.gateway.caches.port import LARGEST_VALUE


class MemoryCache:
    """Values of at most `most_bytes` together, keys and a fixed overhead included.

    The oldest values go as soon as their time is over, also if nobody asks for them again.
    """

    name = "memory"
    _OVERHEAD = 400

    def __init__(self, most_bytes: int, clock: Callable[[], float] = monotonic) -> None:
        self._most, self._clock = most_bytes, clock
        self._values: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self.bytes = 0

    async def get(self, key: str) -> bytes | None:
        entry = self._values.get(key)
        if entry is None:
            return None
        until, value = entry
        if self._clock() >= until:
            self._drop(key)
            return None
        self._values.move_to_end(key)
        return value

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        if len(value) > LARGEST_VALUE or seconds <= 0:
            return
        if key in self._values:
            self._drop(key)
        self._drop_expired()
        # orjson leaves some 4 KB behind the end of its bytes; a copy has their size alone.
        self._values[key] = (self._clock() + seconds, bytes(memoryview(value)))
        self.bytes += self._size(key, value)
        while self.bytes > self._most:
            self._drop(next(iter(self._values)))

    async def close(self) -> None:
        self._values.clear()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._values)

    def _drop_expired(self) -> None:
        now = self._clock()
        while self._values:
            key = next(iter(self._values))
            if now < self._values[key][0]:
                return
            self._drop(key)

    def _drop(self, key: str) -> None:
        _, value = self._values.pop(key)
        self.bytes -= self._size(key, value)

    def _size(self, key: str, value: bytes) -> int:
        return len(key) + len(value) + self._OVERHEAD
