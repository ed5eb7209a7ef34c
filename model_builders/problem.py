"""The error of a config.pbtxt that cannot be made."""

from collections.abc import Iterable

from inference_operator.api.problem import Problem, first


class ConfigError(ValueError):
    """A config.pbtxt cannot be made; `problems` say why: the first of them, and whether there are
    more."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = first(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
