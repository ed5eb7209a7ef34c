"""A clock for the passes, which an adjustment of the wall clock does not move."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from inference_operator.adapters.kubernetes.lease import boot_time


def wall_time() -> datetime:
    """Return the wall clock's time, in UTC."""
    return datetime.now(UTC)


class SteadyClock:
    """The wall clock's time at the start of the process, plus the seconds since then.

    Statuses keep times, and pauses, deadlines and delays are differences from them. While the
    process runs, a jump of the wall clock ends none of them and prolongs none. Time in which the
    machine was suspended counts.

    A restart reads the wall clock again, and so does another leader on its machine. After a jump
    forwards by an hour, the times in statuses are an hour older than they were: a pause or a delay
    may end up to an hour early, once. After a jump backwards they lie in the future; the state
    machine of rollouts replaces them by the present, so that a pause starts again.

    If the wall clock was wrong at the start and is corrected later, the times that this process
    writes stay wrong until it restarts.
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = wall_time,
        seconds: Callable[[], float] = boot_time,
    ) -> None:
        """Read both clocks once. `seconds` must never be adjusted."""
        self._seconds = seconds
        self._anchor = wall() - timedelta(seconds=seconds())

    def __call__(self) -> datetime:
        """Return the present time, in UTC. It never goes backwards."""
        return self._anchor + timedelta(seconds=self._seconds())
