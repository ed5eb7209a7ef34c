"""The time that a connection may take, on sockets of this machine."""

import socket
import time
from collections.abc import Iterator

import pytest

from inference_operator.load.transfer import connections
from inference_operator.load.transfer.connections import connect


@pytest.fixture
def dropping() -> Iterator[int]:
    """A port whose queue is full: the kernel drops what else asks for a connection."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        clients = [socket.socket() for _ in range(4)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for client in clients:
            client.close()


def test_dropped_packets_end_an_attempt_soon(
    dropping: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CONNECT_TIMEOUT_SECONDS", 0.2)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"no connection within 0\.2 s"):
        connect(("127.0.0.1", dropping), 30)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("timeout", [30.0, None])
def test_an_answer_may_take_longer_than_the_connection(timeout: float | None) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        connect(server.getsockname()[:2], timeout) as made,
    ):
        assert made.gettimeout() == timeout
