"""A problem of a spec or an artifact: the field, its value, what is required, and the remedy."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from inference_operator.api.quoting import MOST_PROBLEMS, short

# Fields that many problems are about, as an InferenceModel has them.
SOURCE_URI = "spec.model.source.uri"
SOURCE_SECRET = "spec.model.source.secretRef"
PART = 600
"""Longest part of a sentence, in characters. Callers quote and shorten names."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; `str()` is the sentence that the person reads. The other parts name fields of
    the same model as it has them, such as `model.maxBatchSize`: the model may be a step's."""

    path: str
    """The field (`spec.triton.dynamicBatching.preferredBatchSizes[1]`) or the file's part; empty if
    the problem is not about a field of the spec."""

    value: str
    """The present value; empty if the requirement is a whole sentence."""

    requirement: str
    remedy: str = ""

    def __str__(self) -> str:
        path, value, requirement, remedy = (
            short(part, PART) for part in (self.path, self.value, self.requirement, self.remedy)
        )
        text = sentence(value, requirement, remedy)
        return f"{path}: {text}" if path else text

    def is_at(self, path: str) -> bool:
        """Return whether the problem is about this field, or a field within it."""
        return self.path == path or self.path.startswith((f"{path}.", f"{path}["))

    def below(self, place: str, root: str = "spec") -> "Problem":
        """Return the same problem of a `root` that is found at `place`; of another path, itself.

        >>> Problem("spec.model.inputs", "1", "2").below("spec.steps[price]").path
        'spec.steps[price].model.inputs'
        """
        if not self.is_at(root):
            return self
        return replace(self, path=f"{place}{self.path.removeprefix(root)}")


def sentence(value: str, requirement: str, remedy: str) -> str:
    """Return the sentence about a bad field; all messages have this form."""
    text = f"found {value}, expected {requirement}" if value else requirement
    return f"{text}; {remedy}" if remedy else text


def joined(problems: Iterable[Problem]) -> str:
    """Return all problems on one line, as in conditions."""
    return "; ".join(map(str, problems))


MORE = Problem(
    "in all",
    f"more than {MOST_PROBLEMS} problems",
    "none",
    "correct those that are listed to see the others",
)
"""The last of many problems, in place of all others."""


def first(problems: Iterable[Problem]) -> list[Problem]:
    """Return the first `MOST_PROBLEMS`, and `MORE` if there are others; no further problem is
    computed. The problems may come from several calls of this function."""
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
