"""The error of a spec from which a config.pbtxt cannot be made."""

from collections.abc import Iterable

from inference_operator.api.problem import Problem, first


class ConfigError(ValueError):
    """A config.pbtxt cannot be made; `problems` are the first of the reasons."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = first(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
