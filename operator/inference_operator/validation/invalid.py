"""The problems that keep a custom resource from being served."""

from dataclasses import dataclass

from inference_operator.api.problem import Problem, joined
from inference_operator.api.reasons import Reason


@dataclass(frozen=True, slots=True)
class Invalid:
    """Why a custom resource cannot be served as written."""

    problems: tuple[Problem, ...]
    reason: Reason = Reason.INVALID_SPEC

    @property
    def message(self) -> str:
        return joined(self.problems)
