"""Between a client and a server: a TCP proxy that breaks connections after some bytes."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_RANGE = re.compile(rb"^range: (\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass
class CuttingProxy:
    """Each connection takes the next of `cuts`: bytes of the answer before it breaks."""

    target: tuple[str, int]
    listener: socket.socket
    cuts: list[int] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    """The Range of each request that had one."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        left = self.cuts.pop(0) if self.cuts else None
        with client, socket.create_connection(self.target) as server, suppress(OSError):
            threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
            while answer := server.recv(8192 if left is None else min(8192, left)):
                client.sendall(answer)
                if left is not None and not (left := left - len(answer)):
                    break
            # To close is not enough while the other thread reads.
            client.shutdown(socket.SHUT_RDWR)

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while request := client.recv(65536):
                self.ranges += [match.decode() for match in _RANGE.findall(request)]
                server.sendall(request)
            server.shutdown(socket.SHUT_WR)


@contextmanager
def cutting_proxy(endpoint: str) -> Iterator[CuttingProxy]:
    """Up for as long as the context, in front of `endpoint`."""
    address = urlsplit(endpoint)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = CuttingProxy((str(address.hostname), int(address.port or 80)), listener)
        threading.Thread(target=proxy.serve, daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
