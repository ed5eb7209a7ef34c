"""Verification of an artifact against the config.pbtxt that will serve it, before Triton starts.

It imports protobuf and, for ONNX, onnx: call it when the files are in place.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.domain.repository_plan import ArtifactFormat
from inference_operator.load.failure import LoadError
from inference_operator.load.plan import ModelOrder

if TYPE_CHECKING:
    from model_builders.protobuf import ModelConfig

_CONFIG = "config.pbtxt"


class Verifier:
    """A check of one model's artifact; its config names the main file and the tensors."""

    def __init__(self, order: ModelOrder) -> None:
        from inference_operator.api.model import ModelFormat
        from model_builders.names import main_file_name

        self._config = _config(order)
        _check_files(order, self._config)
        self._format: ModelFormat = ModelFormat(order.model.format.value)
        self.main_file: str | None = main_file_name(self._format, self._config)
        """The file that Triton opens; None if only the backend knows it."""

    def check(self, version: Path) -> None:
        """Raise LoadError when Triton would not load or serve the version's folder."""
        from model_builders.artifact import check_artifact

        problems = check_artifact(self._format, version, self._config)
        if problems:
            raise LoadError.of(self._reason(problems), problems)

    def _reason(self, problems: list[Problem]) -> Reason:
        if self.main_file is None:
            return Reason.ARTIFACT_INVALID
        files = {self.main_file, *self._config.cc_model_filenames.values()}
        unreadable = any(problem.path in files for problem in problems)
        return Reason.ARTIFACT_INVALID if unreadable else Reason.TENSOR_MISMATCH


def check_ensemble(order: ModelOrder) -> None:
    """Raise LoadError where the config, the only file of an ensemble, has no ensemble."""
    config = _config(order)
    _check_files(order, config)
    if not config.ensemble_scheduling.step:
        value = "no ensemble_scheduling with steps"
        requirement = f"it for the format {ArtifactFormat.ENSEMBLE}"
        problem = Problem(_CONFIG, value, requirement, "make the revision again")
        raise LoadError.of(Reason.ARTIFACT_INVALID, [problem])


def _config(order: ModelOrder) -> "ModelConfig":
    from model_builders.config import parse_pbtxt
    from model_builders.problem import ConfigError

    try:
        return parse_pbtxt(order.config)
    except ConfigError as error:
        raise LoadError.of(Reason.ARTIFACT_INVALID, error.problems) from None


def _check_files(order: ModelOrder, config: "ModelConfig") -> None:
    """Raise LoadError where a field leads to a file that is not the model's own.

    The operator has checked it, but the config comes from a ConfigMap, which others may edit.
    """
    from model_builders.config_files import Place, misplaced

    is_ensemble = order.model.format is ArtifactFormat.ENSEMBLE
    place = Place(None if is_ensemble else order.model.version, order.model.name)
    if problems := [*misplaced(config, place)]:
        named = (replace(problem, path=f"{_CONFIG}: {problem.path}") for problem in problems)
        raise LoadError.of(Reason.ARTIFACT_INVALID, named)
