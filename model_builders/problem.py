"""What is wrong with a spec or an artifact: where, found, expected, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass

from inference_operator.api.quoting import MORE_PROBLEMS, MOST_PROBLEMS, short

# Characters of one part of a sentence: whoever names something quotes it, so that parts are short.
_PART = 600


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
        path, found, expected, remedy = (
            short(part, _PART) for part in (self.path, self.found, self.expected, self.remedy)
        )
        sentence = f"{path}: found {found}, expected {expected}"
        return f"{sentence}; {remedy}" if remedy else sentence


MORE = Problem(*MORE_PROBLEMS)
"""The last of many problems, in place of all others."""


def first(problems: Iterable[Problem]) -> list[Problem]:
    """Return the first `MOST_PROBLEMS`, and `MORE` where there are others; asks for no further one.

    Problems may be the first ones of parts.
    """
    listed: list[Problem] = []
    has_more = False
    for problem in problems:
        if problem == MORE:
            has_more = True
        elif len(listed) == MOST_PROBLEMS:
            has_more = True
            break
        else:
            listed.append(problem)
    return [*listed, MORE] if has_more else listed


class ConfigError(ValueError):
    """A config.pbtxt cannot be made; `problems` say why: the first of them, and whether there are
    more."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = first(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
