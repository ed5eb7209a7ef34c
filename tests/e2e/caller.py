"""A client that calls a served unit all the time, and counts its answers and failures."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import tritonclient.grpc as triton_grpc
import tritonclient.http as triton
from geventhttpclient.response import HTTPConnectionClosed
from tritonclient.utils import InferenceServerException


class Callee(Protocol):
    """A served unit, as its clients see it."""

    def address(self, port: int = 8000) -> str: ...

    def predict(self, client: Any = None) -> list[float]: ...


@dataclass
class Caller:
    """Threads that call a Service all the time: over new connections, kept HTTP and kept gRPC."""

    served: Callee
    answers: list[list[float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    """The number of answers by kind of caller."""
    last_failure: float = float("-inf")
    """Seconds on the monotonic clock."""

    def __enter__(self) -> "Caller":
        self._stop = threading.Event()
        http, grpc = self.served.address(8000), self.served.address(8001)
        self._threads = [
            threading.Thread(target=call, args=address)
            for call, *address in (
                (self._call_over_new, http),
                (self._call_over_new, http),
                (self._call_over_kept, "kept HTTP", triton.InferenceServerClient, http),
                (self._call_over_kept, "kept gRPC", _own_grpc_client, grpc),
            )
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call_over_new(self, address: str) -> None:
        while not self._stop.is_set():
            with triton.InferenceServerClient(address) as client:
                self._call("new HTTP", client)
            time.sleep(0.02)

    def _call_over_kept(self, kind: str, connect: Callable[[str], Any], address: str) -> None:
        """Call as a connection pool does: replace a connection that was ended; ask it once."""
        client = connect(address)
        while not self._stop.is_set():
            try:
                self._ask(kind, client)
            except Exception as error:
                if _is_end_of_connection(error):
                    client.close()
                    client = connect(address)
                    self._call(kind, client)
                else:
                    self._failed(kind, error)
            time.sleep(0.02)
        client.close()

    def _call(self, kind: str, client: Any) -> None:
        try:
            self._ask(kind, client)
        except Exception as error:
            self._failed(kind, error)

    def _ask(self, kind: str, client: Any) -> None:
        self.answers.append(self.served.predict(client))
        self.answered[kind] += 1

    def _failed(self, kind: str, error: Exception) -> None:
        self.last_failure = time.monotonic()
        self.failures.append(f"{kind}: {type(error).__name__}: {error}")


def _is_end_of_connection(error: Exception) -> bool:
    if isinstance(error, InferenceServerException):
        return bool(error.status() == "StatusCode.UNAVAILABLE")
    return isinstance(error, ConnectionError | HTTPConnectionClosed)


def _own_grpc_client(address: str) -> triton_grpc.InferenceServerClient:
    """Return a client with a connection that no other client of this process shares."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    return triton_grpc.InferenceServerClient(address, channel_args=options)
