"""Requests of clients: Triton's counters of the entry model without the probe's own requests."""

from inference_operator.probe.triton import Answer, Counters


class Traffic:
    """Counts since the probe started, over several lives of Triton."""

    def __init__(self) -> None:
        self.clients: int | None = None
        """Successful requests of clients; None if Triton has no counters."""

        self.mean_seconds = 0.0
        """Mean time of the requests between the last two looks; 0 if there were none."""

        self._last: Counters | None = None
        self._own_good = self._own_bad = 0
        self._own_seconds = 0.0
        # The largest differences so far: Triton may count a request after its answer was sent.
        self._seen = self._good = self._bad = 0
        self._seconds = 0.0

    def begin(self, counters: Counters | None) -> None:
        """Begin with a server's counters before the first request."""
        self._last = counters
        self._own_good = self._own_bad = 0
        self._own_seconds = 0.0
        if counters is not None:
            self.clients = self.clients or 0
            self._seen = self._good = counters.succeeded
            self._bad = counters.failed
            self._seconds = counters.seconds

    def own(self, answer: Answer) -> None:
        """Count a request of the probe."""
        if answer.error:
            self._own_bad += 1
        else:
            self._own_good += 1
            self._own_seconds += answer.seconds

    def is_of_before(self, counters: Counters) -> bool:
        """Return whether the counters began again: Triton was restarted."""
        last = self._last
        return last is not None and (
            counters.succeeded < last.succeeded or counters.failed < last.failed
        )

    def look(self, counters: Counters, in_flight: int) -> tuple[bool, bool]:
        """Return whether good and failed requests of clients were added since the last look.

        A request of the probe that is still in flight may be counted already. It is a sign of life
        too, but it is not a client's.
        """
        if self._last is None:
            self.begin(counters)
        self._last = counters
        good, bad = counters.succeeded - self._own_good, counters.failed - self._own_bad
        seconds = counters.seconds - self._own_seconds
        has_moved, has_failed = good > self._seen, bad > self._bad
        self._seen, self._bad = max(self._seen, good), max(self._bad, bad)
        self.mean_seconds = 0.0
        if (added := good - in_flight - self._good) > 0:
            self.clients = (self.clients or 0) + added
            self.mean_seconds = max(0.0, (seconds - self._seconds) / added)
            self._good, self._seconds = good - in_flight, seconds
        return has_moved, has_failed
