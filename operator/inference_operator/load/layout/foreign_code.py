"""Files of an artifact that Triton would load as code, whatever the format of the model.

Triton looks for a model's backend, `libtriton_NAME.so`, in the version's folder and in the model's
before its own (TRITONSERVER_ServerOptionsSetBackendDirectory).
"""

import os
import re
from pathlib import Path

from inference_operator.api.quoting import quoted
from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError

# A file system that ignores case would find the others, too.
_BACKEND = re.compile(r"libtriton_.*\.so(\..*)?", re.IGNORECASE | re.DOTALL)


def check_code(folder: Path, model: str) -> None:
    """Raise LoadError for the first file, folder or link called like a backend, at any depth."""
    for where, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if _BACKEND.fullmatch(name):
                raise LoadError(
                    Reason.ARTIFACT_INVALID,
                    f"{model}: found {quoted(str((Path(where) / name).relative_to(folder)))} in the"
                    " artifact, which Triton would run as a backend, expected no libtriton_*.so:"
                    " remove it; backends belong into the image of Triton",
                )
