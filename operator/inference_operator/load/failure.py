"""Failures of loading: a reason of the API, and the problems of one model."""

import errno
from collections.abc import Iterable

from inference_operator.api.problem import SOURCE_URI, Problem, joined
from inference_operator.api.reasons import Reason


class LoadError(Exception):
    """A final failure; its reason and problems go to the termination log."""

    def __init__(self, reason: Reason, text: str, remedy: str = "", path: str = SOURCE_URI) -> None:
        """Set one problem; `path` is a field of an InferenceModel, or a file of the artifact."""
        super().__init__(text)
        self.reason = reason
        self.problems: tuple[Problem, ...] = (Problem(path, "", text, remedy),)
        self.model = ""

    @classmethod
    def of(cls, reason: Reason, problems: Iterable[Problem], model: str = "") -> "LoadError":
        """Return the error for problems of a model, whose name may be added later."""
        error = LoadError(reason, "")
        error.problems, error.model = tuple(problems), model
        return error

    def __str__(self) -> str:
        return joined(self.problems)


def is_disk_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
