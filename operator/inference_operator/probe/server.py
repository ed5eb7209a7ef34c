"""HTTP listener of the probe. Every pod of the cluster may call it, so connections, bytes and time
are bounded, and one thread serves them all.

A page may have no answer yet. Its request is then held: the kubelet writes a Warning Event for each
answer of 503 and for each refused connection, but not for an answer that takes long.
"""

import math
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress

MOST_CONNECTIONS = 32
MOST_OF_PEER = 8
SECONDS = 2.0
# Held requests may wait for half an hour. An address that holds many loses its newest one, so that
# no group of pods can keep the kubelet out, or end what it asked before.
MOST_HELD = 256
MOST_HELD_OF_PEER = 4
_REQUEST_BYTES = 4 << 10
_TURN_SECONDS, _HELD_SECONDS = 0.5, 0.1
# The kubelet asks a pod that ends until all its containers are gone, and reports a refused
# connection. Right after a request it is quiet for a period of its probe.
QUIET_SECONDS = 1.0
# A held request has outlasted its period, so that the kubelet asks again as soon as it is answered.
_NOT_QUIET = -math.inf

Page = tuple[int, str]
"""Status and text."""
Pages = Mapping[str, Callable[[float], Page | None]]
"""Answers by path, for a request that arrived at this steady time; None holds the request."""
YES, NO = (200, "yes\n"), (503, "no\n")

_WORDS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}


class _Connection:
    """An open connection: what it sent, and what it still has to get."""

    def __init__(self, sock: socket.socket, peer: str, ends_at: float) -> None:
        self.sock, self.peer, self.ends_at = sock, peer, ends_at
        self.received = b""
        self.answer = b""
        self.page: Callable[[float], Page | None] | None = None
        """The page that has no answer yet."""

        self.path = ""
        self.arrived = 0.0


