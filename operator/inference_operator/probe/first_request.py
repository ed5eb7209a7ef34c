"""The first request to a model that Triton calls ready, and the comparison of its answer."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from inference_operator.api.quoting import beginning
from inference_operator.api.reasons import Reason
from inference_operator.domain.probe_report import ProbeReport
from inference_operator.probe.model_config import ConfigUnreadableError, ProbedModel, read_model
from inference_operator.probe.outputs import mismatches
from inference_operator.probe.request import (
    CannotAskError,
    NoInputsError,
    ProbeRequest,
    probe_request,
)
from inference_operator.probe.triton import Answer, LateError, NoAnswerError, TritonClient
from inference_operator.probe.wording import is_about_dead_stub

FIRST_SECONDS = 600.0
_PAUSES = (2.0, 10.0, 30.0, 60.0)
_QUOTED = 400
_MOST_PROBLEMS = 5
_MOST_BROKEN = 5


class Verdict(Enum):
    """Result of asking once."""

    PASSED = auto()
    """Answered as declared, or the answer does not count, or the model cannot be asked."""

    FAILED = auto()
    DEAD = auto()
    UNANSWERED = auto()
    NOT_READY = auto()
    BROKEN = auto()
    """The connection ended without an answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Verdict with what the judgement needs."""

    verdict: Verdict
    answer: Answer | None = None
    refused: bool = False
    """Whether the model answered zeros with an error, which does not count here."""

    pause: float = 1.0
    """Seconds until the next try."""

    @property
    def seconds(self) -> float | None:
        return self.answer.seconds if self.answer and not self.answer.error else None


class FirstRequest:
    """First requests of one probe: one after each start of Triton, and more while they fail."""

    def __init__(
        self,
        model: tuple[str, str],
        checks: bool,
        report: Callable[[ProbeReport], None],
        log: Callable[..., None],
    ) -> None:
        self.name, self.version = model
        self.model: ProbedModel | None = None
        self.cannot_ask = ""
        """Why the model cannot be asked; empty if it can."""

        self.seconds: float | None = None
        """Time of the last good first answer."""

        self._checks, self._report, self._log = checks, report, log
        self._failures = self._broken = 0

    def begin(self) -> None:
        """Forget what belongs to the server of before."""
        self.model, self.cannot_ask = None, ""
        self._failures = self._broken = 0

    def ask(self, client: TritonClient, seconds: float = FIRST_SECONDS) -> Outcome:
        """Ask the model once, and judge the answer, which may take so many seconds."""
        try:
            request = self._request(client)
        except NoAnswerError:
            return self._without_answer()
        except (CannotAskError, ValueError) as error:
            return self._unasked(error)
        try:
            answer = client.ask(request, seconds)
        except LateError:
            return Outcome(Verdict.UNANSWERED)
        except NoAnswerError:
            return self._without_answer()
        if is_about_dead_stub(answer.error):
            return Outcome(Verdict.DEAD, answer)
        return self._judge(request, answer, client)

    def _without_answer(self) -> Outcome:
        """A server that goes on and cuts each answer hangs, too."""
        self._broken += 1
        return Outcome(Verdict.UNANSWERED if self._broken >= _MOST_BROKEN else Verdict.BROKEN)

    def _unasked(self, error: ValueError | CannotAskError) -> Outcome:
        self.cannot_ask = beginning(str(error), _QUOTED)
        if self._checks and isinstance(error, NoInputsError):
            sentence = f"model {self.name} version {self.version} {self.cannot_ask}"
            report = ProbeReport(Reason.FIRST_REQUEST_FAILED, sentence)
            self._log(report.message, "ERROR", reason=report.reason.value)
            self._report(report)
            return Outcome(Verdict.FAILED, pause=_PAUSES[-1])
        sentence = "the model cannot be asked, so its readiness is what Triton says"
        self._log(sentence, "WARNING", error=self.cannot_ask)
        return Outcome(Verdict.PASSED)

    def _request(self, client: TritonClient) -> ProbeRequest:
        if self.model is None:
            try:
                self.model = read_model(self.name, self.version, client.config())
            except ConfigUnreadableError as error:
                raise CannotAskError(f"its configuration is not readable: {error}") from None
        return probe_request(self.model)

    def _judge(self, request: ProbeRequest, answer: Answer, client: TritonClient) -> Outcome:
        assert self.model is not None
        problems: list[str] = []
        if not answer.error:
            self.seconds = answer.seconds
            problems = mismatches(self.model, request.batch_size, answer.body)
        if not self._checks or not (answer.error or problems):
            self._log(
                "the first request was answered",
                seconds=round(answer.seconds, 3),
                error=beginning(answer.error, _QUOTED) or None,
                problems=len(problems) or None,
            )
            return Outcome(Verdict.PASSED, answer, refused=bool(answer.error))
        try:
            if not client.is_ready():
                return Outcome(Verdict.NOT_READY)
        except NoAnswerError:
            return Outcome(Verdict.BROKEN, answer)
        return self._failed(request, answer, problems)

    def _failed(self, request: ProbeRequest, answer: Answer, problems: list[str]) -> Outcome:
        pause = _PAUSES[min(self._failures, len(_PAUSES) - 1)]
        self._failures += 1
        report = self._reported(request, answer, problems)
        self._log(report.message, "ERROR", reason=report.reason.value)
        # A single error may be that of a server that is still busy with its start.
        if problems or self._failures > 1:
            self._report(report)
        return Outcome(Verdict.FAILED, answer, pause=pause)

    def _reported(self, request: ProbeRequest, answer: Answer, problems: list[str]) -> ProbeReport:
        subject = f"model {self.name} version {self.version}"
        given = "zeros in the shapes of its warm-up sample" if self._has_sample() else "zeros"
        sent = f"it was sent {given}: {request.description}"
        if problems:
            shown = "; ".join(problems[:_MOST_PROBLEMS])
            return ProbeReport(Reason.OUTPUT_MISMATCH, f"{subject}: {shown}; {sent}")
        error = beginning(answer.error, _QUOTED)
        sentence = f"{subject} answered its first request with an error: {error}; {sent}"
        return ProbeReport(Reason.FIRST_REQUEST_FAILED, sentence)

    def _has_sample(self) -> bool:
        return self.model is not None and self.model.sample is not None
