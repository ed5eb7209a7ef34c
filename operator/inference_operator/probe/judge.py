"""Judgement of a model's health, as a pure state machine: what was seen at which time becomes the
next state. It sends nothing and reads no clock."""

from dataclasses import dataclass, replace
from enum import Enum, auto

LEAST_PATIENCE = 5.0
PATIENCE_FACTOR = 4.0
MOST_PATIENCE = 300.0
LATENCY_SECONDS = 600.0
"""Time for which a slow answer is remembered."""
# Two answers about a dead stub within this time are proof: other instances may answer between them.
_DEAD_SECONDS = 15.0
DEAD_PROOFS = 2
HANG_GRACE = 10.0
"""Seconds after which a silent model is not live any more. A dead stub has none: it stays dead."""
LINGER_SECONDS = 10.0
"""Time for which a model that was ready stays so after its server ended: the kubelet takes a pod
whose container ended out of rotation itself. The end of each pod would cause a Warning Event."""
NOT_READY_PROOFS = 2


class Phase(Enum):
    """Part of a server's life."""

    WAITING = auto()
    """Triton does not call the version ready."""

    FIRST = auto()
    """The first request is under way, or failed."""

    SERVING = auto()
    """The first request passed, or does not count."""


@dataclass(frozen=True, slots=True)
class Health:
    """State of the judgement. Times are seconds of any steady clock."""

    phase: Phase
    since: float
    """Begin of the phase."""

    asked_at: float | None = None
    """Time since which a request waits without any sign of life; None if none does."""

    latencies: tuple[tuple[float, float], ...] = ()
    """Time and seconds of good answers, of which each is slower than all later ones."""

    first_latency: float | None = None
    dead: tuple[float, ...] = ()
    """Times of the last answers about a dead stub."""

    failed: bool = False
    """Whether the first request failed, by the model's own answer."""

    not_ready: int = 0
    """Number of last looks at which Triton did not call the version ready."""

    lingers_until: float = 0.0
    """Time until which a server that ended counts as ready."""

    @property
    def patience(self) -> float:
        """Seconds that an answer may take: a multiple of the slowest good one.

        The first answer counts only until there is another: it may include work that is done once.
        """
        slowest = self.latencies[0][1] if self.latencies else self.first_latency or 0.0
        return min(MOST_PATIENCE, max(LEAST_PATIENCE, PATIENCE_FACTOR * slowest))

    def is_dead(self) -> bool:
        return len(self.dead) >= DEAD_PROOFS

    def is_silent(self, now: float) -> bool:
        return self.asked_at is not None and now - self.asked_at > self.patience

    def is_ready(self, now: float) -> bool:
        """Return whether clients may be led to the model."""
        if self.phase is Phase.WAITING:
            return now < self.lingers_until
        is_answering = not self.is_dead() and not self.is_silent(now)
        is_loaded = self.not_ready < NOT_READY_PROOFS
        return self.phase is Phase.SERVING and is_answering and is_loaded

    def is_undecided(self) -> bool:
        """Return whether it is not known yet how the first request ends."""
        if self.phase is Phase.WAITING:
            return True
        is_answered = self.failed or bool(self.dead)
        return self.phase is Phase.FIRST and not is_answered and self.asked_at is None

    def is_live(self, now: float) -> bool:
        """Return whether the server should go on; False asks the kubelet to restart it."""
        if self.phase is Phase.WAITING:
            # While Triton starts, the kubelet does not ask: it has a startup probe for that.
            return now - self.since <= HANG_GRACE
        if self.is_dead():
            return False
        if self.asked_at is None:
            return True
        return now - self.asked_at <= self.patience + HANG_GRACE


def waiting(now: float) -> Health:
    """Return the state before Triton calls the version ready, and after it has ended."""
    return Health(Phase.WAITING, now)


def ended(health: Health, now: float) -> Health:
    """The server accepts no connections."""
    if health.phase is Phase.WAITING:
        return health
    lingers_until = now + LINGER_SECONDS if health.is_ready(now) else 0.0
    return replace(waiting(now), lingers_until=lingers_until)


def looked(health: Health, is_ready: bool) -> Health:
    """Triton calls the version ready, or not; twice in a row it is not ready for clients either."""
    return replace(health, not_ready=0 if is_ready else health.not_ready + 1)


def became_ready(health: Health, now: float) -> Health:
    """Triton calls the version ready: the first request may be sent."""
    return Health(Phase.FIRST, now) if health.phase is Phase.WAITING else health


def first_passed(health: Health, now: float, latency: float | None) -> Health:
    """The first request was answered as it should be, or its answer does not count."""
    return Health(Phase.SERVING, now, first_latency=latency)


def first_failed(health: Health) -> Health:
    """The model answered its first request with an error or with other outputs."""
    return replace(health, failed=True, asked_at=None)


def first_unanswered(health: Health, now: float) -> Health:
    """The first request got no answer in all the time that it had: the model hangs.

    It is not live any more. The next answer is judged as a first one.
    """
    return replace(health, asked_at=now - MOST_PATIENCE - HANG_GRACE)


def asked(health: Health, now: float) -> Health:
    """A request was sent."""
    return health if health.asked_at is not None else replace(health, asked_at=now)


def answered(health: Health, now: float, latency: float) -> Health:
    """A request was answered by the model, after `latency` seconds."""
    recent = [item for item in health.latencies if now - item[0] <= LATENCY_SECONDS]
    slower = [item for item in recent if item[1] > latency]
    return replace(health, asked_at=None, latencies=(*slower, (now, latency)))


def moved(health: Health, now: float, mean_latency: float = 0.0) -> Health:
    """Clients were answered since the last look, after so many seconds on average."""
    slowest = health.latencies[0][1] if health.latencies else 0.0
    if mean_latency > slowest:
        return answered(health, now, mean_latency)
    return replace(health, asked_at=None)


def dead_stub(health: Health, now: float) -> Health:
    """Triton answered that the model's process is dead."""
    recent = tuple(at for at in health.dead if now - at <= _DEAD_SECONDS)
    return replace(health, asked_at=None, dead=(*recent, now)[-DEAD_PROOFS:])


def aged(health: Health, now: float) -> Health:
    """Forget a single answer about a dead stub: some versions of Triton start another one."""
    if health.is_dead() or not health.dead or now - health.dead[-1] <= _DEAD_SECONDS:
        return health
    return replace(health, dead=())
