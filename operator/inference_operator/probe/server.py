"""HTTP listener of the probe: `/ready`, `/live` and `/metrics`. Every pod of the cluster may call
it, so connections, bytes and time are bounded, and one thread serves them all."""

import selectors
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

MOST_CONNECTIONS = 32
MOST_OF_PEER = 8
SECONDS = 2.0
_REQUEST_BYTES = 4 << 10

Page = tuple[int, str]
"""Status and text."""
Pages = Mapping[str, Callable[[], Page]]

_WORDS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}


class _Connection:
    """An open connection: what it sent, and what it still has to get."""

    def __init__(self, sock: socket.socket, peer: str, ends_at: float) -> None:
        self.sock, self.peer, self.ends_at = sock, peer, ends_at
        self.received = b""
        self.answer = b""


class Listener:
    """A listener on a port, whose pages are computed by each request."""

    def __init__(self, address: tuple[str, int], pages: Pages) -> None:
        self._pages = pages
        self._selector = selectors.DefaultSelector()
        self._open: list[_Connection] = []  # in the order of arrival
        self._sock = _listening(address)
        self._sock.setblocking(False)
        self._selector.register(self._sock, selectors.EVENT_READ)

    @property
    def port(self) -> int:
        return int(self._sock.getsockname()[1])

    def __len__(self) -> int:
        return len(self._open)

    def serve(self) -> None:
        """Serve without end."""
        while True:
            self.turn(0.5)

    def turn(self, seconds: float) -> None:
        """Wait so long for something to do, and do it."""
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._sock:
                self._accept()
            else:
                self._go_on(key.data)
        now = time.monotonic()
        for connection in [item for item in self._open if item.ends_at <= now]:
            self._end(connection)

    def close(self) -> None:
        """Stop listening and end what is open."""
        for connection in list(self._open):
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
        if connection not in self._open:  # ended in this turn
            return
        try:
            if not connection.answer:
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
            connection.answer = self._answer(connection.received)
            self._selector.modify(connection.sock, selectors.EVENT_WRITE, connection)
        elif not received:
            self._end(connection)

    def _answer(self, request: bytes) -> bytes:
        words = request.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        status, text = 400, "not HTTP\n"
        if len(words) == 3 and words[2].startswith("HTTP/1."):
            page = self._pages.get(words[1].partition("?")[0])
            if words[0] != "GET":
                status, text = 405, "only GET\n"
            else:
                status, text = page() if page else (404, "no such page\n")
        body = text.encode()
        head = (
            f"HTTP/1.1 {status} {_WORDS.get(status, 'Service Unavailable')}\r\n"
            "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + body

    def _end(self, connection: _Connection) -> None:
        if connection in self._open:
            self._open.remove(connection)
            self._selector.unregister(connection.sock)
            connection.sock.close()


def _listening(address: tuple[str, int]) -> socket.socket:
    """Return a listening socket; an empty host means all addresses of both families."""
    if not address[0] and socket.has_dualstack_ipv6():
        family = socket.AF_INET6
        # A node may have the family and yet no address of it.
        with suppress(OSError):
            return socket.create_server(address, family=family, backlog=64, dualstack_ipv6=True)
    return socket.create_server(address, backlog=64)
