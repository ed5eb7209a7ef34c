"""Questions about numbers of pods, and the last answers to them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from inference_operator.adapters.prometheus.needs import Ask
from inference_operator.adapters.prometheus.questions import (
    STEADY_SWEEPS,
    Take,
    answered,
    pods_of,
)
from inference_operator.adapters.prometheus.size_gauges import SizeGauges
from inference_operator.domain.measurement import Sweep
from inference_operator.domain.names import UnitKey
from inference_operator.domain.scaling_question import ScalingAnswer, ScalingQuestion
from inference_operator.planning.scaling.families import all_families, user_queries, windows_of
from inference_operator.planning.scaling.question import (
    UnitMemory,
    answer,
    is_other_size,
    is_told_otherwise,
)


@dataclass(slots=True)
class _Entry:
    """A unit whose number of pods follows its load."""

    question: ScalingQuestion
    memory: UnitMemory | None = None
    answer: ScalingAnswer | None = None
    read: ScalingAnswer | None = None
    """What the last pass read."""

    unlike: int = 0
    """How many sweeps in a row differed from what the last pass read, but for the size."""


@dataclass(slots=True)
class SizeQuestions:
    """The questions about numbers of pods of all units, and their last answers."""

    wake: Callable[[UnitKey], None]
    gauges: SizeGauges
    clock: Callable[[], float]
    """Seconds of a clock that nothing adjusts."""

    _entries: dict[UnitKey, _Entry] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._entries)

    def size(self, question: ScalingQuestion) -> ScalingAnswer | None:
        """Register a unit's question, and return the last answer; None before the first sweep. It
        never waits."""
        entry = self._entries.get(question.unit)
        if entry is None or entry.question.uid != question.uid:
            entry = self._entries[question.unit] = _Entry(question)
        entry.question = question
        entry.read = entry.answer
        return entry.answer

    def forget(self, unit: UnitKey) -> None:
        """Forget a unit that has no question, or does not exist."""
        if self._entries.pop(unit, None) is not None:
            self.gauges.forget(unit)

    def asks(self) -> Iterator[Ask]:
        questions = [entry.question for entry in self._entries.values()]
        return map(_ask_of, questions)

    def judging(self, sweep: Sweep) -> Callable[[], Take]:
        entries = [(entry, entry.question) for entry in self._entries.values()]
        now = self.clock()

        def judge() -> Take:
            answers = [_answered(entry, question, sweep, now) for entry, question in entries]

            def take() -> None:
                for (entry, question), judged in zip(entries, answers, strict=True):
                    if judged is not None and self._entries.get(question.unit) is entry:
                        self._take(entry, *judged)

            return take

        return judge

    def _take(self, entry: _Entry, memory: UnitMemory, answer: ScalingAnswer) -> None:
        entry.memory, entry.answer = memory, answer
        self.gauges.show(entry.question.unit, answer)
        is_unlike = is_told_otherwise(entry.read, answer)
        entry.unlike = entry.unlike + 1 if is_unlike else 0
        if is_other_size(entry.read, answer) or entry.unlike >= STEADY_SWEEPS:
            self.wake(entry.question.unit)


def _answered(
    entry: _Entry, question: ScalingQuestion, sweep: Sweep, now: float
) -> tuple[UnitMemory, ScalingAnswer] | None:
    """Return the new memory and the answer; None if it fails, so that the size stays."""
    return answered(question.unit, lambda: answer(entry.memory, question, sweep, now))


def _ask_of(question: ScalingQuestion) -> Ask:
    """Return what a question needs of a sweep."""
    namespace, settings = question.unit.namespace, question.settings
    return Ask(
        namespace,
        all_families(settings),
        windows_of(settings),
        user_queries(question),
        pods_of(namespace, question.tracks),
    )
