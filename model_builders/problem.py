"""What is wrong with a spec or an artifact: where, found, expected, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; `str()` is the sentence that the person reads.

    `path` is the field (`spec.triton.dynamicBatching.preferredBatchSizes[1]`) or the file's part.
    """

    path: str
    found: str
    expected: str
    remedy: str = ""

    def __str__(self) -> str:
        sentence = f"{self.path}: found {self.found}, expected {self.expected}"
        return f"{sentence}; {self.remedy}" if self.remedy else sentence


class ConfigError(ValueError):
    """A config.pbtxt cannot be made; `problems` say why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
