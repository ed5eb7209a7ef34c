"""A real Redis for tests and demos: Debian's server, unpacked into the cache, on loopback."""

import os
import socket
from pathlib import Path
from typing import Self

from hack import apt
from hack.services import server_process
from hack.services.server_process import ServerProcess, free_ports

NAME = "Redis"
# redis-tools has the program of the server, too. It needs two small libraries.
PACKAGES = ("redis-tools", "libjemalloc2", "liblzf1")
_READY_SECONDS = 20


class LocalRedis:
    """`with LocalRedis(folder) as redis:` ... `redis.url`. Linux.

    Nothing is written to the disk. `stop()` and `start()` keep the address. The kernel ends it with
    the thread that started it.
    """

    def __init__(self, folder: Path, *, port: int | None = None, most_memory: str = "64mb") -> None:
        self.folder = folder
        self.port = port or free_ports(1)[0]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._most_memory = most_memory
        self._server: ServerProcess | None = None

    def start(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        program, libraries = program_of_debian()
        # The program looks at the name by which it is called.
        link = self.folder / "redis-server"
        link.unlink(missing_ok=True)
        link.symlink_to(program)
        command: list[str | Path] = [
            link,
            *("--port", str(self.port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no", "--dir", self.folder),
            *("--maxmemory", self._most_memory, "--maxmemory-policy", "allkeys-lru"),
        ]
        env = {**os.environ, "LD_LIBRARY_PATH": libraries}
        log = self.folder / "server.log"
        self._server = server_process.start(NAME, command, log, env=env)
        try:
            server_process.await_answer(self.answers, self._server, seconds=_READY_SECONDS)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server at once; a second call does nothing."""
        if self._server is not None:
            self._server.kill()
            self._server = None

    def answers(self) -> bool:
        """Return whether it answers a PING."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def program_of_debian() -> tuple[Path, str]:
    """Return the path of the program, and the folders of its libraries; fetch what is missing."""
    folders = [apt.unpacked(package) for package in PACKAGES]
    libraries = [str(folder) for root in folders[1:] for folder in root.glob("usr/lib/*/")]
    return folders[0] / "usr" / "bin" / "redis-check-rdb", os.pathsep.join(libraries)
