"""The probe's work: it looks at Triton's counters, sends a request where they do not move, and
holds the judgement."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from inference_operator.probe import judge
from inference_operator.probe.first_request import FIRST_SECONDS, FirstRequest, Verdict
from inference_operator.probe.judge import Phase
from inference_operator.probe.load_limit import LoadLimit
from inference_operator.probe.metrics_text import Counts, metrics_text
from inference_operator.probe.model_config import ProbedModel, versions_of
from inference_operator.probe.pod_memory import ServedMemory
from inference_operator.probe.request import ProbeRequest, probe_request
from inference_operator.probe.traffic import Traffic
from inference_operator.probe.triton import Answer, GoneError, NoAnswerError, TritonClient
from inference_operator.probe.wording import is_about_dead_stub, is_of_the_queue

LOOK_SECONDS = 3.0
_SOON, _ONE = 0.5, 1.0
# A request that got no answer is sent again after this time at the earliest.
_LEAST_TIMEOUT = 30.0
Log = Callable[..., None]


@dataclass(slots=True)
class _InFlight:
    """A request that another thread has sent, and its end."""

    answer: Answer | None = None
    is_over: threading.Event = field(default_factory=threading.Event)


class Prober:
    """One probe of one model. `step` is called by one thread; pages may be read by another."""

    def __init__(
        self,
        client: TritonClient,
        first: FirstRequest,
        log: Log,
        clock: Callable[[], float] = time.monotonic,
        memory: ServedMemory | None = None,
    ) -> None:
        self._client, self._first, self._log, self._clock = client, first, log, clock
        self._health = judge.waiting(clock())
        self._model: ProbedModel | None = None
        self._refuses = False
        self._counts = Counts()
        self._traffic = Traffic()
        self._in_flight: _InFlight | None = None
        self._wake = threading.Event()
        self._due = clock()
        self._number = 0
        self._was_ready = False
        self._memory = memory or ServedMemory()
        self._began = self._seen_at = self._acted_at = clock()
        self._load_limit = LoadLimit(clock)
        self._is_asked_to_look = False

    def run(self) -> None:
        """Probe without end."""
        while True:
            self._wake.wait(self.step())
            self._wake.clear()

    def step(self) -> float:
        """Take the answer in flight, and do what is due; return the seconds until the next step."""
        self._collect()
        if self._health.dead:
            self._due = min(self._due, self._clock() + _ONE)
        if self._is_asked_to_look:
            self._is_asked_to_look = False
            self._due = min(self._due, max(self._clock(), self._acted_at + _ONE))
        if self._clock() >= self._due:
            self._acted_at = self._clock()
            try:
                pause = self._act()
            except GoneError:
                pause = self._start_over("Triton accepts no connections", has_ended=True)
            self._due = self._clock() + pause
        self._note()
        return max(0.0, self._due - self._clock())

    def started(self, arrived: float) -> bool | None:
        """Return whether Triton has loaded the model, for a request that came at this time.

        None means not yet. False ends the kubelet's patience with a Triton that loads for ever.
        A server that served before is started when its first request has passed: so no pod is in
        rotation between the two.
        """
        health = self._health
        if health.phase is Phase.WAITING:
            return None if self._load_limit.leaves_time() else False
        self._load_limit.end()
        if health.phase is Phase.FIRST and (not self._has_served or not health.is_undecided()):
            return True
        if health.phase is Phase.SERVING and self._seen_at >= arrived:
            return True
        # Triton may have been restarted since the last look.
        self._is_asked_to_look = True
        self._wake.set()
        return None

    def answers(self) -> bool | None:
        """Return whether clients may be led to the model; None before the first ready."""
        is_new = not self._has_served or self._clock() - self._began < judge.LEAST_PATIENCE
        return None if is_new and self._health.is_undecided() else self.is_ready()

    @property
    def _has_served(self) -> bool:
        return self._memory.seconds is not None

    def is_ready(self) -> bool:
        return self._health.is_ready(self._clock())

    def is_live(self) -> bool:
        return self._health.is_live(self._clock())

    def metrics(self) -> str:
        health, first = self._health, self._first
        states = {
            "ready": float(health.is_ready(self._clock())),
            "patience_seconds": health.patience,
            "asks": float(self._model is not None and self._cannot_ask() == ""),
        }
        if first.seconds is not None:
            states["first_request_seconds"] = first.seconds
        self._counts.clients = self._traffic.clients
        return metrics_text(first.name, first.version, self._counts, states)

    def _act(self) -> float:
        match self._health.phase:
            case Phase.WAITING:
                return self._wait()
            case Phase.FIRST:
                return self._ask_first()
            case Phase.SERVING:
                return self._look()

    def _wait(self) -> float:
        try:
            if self._client.is_ready():
                self._traffic.begin(self._client.counters())
                self._first.begin()
                self._health = judge.became_ready(self._health, self._clock())
                return 0.0
        except NoAnswerError:
            pass
        return _SOON

    def _ask_first(self) -> float:
        outcome = self._first.ask(self._client, self._first_seconds())
        self._model = self._first.model
        if outcome.answer is not None:
            self._count(outcome.answer)
        now = self._clock()
        match outcome.verdict:
            case Verdict.PASSED:
                self._refuses, self._seen_at = outcome.refused, now
                self._memory.keep(outcome.seconds or self._memory.seconds or 0.0)
                self._health = judge.first_passed(self._health, now, outcome.seconds)
                return LOOK_SECONDS
            case Verdict.FAILED:
                self._health = judge.first_failed(self._health)
            case Verdict.DEAD:
                self._health = judge.dead_stub(self._health, now)
            case Verdict.UNANSWERED:
                self._health = judge.first_unanswered(self._health, now)
            case Verdict.NOT_READY:
                return self._start_over("Triton does not call the version ready")
        return outcome.pause

    def _first_seconds(self) -> float:
        """Return the time for the first answer: less if this pod has answered before."""
        if self._memory.seconds is None:
            return FIRST_SECONDS
        usual = judge.PATIENCE_FACTOR * self._memory.seconds
        return min(FIRST_SECONDS, max(_LEAST_TIMEOUT, usual))

    def _look(self) -> float:
        has_moved = has_failed = False
        began = self._clock()
        try:
            is_ready = self._client.is_ready()
            self._health = judge.looked(self._health, is_ready)
            counters = self._client.counters()
            if counters is None:
                # Without counters each look sends a request, or asks Triton.
                has_moved = bool(self._cannot_ask()) and is_ready
            elif self._traffic.is_of_before(counters):
                return self._start_over("Triton was restarted")
            else:
                has_moved, has_failed = self._traffic.look(
                    counters, int(self._in_flight is not None)
                )
                has_moved = has_moved or bool(self._cannot_ask())
        except NoAnswerError:
            self._health = judge.asked(self._health, self._clock())
            self._seen_at = began
            return _ONE
        now, self._seen_at = self._clock(), began
        self._health = judge.aged(self._health, now)
        if has_moved:
            self._health = judge.moved(self._health, now, self._traffic.mean_seconds)
        if self._is_due(has_moved, has_failed):
            self._send()
        return _ONE if self._health.dead or has_failed else LOOK_SECONDS

    def _is_due(self, has_moved: bool, has_failed: bool) -> bool:
        if self._in_flight is not None or self._model is None or self._cannot_ask():
            return False
        if self._refuses and self._model.steps is not None:
            # Triton 2.51 may end if a step fails beside another: ask only where clients fail too.
            return has_failed and not has_moved
        # One of several instances may be dead: the others go on, and clients' requests fail.
        return not has_moved or has_failed or bool(self._health.dead)

    def _send(self) -> None:
        assert self._model is not None
        self._number += 1
        request = probe_request(self._model, self._number)
        timeout = max(_LEAST_TIMEOUT, 2 * self._health.patience)
        self._in_flight = in_flight = _InFlight()
        self._health = judge.asked(self._health, self._clock())
        arguments = (request, timeout, in_flight)
        threading.Thread(target=self._ask, args=arguments, daemon=True).start()

    def _ask(self, request: ProbeRequest, timeout: float, in_flight: _InFlight) -> None:
        try:
            in_flight.answer = self._client.ask(request, timeout)
        except (GoneError, NoAnswerError):
            pass
        finally:
            in_flight.is_over.set()
            self._wake.set()

    def _collect(self) -> None:
        """Judge by the request in flight, if it has ended."""
        if self._in_flight is None or not self._in_flight.is_over.is_set():
            return
        answer, self._in_flight = self._in_flight.answer, None
        if answer is None:
            self._counts.add(self._first.name, self._first.version, "none")
            return
        self._count(answer)
        if is_about_dead_stub(answer.error):
            self._log("the model's process is dead", "WARNING", error=answer.error)
            self._health = judge.dead_stub(self._health, self._clock())
        elif not is_of_the_queue(answer.error):
            self._health = judge.answered(self._health, self._clock(), answer.seconds)

    def _count(self, answer: Answer) -> None:
        self._traffic.own(answer)
        if answer.error or self._model is None:
            self._counts.add(self._first.name, self._first.version, "failure")
            return
        for name, version, count in versions_of(self._model):
            self._counts.add(name, version, "success", count)

    def _cannot_ask(self) -> str:
        return self._first.cannot_ask

    def _start_over(self, cause: str, has_ended: bool = False) -> float:
        if self._health.phase is not Phase.WAITING:
            self._log(f"{cause}: starting over", "WARNING")
            now = self._clock()
            self._health = judge.ended(self._health, now) if has_ended else judge.waiting(now)
        self._in_flight = None
        return _SOON

    def _note(self) -> None:
        """Log each change."""
        is_ready = self.is_ready()
        if is_ready != self._was_ready:
            self._was_ready = is_ready
            sentence = "the model answers" if is_ready else "the model does not answer"
            self._log(sentence, "INFO" if is_ready else "WARNING")
