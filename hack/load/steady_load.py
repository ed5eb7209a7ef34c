"""Steady load on a served model, half by HTTP and half by gRPC, and the outcome of each request.

`with SteadyLoad(target, Pace(requests_per_second=100)) as load:` sends until the block ends;
`load.result()` may be read at any time.
"""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Self

from hack.load.clients import CLIENTS, Client, Request, RequestError, Target

# How far a connection may be behind its schedule and still catch up.
_MOST_BEHIND_SECONDS = 0.1
_MOST_REQUESTS = 1_000_000
_MOST_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Pace:
    """How many requests are sent, and how fast.

    Raises:
        ValueError: for a number that is out of range.
    """

    requests_per_second: float = 50.0
    most_requests: int = 100_000
    connections: int = 4
    """An even number: every other connection is one of gRPC."""
    requests_per_connection: int = 100
    """Each connection is ended after so many requests, and made again."""

    def __post_init__(self) -> None:
        if not 0 < self.requests_per_second <= 10_000:
            raise ValueError(f"requests_per_second: found {self.requests_per_second}, 0 to 10,000")
        if not 1 <= self.most_requests <= _MOST_REQUESTS:
            raise ValueError(f"most_requests: found {self.most_requests}, 1 to {_MOST_REQUESTS:,}")
        if self.connections % 2 or not 2 <= self.connections <= _MOST_CONNECTIONS:
            raise ValueError(
                f"connections: found {self.connections}, expected an even number,"
                f" 2 to {_MOST_CONNECTIONS}"
            )
        if self.requests_per_connection < 1:
            raise ValueError(f"requests_per_connection: found {self.requests_per_connection}, >= 1")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request: when it was sent, and its answer or failure."""

    at: float
    """Seconds on the monotonic clock at which the request was sent."""
    seconds: float
    """The time until the answer or failure."""
    protocol: str
    version: str = ""
    """The model version that answered; empty if the request failed."""
    error: str = ""
    """Empty if the request was answered."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcomes of all requests that have ended.

    >>> answers = [Outcome(at, 0.01, "HTTP", version) for at, version in enumerate("11112")]
    >>> result = Result((*answers, Outcome(5.0, 0.02, "gRPC", error="UNAVAILABLE: refused")))
    >>> result.share("2"), result.share("2", since=3)
    (0.2, 0.5)
    >>> len(result.of("gRPC").failed), len(result.of("HTTP").failed)
    (1, 0)
    >>> result.by_version, len(result.failed), result.latency(0.5)
    (Counter({'1': 4, '2': 1}), 1, 0.01)
    """

    outcomes: tuple[Outcome, ...] = ()

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Return the requests that failed."""
        return tuple(outcome for outcome in self.outcomes if outcome.error)

    @property
    def by_version(self) -> Counter[str]:
        """Return the number of answers of each model version."""
        return Counter(outcome.version for outcome in self.answered())

    @property
    def by_protocol(self) -> Counter[str]:
        """Return the number of requests by each protocol, answered or not."""
        return Counter(outcome.protocol for outcome in self.outcomes)

    def of(self, protocol: str) -> Self:
        """Return the outcomes of one protocol alone, `HTTP` or `gRPC`."""
        return type(self)(tuple(each for each in self.outcomes if each.protocol == protocol))

    def answered(self, since: float = float("-inf")) -> list[Outcome]:
        """Return the answered requests that were sent at or after `since`."""
        return [each for each in self.outcomes if not each.error and each.at >= since]

    def share(self, version: str, since: float = float("-inf")) -> float:
        """Return the share of a model version among the answers, 0 to 1.

        Raises:
            ValueError: if no request since then was answered.
        """
        answers = _demanded(self.answered(since))
        return sum(answer.version == version for answer in answers) / len(answers)

    def latency(self, quantile: float, since: float = float("-inf")) -> float:
        """Return the seconds within which that part (0 to 1) of the answered requests ended.

        Raises:
            ValueError: if no request since then was answered.
        """
        times = sorted(answer.seconds for answer in _demanded(self.answered(since)))
        return times[max(ceil(quantile * len(times)) - 1, 0)]

    def describe(self) -> str:
        """Return one line with the numbers, and the first failures."""
        errors = Counter(outcome.error for outcome in self.failed).most_common(5)
        failures = "".join(f"; {number} x {error}" for error, number in errors)
        versions = ", ".join(f"version {v}: {n}" for v, n in sorted(self.by_version.items()))
        return f"{len(self.outcomes)} requests ({versions}), {len(self.failed)} failed{failures}"


@dataclass
class SteadyLoad:
    """Threads with one connection each; a request that fails is counted and not repeated."""

    target: Target
    pace: Pace = field(default_factory=Pace)
    request: Request = field(default_factory=Request)

    def __enter__(self) -> Self:
        self._outcomes: list[Outcome] = []
        self._stop = threading.Event()
        self._began = time.monotonic()
        self._threads = [
            threading.Thread(target=self._send_all, args=(number,), daemon=True)
            for number in range(self.pace.connections)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.wait()

    def wait(self) -> Result:
        """Wait until the most requests that `pace` allows are sent, and return the outcomes."""
        for thread in self._threads:
            thread.join()
        return self.result()

    def result(self) -> Result:
        """Return the outcomes so far."""
        return Result(tuple(self._outcomes))

    def _send_all(self, number: int) -> None:
        """Send every request whose index has this remainder, at its time."""
        pace, protocol = self.pace, tuple(CLIENTS)[number % len(CLIENTS)]
        client = CLIENTS[protocol](self.target, self.request)
        between = pace.connections / pace.requests_per_second
        due = self._began + number / pace.requests_per_second
        for index in range(number, pace.most_requests, pace.connections):
            if self._stop.wait(max(due - time.monotonic(), 0)):
                break
            if index // pace.connections % pace.requests_per_connection == 0:
                client.close()
            self._outcomes.append(_sent(client, protocol))
            due = max(due + between, time.monotonic() - _MOST_BEHIND_SECONDS)
        client.close()


def _sent(client: Client, protocol: str) -> Outcome:
    at = time.monotonic()
    version = error = ""
    try:
        version = client.send()
    except RequestError as failure:
        error = str(failure)
    except Exception as failure:  # a thread that died would hide what it had to count
        error = f"{type(failure).__name__}: {failure}"
    return Outcome(at, time.monotonic() - at, protocol, version, error)


def _demanded(answers: Sequence[Outcome]) -> Sequence[Outcome]:
    if not answers:
        raise ValueError("found no answered request in this time, expected at least 1")
    return answers
