"""Checks of files that a merged config names: a pod has those of the artifact, and no others."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from inference_operator.api.problem import Problem
from model_builders.config_files import Place, misplaced
from model_builders.overrides import OVERRIDES
from model_builders.spec_paths import spec_path


def missing(config: Any, place: Place) -> Iterator[Problem]:
    """Yield a problem for each file that is not the model's own, at the spec's field."""
    for problem in misplaced(config, place):
        path = f"{OVERRIDES}: {problem.path}"
        if problem.is_at("parameters"):
            path = f"spec.{spec_path(problem.path)}"
        yield replace(problem, path=path)
