"""A real Redis for tests and demos: Debian's server, unpacked into the cache, on loopback."""

import os
import socket
from pathlib import Path

from hack import apt
from hack.services import server_process
from hack.services.server_process import LocalServer, ServerProcess, free_ports

NAME = "Redis"
# redis-tools has the program of the server, too. It needs two small libraries.
PACKAGES = ("redis-tools", "libjemalloc2", "liblzf1")


class LocalRedis(LocalServer):
    """`with LocalRedis(folder) as redis:` ... `redis.url`. Linux.

    Nothing is written to the disk. `stop()` and `start()` keep the address. The kernel ends it with
    the thread that started it.
    """

    ready_seconds = 20.0

    def __init__(self, folder: Path, *, port: int | None = None, most_memory: str = "64mb") -> None:
        super().__init__(folder)
        self.port = port or free_ports(1)[0]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._most_memory = most_memory

    def launch(self) -> ServerProcess:
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
        return server_process.start(NAME, command, self.log, env=env)

    def answers(self) -> bool:
        """Return whether it answers a PING."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def program_of_debian() -> tuple[Path, str]:
    """Return the path of the program, and the folders of its libraries; fetch what is missing."""
    folders = [apt.unpacked(package) for package in PACKAGES]
    libraries = [str(folder) for root in folders[1:] for folder in root.glob("usr/lib/*/")]
    return folders[0] / "usr" / "bin" / "redis-check-rdb", os.pathsep.join(libraries)
