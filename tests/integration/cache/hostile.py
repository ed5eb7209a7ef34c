"""A cache in a process of its own, and peers on loopback that want to exhaust it."""

import hashlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.load.test_process import environment

_PROGRAM = "import sys; from inference_operator.cli.main import main; sys.exit(main(sys.argv[1:]))"
JUNK = b"x" * (512 << 10)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Attacked:
    """The process of a cache that listens on loopback."""

    process: "subprocess.Popen[str]"
    port: int
    folder: Path
    sockets: list[socket.socket] = field(default_factory=list)

    @property
    def files(self) -> list[str]:
        """Names of all that is in its folder."""
        return [path.name for path in self.folder.iterdir()]

    def memory(self, line: str) -> int:
        """MiB of the process: VmRSS is what it takes now, VmHWM the most so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(status.partition(f"{line}:")[2].split()[0]) >> 10

    def connect(self, peer: int, *, blocking: bool = False) -> socket.socket:
        """A connection from 127.1.x.y, one address for each peer."""
        client = socket.socket()
        self.sockets.append(client)
        client.settimeout(30)
        client.bind((f"127.1.{peer >> 8}.{peer & 255}", 0))
        client.connect(("127.0.0.1", self.port))
        client.setblocking(blocking)
        return client

    def ask(self, request: str, body: bytes = b"", peer: int = 9999) -> tuple[int, bytes]:
        """Status and body of the answer to a request that is sent as it is."""
        with self.connect(peer, blocking=True) as connection:
            connection.settimeout(30)
            with suppress(OSError):
                connection.sendall(request.encode() + body)
            answer = b""
            with suppress(ConnectionError):
                while chunk := connection.recv(1 << 20):
                    answer += chunk
        head, _, rest = answer.partition(b"\r\n\r\n")
        return (int(head.split()[1]) if head else 0), rest

    def take(self, sha256: str, peer: int = 9999) -> tuple[int, bytes]:
        return self.ask(head("GET", sha256), peer=peer)

    def bring(self, content: bytes, peer: int = 9999) -> int:
        request = head("PUT", digest(content), f"Content-Length: {len(content)}")
        return self.ask(request, content, peer)[0]

    def close(self) -> None:
        for each in self.sockets:
            each.close()
        self.sockets.clear()


def head(method: str, sha256: str, *headers: str) -> str:
    lines = (f"{method} /sha256/{sha256} HTTP/1.1", "Host: cache", *headers, "", "")
    return "\r\n".join(lines)


def push(connection: socket.socket, data: bytes) -> int:
    """Send what the connection takes at once: the count of bytes, 0 if it is full or closed."""
    try:
        return connection.send(data)
    except OSError:
        return 0


def status(connection: socket.socket) -> int:
    """Return the answer's status; 0 for a closed connection, -1 for a silent one."""
    try:
        status_line = connection.recv(12, socket.MSG_PEEK)
    except BlockingIOError:
        return -1
    except OSError:
        return 0
    return int(status_line[9:]) if status_line else 0


@contextmanager
def started(folder: Path, limit: str = "64Mi") -> Iterator[Attacked]:
    words = ["cache", f"--folder={folder}", f"--limit={limit}", "--port=0", "--address=127.0.0.1"]
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *words],
        env=environment(),
        text=True,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    message = json.loads(process.stderr.readline())["message"]
    cache = Attacked(process, int(message.partition("', ")[2].partition(")")[0]), folder)
    try:
        yield cache
    finally:
        cache.close()
        process.terminate()
        log = process.communicate(timeout=20)[1]
    assert process.returncode == 0
    assert "Traceback" not in log, log
