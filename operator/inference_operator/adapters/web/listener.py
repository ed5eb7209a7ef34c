"""HTTP listener for ports that every pod of the cluster may reach.

It limits the connections in all and for each peer. It also limits the size of a request's head,
the time until the head has arrived, and the buffers. Each connection carries one request.
"""

import asyncio
import logging
import socket
from collections import Counter
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

# Unread bytes of a body that the kernel and aiohttp each buffer, for one connection.
_BUFFER = 64 << 10
# Bytes of an answer that the kernel buffers until the client takes them.
_SEND_BUFFER = 256 << 10
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Concurrent connections, in total and of one peer's address; seconds for a request's head."""

    most: int
    of_peer: int
    head_seconds: float = 10.0


class Connections:
    """The open connections of a listener. When there are too many, the oldest idle one ends."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        # In order of arrival; the value is whether a request is being answered.
        self._open: dict[_Connection, bool] = {}
        self._of_peer: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, connection: "_Connection") -> bool:
        """Count a new connection, and return whether it may stay."""
        peer = connection.peer
        if self._of_peer[peer] >= self._limits.of_peer and not self._end_idle(peer):
            return False
        if len(self._open) >= self._limits.most and not self._end_idle():
            return False
        self._open[connection] = False
        self._of_peer[peer] += 1
        return True

    def leave(self, connection: "_Connection") -> None:
        """Forget a connection that ended."""
        if self._open.pop(connection, None) is not None:
            self._of_peer[connection.peer] -= 1
            if not self._of_peer[connection.peer]:
                del self._of_peer[connection.peer]

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Mark the connection as busy."""
        if request.protocol in self._open:
            self._open[request.protocol] = True
        return await handler(request)

    def _end_idle(self, peer: str | None = None) -> bool:
        """End the oldest connection whose request has not come, of that peer if one is given."""
        for connection, is_busy in self._open.items():
            if not is_busy and peer in (None, connection.peer):
                self.leave(connection)
                connection.end()
                return True
        return False


class _Connection(web.RequestHandler):
    """A connection that is counted from its first to its last moment."""

    __slots__ = ("_counted", "_raw", "peer")

    def __init__(self, counted: Connections, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self._counted, self.peer = counted, ""
        self._raw: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._raw = transport
        self.peer = (transport.get_extra_info("peername") or [""])[0]
        if self._counted.enter(self):
            super().connection_made(transport)
        else:
            transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._counted.leave(self)
        super().connection_lost(exc)

    def end(self) -> None:
        """Close it without an answer."""
        if self._raw is not None:
            self._raw.abort()


@dataclass(frozen=True, slots=True)
class Listener:
    """A running listener."""

    connections: Connections
    _runner: web.AppRunner
    _server: asyncio.Server

    @property
    def addresses(self) -> list[tuple[Any, ...]]:
        """Return the addresses where it listens: host and port first."""
        return [sock.getsockname() for sock in self._server.sockets]

    async def cleanup(self) -> None:
        """Stop listening and end what is open."""
        self._server.close()
        await self._runner.cleanup()


async def listen(
    app: web.Application, address: str, port: int, limits: ConnectionLimits
) -> Listener:
    """Serve the application until the returned listener is cleaned up; "" is all addresses."""
    connections = Connections(limits)
    app.middlewares.append(connections.middleware)
    app.on_response_prepare.append(_close)
    # A disconnected client is noticed at once.
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    loop, manager = asyncio.get_running_loop(), runner.server
    assert manager is not None

    def connect() -> _Connection:
        return _Connection(
            connections,
            manager,
            loop=loop,
            logger=_LOG,
            access_log=None,
            keepalive_timeout=limits.head_seconds,
            max_line_size=2 << 10,
            max_field_size=8 << 10,
            max_headers=48,
            # An unneeded body is not read.
            lingering_time=0.0,
            read_bufsize=_BUFFER,
            # A few KB of gzip expand to many MB.
            auto_decompress=False,
        )

    server = await loop.create_server(connect, address or None, port, start_serving=False)
    for sock in server.sockets:
        # Connections have these sizes from the listening socket.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    await server.start_serving()
    return Listener(connections, runner, server)


async def _close(_: web.Request, response: web.StreamResponse) -> None:
    # A kept-alive connection is a task, which Kopf takes for its own hanging task: at the end Kopf
    # would wait 5 s for it.
    response.force_close()


def _is_ours(record: logging.LogRecord) -> bool:
    """Return whether an error is the server's own: peers without HTTP would fill the log."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_LOG.addFilter(_is_ours)
