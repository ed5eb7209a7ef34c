"""Checks of files that a merged config names: a pod has only the artifact's files."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from inference_operator.api.problem import Problem
from model_builders.config_files import Place, misplaced
from model_builders.overrides import OVERRIDES
from model_builders.spec_paths import spec_path


def missing(config: Any, place: Place) -> Iterator[Problem]:
    """Yield a problem for each file outside of the model's artifact, at the spec's field."""
    for problem in misplaced(config, place):
        path = f"{OVERRIDES}: {problem.path}"
        if problem.is_at("parameters"):
            path = f"spec.{spec_path(problem.path)}"
        yield replace(problem, path=path)