class Listener:
    """A listener on a port, whose pages are computed by each request."""

    def __init__(self, address: tuple[str, int], pages: Pages) -> None:
        self._pages = pages
        self._selector = selectors.DefaultSelector()
        self._open: list[_Connection] = []  # in the order of arrival
        self._held: list[_Connection] = []
        self._asked: dict[str, float] = {}
        """When each page was last asked and had an answer at once; before all times if the last
        answer was to a held request."""
        self._awaited, self._released = "", threading.Event()
        self._sock = _listening(address)
        self._sock.setblocking(False)
        self._selector.register(self._sock, selectors.EVENT_READ)

    @property
    def port(self) -> int:
        return int(self._sock.getsockname()[1])

    def __len__(self) -> int:
        return len(self._open) + len(self._held)

    def serve(self) -> None:
        """Serve without end."""
        while True:
            self.turn(_HELD_SECONDS if self._held else _TURN_SECONDS)

    def release(self, awaited: str, seconds: float) -> None:
        """Answer what is held, open or still comes with yes: the pod ends, and it is no fault.

        Return after the next request of the page `awaited`, but at once if one came a moment ago or
        none ever came, and after these seconds at the latest. Another thread than that of `serve`
        calls it.
        """
        self._awaited = awaited
        self._released.wait(seconds)

    def turn(self, seconds: float) -> None:
        """Wait so long for something to do, and do it."""
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._sock:
                self._accept()
            else:
                self._go_on(key.data)
        self._look_at_held()
        now = time.monotonic()
        for connection in [item for item in self._open if item.ends_at <= now]:
            self._end(connection)
        # A request that came in this moment has its answer first: the kubelet reports a lost one.
        is_quiet = now - self._asked.get(self._awaited, now) <= QUIET_SECONDS
        if self._awaited and is_quiet and not self._open and not self._held:
            self._released.set()

    def close(self) -> None:
        """Stop listening and end what is open."""
        for connection in [*self._open, *self._held]:
            self._end(connection)
        self._selector.close()
        self._sock.close()

    def _accept(self) -> None:
        try:
            sock, address = self._sock.accept()
        except OSError:  # it has gone again, or there are no more descriptors
            return
        peer = str(address[0])
        of_peer = [item for item in self._open if item.peer == peer]
        # The oldest ends: a client that means it needs milliseconds.
        if len(of_peer) >= MOST_OF_PEER:
            self._end(of_peer[0])
        elif len(self._open) >= MOST_CONNECTIONS:
            self._end(self._open[0])
        sock.setblocking(False)
        connection = _Connection(sock, peer, time.monotonic() + SECONDS)
        self._open.append(connection)
        self._selector.register(sock, selectors.EVENT_READ, connection)

    def _go_on(self, connection: _Connection) -> None:
        if connection not in self._open and connection not in self._held:  # ended in this turn
            return
        try:
            if connection.page is not None:
                if not connection.sock.recv(_REQUEST_BYTES):
                    self._end(connection)
            elif not connection.answer:
                self._read(connection)
            else:
                sent = connection.sock.send(connection.answer)
                connection.answer = connection.answer[sent:]
                if not connection.answer:
                    self._end(connection)
        except BlockingIOError:
            return
        except OSError:
            self._end(connection)

    def _read(self, connection: _Connection) -> None:
        received = connection.sock.recv(_REQUEST_BYTES)
        connection.received += received
        is_whole = b"\r\n\r\n" in connection.received
        if is_whole or len(connection.received) > _REQUEST_BYTES:
            self._answer(connection)
        elif not received:
            self._end(connection)

    def _answer(self, connection: _Connection) -> None:
        """Answer a request, or hold it."""
        words = connection.received.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            self._send(connection, (400, "not HTTP\n"))
        elif words[0] != "GET":
            self._send(connection, (405, "only GET\n"))
        elif (page := self._pages.get(path := words[1].partition("?")[0])) is None:
            self._send(connection, (404, "no such page\n"))
        else:
            connection.arrived = time.monotonic()
            answer = page(connection.arrived)
            if self._awaited and answer in (None, NO):
                answer = YES
            if answer is not None:
                self._asked[path] = connection.arrived
            if answer is None and self._makes_room_for(connection.peer):
                connection.page, connection.path = page, path
                self._open.remove(connection)
                self._held.append(connection)
            else:
                self._send(connection, answer or NO)

    def _makes_room_for(self, peer: str) -> bool:
        """Return whether a client may hold another request; end one of the largest holder if all
        places are taken."""
        held = Counter(item.peer for item in self._held)
        if held[peer] >= MOST_HELD_OF_PEER:
            return False
        if len(self._held) >= MOST_HELD:
            largest, count = held.most_common(1)[0]
            if count <= held[peer]:
                return False
            self._end(next(item for item in reversed(self._held) if item.peer == largest))
        return True

    def _look_at_held(self) -> None:
        """Answer each held request whose page has an answer now."""
        for connection in list(self._held):
            assert connection.page is not None
            answer = YES if self._awaited else connection.page(connection.arrived)
            if answer is None:
                continue
            self._asked[connection.path] = _NOT_QUIET
            connection.page = None
            connection.ends_at = time.monotonic() + SECONDS
            self._held.remove(connection)
            self._open.append(connection)
            self._send(connection, answer)
            self._go_on(connection)

    def _send(self, connection: _Connection, page: Page) -> None:
        connection.answer = _http_answer(*page)
        self._selector.modify(connection.sock, selectors.EVENT_WRITE, connection)

    def _end(self, connection: _Connection) -> None:
        for connections in (self._open, self._held):
            if connection in connections:
                connections.remove(connection)
                self._selector.unregister(connection.sock)
                connection.sock.close()


def _http_answer(status: int, text: str) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status} {_WORDS.get(status, 'Service Unavailable')}\r\n"
        "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _listening(address: tuple[str, int]) -> socket.socket:
    """Return a listening socket; an empty host means all addresses of both families."""
    if not address[0] and socket.has_dualstack_ipv6():
        family = socket.AF_INET6
        # A node may have the family and yet no address of it.
        with suppress(OSError):
            return socket.create_server(address, family=family, backlog=64, dualstack_ipv6=True)
    return socket.create_server(address, backlog=64)
