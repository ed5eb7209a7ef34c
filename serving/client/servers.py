"""Servers behind one name, asked in turn over HTTP; those that do not answer rest for a while."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tritonclient.utils import InferenceServerException

from serving.client.resolving import Resolve, resolve
from serving.settings.triton import TargetSettings

REFRESH = 2.0
"""Seconds after which the name is asked again."""
FIRST_REST = 0.5
"""Seconds that a server rests after a failure, if others are there; they double."""
LONGEST_REST = 8.0


class Closable(Protocol):
    """The library's client of one server."""

    async def close(self) -> None: ...


Client = TypeVar("Client", bound=Closable)


@dataclass(slots=True, eq=False)
class _Server(Generic[Client]):
    client: Client
    in_flight: int = 0
    is_retired: bool = False
    rest: float = 0.0
    rests_until: float = 0.0


class Servers(Generic[Client]):
    """The servers of one target; `open_one` makes the library's client of an address.

    A server that left the name gets no more calls, and its client is closed after the last one.
    """

    def __init__(
        self,
        target: TargetSettings,
        open_one: Callable[[str], Client],
        resolver: Resolve = resolve,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = target
        self._open = open_one
        self._resolve = resolver
        self._clock = clock
        self._servers: dict[str, _Server[Client]] = {}
        self._turns = itertools.count()
        self._asked = -REFRESH
        self._asking = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def lease(self) -> AsyncIterator[Client]:
        """Give the client of the next server for one attempt.

        An attempt that ends with the status UNAVAILABLE lets the server rest.

        Raises:
            InferenceServerException: UNAVAILABLE, if the name has no address.
        """
        await self._refresh()
        server = self._next()
        server.in_flight += 1
        try:
            yield server.client
            server.rest = server.rests_until = 0.0
        except InferenceServerException as failure:
            if failure.status() == "UNAVAILABLE":
                self._let_rest(server)
                self._asked = -REFRESH  # it may have left the name
            raise
        finally:
            server.in_flight -= 1
            await self._end_if_idle(server)

    async def close(self) -> None:
        """End all connections, and what runs on them."""
        servers, self._servers = list(self._servers.values()), {}
        for server in servers:
            await server.client.close()

    def _next(self) -> _Server[Client]:
        now = self._clock()
        servers = [self._servers[address] for address in sorted(self._servers)]
        awake = [each for each in servers if each.rests_until <= now] or servers
        if not awake:
            raise InferenceServerException(
                f"the name of {self._target.address} has no address", status="UNAVAILABLE"
            )
        server = awake[next(self._turns) % len(awake)]
        if server.rest:  # One call tries whether it is back, and no others before that has ended.
            server.rests_until = now + server.rest
        return server

    def _let_rest(self, server: _Server[Client]) -> None:
        server.rest = min(max(2 * server.rest, FIRST_REST), LONGEST_REST)
        server.rests_until = self._clock() + server.rest

    async def _refresh(self) -> None:
        async with self._asking:
            if self._clock() - self._asked < REFRESH:
                return
            try:
                addresses = await self._addresses()
            except OSError:
                # A name server that is away is no reason to leave servers that answer.
                addresses = tuple(self._servers)
            self._asked = self._clock()
            await self._take(addresses)

    async def _addresses(self) -> tuple[str, ...]:
        if self._target.balance == "pick_first":
            return (self._target.address,)
        return await self._resolve(self._target.address)

    async def _take(self, addresses: tuple[str, ...]) -> None:
        for address in set(self._servers) - set(addresses):
            server = self._servers.pop(address)
            server.is_retired = True
            await self._end_if_idle(server)
        for address in addresses:
            if address not in self._servers:
                self._servers[address] = _Server(self._open(address))

    async def _end_if_idle(self, server: _Server[Client]) -> None:
        if server.is_retired and server.in_flight == 0:
            await server.client.close()
