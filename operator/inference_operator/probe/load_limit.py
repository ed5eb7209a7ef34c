"""Time that Triton may take to load a model before the kubelet restarts it."""

from collections.abc import Callable

LOAD_SECONDS = 1800.0
# The kubelet gives up after 60 failed probes, one a second, and then restarts Triton.
_RESTART_SECONDS = 120.0


class LoadLimit:
    """The time begins with the first question of the kubelet, which asks only while Triton runs,
    and again when the kubelet has restarted it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began: float | None = None

    def leaves_time(self) -> bool:
        """Return whether Triton has time left; begin the time if it has not begun."""
        now = self._clock()
        if self._began is None or now - self._began > LOAD_SECONDS + _RESTART_SECONDS:
            self._began = now
        return now - self._began < LOAD_SECONDS

    def end(self) -> None:
        """End the time: Triton has loaded the model."""
        self._began = None
