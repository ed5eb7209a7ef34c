"""`inference-operator wait`: the end of a rollout for scripts, Ready or Stalled."""

import argparse
import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from inference_operator.api.conditions import Condition, ConditionStatus, ConditionType
from inference_operator.api.quoting import visible
from inference_operator.api.status import read_status
from inference_operator.cli.arguments import duration, report
from inference_operator.cli.cluster_access import (
    add_unit,
    answered,
    connected,
    unit_of,
)
from inference_operator.cli.unit_watch import RETRY_SECONDS, WatchedCluster, states_of
from inference_operator.domain.body import MutableBody
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.names import UnitKey

if TYPE_CHECKING:
    from inference_operator.adapters.kubernetes.api_error import ApiError

DESCRIPTION = """\
Wait until a resource is Ready, or Stalled because a person must act. Only conditions of the present
generation count, so it may be called right after `kubectl apply`. Exit status: 0 Ready, 1 Stalled,
2 timeout or a wrong argument, 3 the resource cannot be read or was deleted.
"""
UNOBSERVED_SECONDS = 10.0
"""An operator looks at a new generation within a second: longer means that none runs."""

_MESSAGE_LENGTH = 2000


class Outcome(IntEnum):
    """The end of the wait, as an exit status."""

    READY = 0
    STALLED = 1
    TIMEOUT = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the present generation is Ready or Stalled; neither while the wait goes on."""

    outcome: Outcome | None
    sentence: str
    is_observed: bool
    """Whether an operator has looked at the present generation."""


def add_parser(subparsers: Any) -> None:
    """Add `wait`."""
    parser = subparsers.add_parser(
        "wait",
        help="wait until a resource is Ready (exit status 0) or Stalled (1)",
        description=DESCRIPTION,
    )
    add_unit(parser)
    parser.add_argument(
        "--timeout",
        type=duration,
        default=timedelta(minutes=10),
        help="time after which it gives up with exit status 2, such as 90s or 5m (10m)",
    )
    parser.set_defaults(func=wait_command)


def wait_command(arguments: argparse.Namespace) -> int:
    """Wait for the resource; return the exit status of the description."""
    return answered(lambda: asyncio.run(_wait(arguments)))


def verdict(body: Mapping[str, Any]) -> Verdict:
    """Return what the status says of the present generation."""
    generation, status = body["metadata"].get("generation"), read_status(body)
    is_observed = status.observed_generation == generation
    ready, stalled = (
        _of_generation(status.condition(kind), generation)
        for kind in (ConditionType.READY, ConditionType.STALLED)
    )
    if not is_observed:
        return Verdict(None, f"generation {generation} is not observed yet", False)
    if ready is not None and ready.status is ConditionStatus.TRUE:
        return Verdict(Outcome.READY, f"Ready: {_sentence(ready)}", True)
    if stalled is not None and stalled.status is ConditionStatus.TRUE:
        return Verdict(Outcome.STALLED, f"Stalled: {_sentence(stalled)}", True)
    return Verdict(None, f"not Ready: {_sentence(ready)}" if ready else "no condition yet", True)


def _of_generation(condition: Condition | None, generation: object) -> Condition | None:
    is_present = condition is not None and condition.observed_generation == generation
    return condition if is_present else None


def _sentence(condition: Condition) -> str:
    message = truncate(condition.message, _MESSAGE_LENGTH)
    # The reason of a condition that holds is often its type, which the line has already.
    is_said = condition.reason == condition.type
    return visible(message if is_said else f"{condition.reason}: {message}")


@dataclass
class Wait:
    """A wait for one resource; `last` is the newest verdict that `judge` returned."""

    cluster: WatchedCluster
    key: UnitKey
    judge: Callable[[Mapping[str, Any]], Verdict] = verdict
    last: Verdict = field(default_factory=lambda: Verdict(None, "not read yet", False))
    unobserved_since: float = field(default_factory=time.monotonic)

    async def until(self, limit: timedelta) -> Outcome:
        """Return the outcome, and print it; AccessError if the resource cannot be read."""
        notice = asyncio.create_task(self._notice())
        try:
            async with asyncio.timeout(limit.total_seconds()):
                outcome = await self._decided()
            print(f"{self.key}: {self.last.sentence}")
        except TimeoutError:
            outcome = Outcome.TIMEOUT
            report(self.key, f"gave up after {limit.total_seconds():g} s: {self.last.sentence}")
            if not self.last.is_observed:
                report(self.key, NO_OPERATOR)
        finally:
            notice.cancel()
        return outcome

    async def _decided(self) -> Outcome:
        async with aclosing(states_of(self.cluster, self.key, self._on_error)) as bodies:
            async for body in bodies:
                if (outcome := self._look(body)) is not None:
                    return outcome
        raise AssertionError("a watch has no end")

    def _on_error(self, error: "ApiError") -> None:
        self.last = Verdict(None, f"the API server: {error}", True)

    def _look(self, body: MutableBody) -> Outcome | None:
        self.last = self.judge(body)
        if self.last.is_observed:
            self.unobserved_since = time.monotonic()
        return self.last.outcome

    async def _notice(self) -> None:
        """Report once that no operator seems to run."""
        while True:
            waited = time.monotonic() - self.unobserved_since
            if not self.last.is_observed and waited >= UNOBSERVED_SECONDS:
                break
            await asyncio.sleep(RETRY_SECONDS)
        report(self.key, f"{self.last.sentence} after {UNOBSERVED_SECONDS:g} s; {NO_OPERATOR}")


NO_OPERATOR = (
    "no operator seems to run. See who leads, and since when:"
    " kubectl -n inference-operator get lease inference-operator"
    " -o custom-columns=HOLDER:.spec.holderIdentity,RENEWED:.spec.renewTime"
)


async def _wait(arguments: argparse.Namespace) -> int:
    async with connected(arguments.context) as cluster:
        key = await unit_of(cluster, arguments)
        return await Wait(cluster, key).until(arguments.timeout)
