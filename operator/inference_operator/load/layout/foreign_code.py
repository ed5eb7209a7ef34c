"""Files of an artifact that Triton would load as code, with any format of the model.

Triton looks for a model's backend, `libtriton_NAME.so`, in the version's folder and in the model's
before its own (TRITONSERVER_ServerOptionsSetBackendDirectory).
"""

import os
import re
from pathlib import Path

from inference_operator.api.problem import SOURCE_URI, Problem
from inference_operator.api.quoting import quoted
from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError

# A file system that ignores case would find the others, too.
_BACKEND = re.compile(r"libtriton_.*\.so(\..*)?", re.IGNORECASE | re.DOTALL)


def check_code(folder: Path) -> None:
    """Raise LoadError for the first file, folder or link called like a backend, at any depth."""
    for where, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if _BACKEND.fullmatch(name):
                file = quoted(str((Path(where) / name).relative_to(folder)))
                problem = Problem(
                    SOURCE_URI,
                    f"{file} in the artifact, which Triton would run as a backend",
                    "no libtriton_*.so",
                    "remove it; backends belong into the image of Triton",
                )
                raise LoadError.of(Reason.ARTIFACT_INVALID, [problem])
