"""Questions about canaries, and the last verdicts on them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from inference_operator.adapters.prometheus.canary_gauges import CanaryGauges
from inference_operator.adapters.prometheus.needs import Ask
from inference_operator.adapters.prometheus.questions import (
    STEADY_SWEEPS,
    Take,
    answered,
    pods_of,
)
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.analysis import Analysis
from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import AnalysisQuestion, AnalysisResult
from inference_operator.domain.measurement import Sweep
from inference_operator.domain.names import UnitKey
from inference_operator.planning.analysis.families import (
    asked_families,
    asks_gateway,
)
from inference_operator.planning.analysis.memory import AnalysisMemory
from inference_operator.planning.analysis.queries import user_queries

Judge = Callable[
    [AnalysisMemory | None, AnalysisQuestion, Sweep], tuple[AnalysisMemory, AnalysisResult]
]
"""Returns what to remember of a unit, and its result. The first memory is None."""


@dataclass(slots=True)
class _Entry:
    """A unit that is measured."""

    question: AnalysisQuestion
    memory: AnalysisMemory | None = None
    result: AnalysisResult | None = None
    judged_by: Analysis | None = None
    """The settings that the result is an answer to."""

    read: AnalysisResult | None = None
    """What the last pass read."""

    unlike: int = 0
    """How many sweeps in a row differed from the result, of a unit without a canary."""


@dataclass(slots=True)
class CanaryQuestions:
    """The questions about canaries of all units, and their last answers."""

    judge: Judge
    wake: Callable[[UnitKey], None]
    telemetry: Telemetry
    _entries: dict[UnitKey, _Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        CanaryGauges(self.telemetry.registry, self._results)

    def __len__(self) -> int:
        return len(self._entries)

    def _results(self) -> Iterator[tuple[UnitKey, AnalysisResult]]:
        """Yield the last answers about the canaries that there are now."""
        for unit, entry in list(self._entries.items()):
            result = _shown(entry)
            if result.canary is not None and result.at is not None:
                yield unit, result

    def measure(self, question: AnalysisQuestion) -> AnalysisResult:
        """Register a unit's question, and return the last answer to it. It never waits."""
        entry = self._entries.get(question.unit)
        if entry is None or entry.question.uid != question.uid:
            entry = self._entries[question.unit] = _Entry(question)
        elif _canary_of(entry.question) != _canary_of(question):
            # Evidence about a canary that has ended must not abort the same one that is retried.
            # A sweep that is being judged now is of the former entry.
            memory = replace(entry.memory, canary=None) if entry.memory else None
            entry = self._entries[question.unit] = _Entry(question, memory)
        entry.question = question
        entry.read = _shown(entry)
        return entry.read

    def forget(self, unit: UnitKey) -> None:
        """Forget a unit that has no question, or does not exist."""
        self._entries.pop(unit, None)

    def asks(self) -> Iterator[Ask]:
        questions = [entry.question for entry in self._entries.values()]
        return map(_ask_of, questions)

    def judging(self, sweep: Sweep) -> Callable[[], Take]:
        entries = [(entry, entry.question) for entry in self._entries.values()]

        def judge() -> Take:
            results = [self._judged(entry, question, sweep) for entry, question in entries]

            def take() -> None:
                for (entry, question), (memory, result) in zip(entries, results, strict=True):
                    if self._entries.get(question.unit) is entry:
                        entry.judged_by = question.settings
                        self._take(entry, memory, result)

            return take

        return judge

    def _judged(
        self, entry: _Entry, question: AnalysisQuestion, sweep: Sweep
    ) -> tuple[AnalysisMemory | None, AnalysisResult]:
        failed = _result(question, Verdict.ERROR, "the judgement failed: see the log")
        judged = answered(question.unit, lambda: self.judge(entry.memory, question, sweep))
        return judged or (None, failed)

    def _take(self, entry: _Entry, memory: AnalysisMemory | None, result: AnalysisResult) -> None:
        before = entry.result.verdict if entry.result else None
        if result.canary is not None and result.verdict is not before:
            self.telemetry.verdict_changes.labels(str(result.verdict)).inc()
        entry.memory = memory
        if _is_brief(entry, result):
            return
        entry.result = result
        if entry.read is None or _told(entry.read, entry) != _told(_shown(entry), entry):
            self.wake(entry.question.unit)


def _ask_of(question: AnalysisQuestion) -> Ask:
    """Return what a question needs of a sweep."""
    namespace, tracks = question.unit.namespace, (question.stable, question.canary)
    has_gateway = asks_gateway(question)
    services = (track.service for track in tracks if track is not None and has_gateway)
    return Ask(
        namespace,
        asked_families(question),
        frozenset({question.settings.window}),
        user_queries(question),
        pods_of(namespace, tracks),
        frozenset(each for each in services if each is not None),
    )


def _shown(entry: _Entry) -> AnalysisResult:
    """Return the last answer, if it is one to the present question."""
    question, result = entry.question, entry.result
    revisions = (_canary_of(question), question.stable.revision)
    is_of_present = result and (result.canary, result.stable) == revisions
    # Other limits may have been written since: a metric of theirs may never have passed.
    if result and is_of_present and entry.judged_by == question.settings:
        return result
    return _result(question, Verdict.NO_DATA, "the metrics were not asked for yet")


def _canary_of(question: AnalysisQuestion) -> str | None:
    return question.canary.revision if question.canary else None


def _result(question: AnalysisQuestion, verdict: Verdict, message: str) -> AnalysisResult:
    return AnalysisResult(_canary_of(question), question.stable.revision, verdict, message)


def _is_brief(entry: _Entry, result: AnalysisResult) -> bool:
    """Count the sweeps that differ from the result; return whether there are still too few."""
    former = entry.result if result.canary is None else None
    is_unlike = former is not None and _told(former, entry) != _told(result, entry)
    entry.unlike = entry.unlike + 1 if is_unlike else 0
    return is_unlike and entry.unlike < STEADY_SWEEPS


def _told(result: AnalysisResult, entry: _Entry) -> tuple[object, ...]:
    """Return the parts of a result that a pass acts on: others change with each sweep."""
    step = entry.question.step
    is_out = result.outage is not None
    # The reasons of an outage may differ from sweep to sweep.
    reason = "" if is_out else result.unavailable
    of_unit = (result.canary, result.stable, is_out, result.is_away, reason)
    if result.canary is None:
        return of_unit
    return (
        *of_unit,
        result.verdict,
        [(m.name, m.verdict, "" if is_out else m.reason) for m in result.metrics],
        result.at is None,
        (result.step_since, min(result.step_passes, step.count)) if step else None,
    )
