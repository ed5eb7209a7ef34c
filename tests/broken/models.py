"""Models that Triton does not load, and a Triton that ends or loads for ever."""

from typing import Any

from tests.broken.situation import Situation, store


def _python(name: str) -> dict[str, Any]:
    uri = store(f"broken/{name}/model.py")
    return {"spec.model.source.uri": uri, "spec.model.format": "python"}


_INITIALIZE = """\
class TritonPythonModel:
    def initialize(self, args):
        {work}

    def execute(self, requests):
        return []
"""
PYTHON = {
    "module": "import exotic_indicators\n\n" + _INITIALIZE.format(work="pass"),
    "raises": _INITIALIZE.format(work="raise ValueError('no calendar for venue XTKS')"),
    "syntax": "class TritonPythonModel:\n    def execute(self, requests)\n        return []\n",
    "sleeps": "import time\n\n" + _INITIALIZE.format(work="time.sleep(3600)"),
}
"""Files of the store that the situations below name."""

MODELS = (
    Situation(
        "a Python model whose module is not in the image",
        "ModelLoadFailed",
        "spec.model: Triton cannot load model … version 1: its Python code needs the module"
        " exotic_indicators, which image … does not have; name an image with it in"
        " spec.triton.image, or pack an environment with it (EXECUTION_ENV_PATH)",
        "use an image with the module, or pack an environment with it",
        _python("module"),
    ),
    Situation(
        "a Python model that raises an error",
        "ModelLoadFailed",
        "spec.model: Triton cannot load model … version 1: …no calendar for venue XTKS",
        "correct the model's `initialize`",
        _python("raises"),
    ),
    Situation(
        "a Python model with a syntax error",
        "ArtifactInvalid",
        "model.py: found line 2: expected ':', expected a Python module; correct the syntax",
        "correct the file, and upload it again",
        _python("syntax"),
    ),
    Situation(
        "a backend that the image does not have",
        "ModelLoadFailed",
        "spec.model: Triton cannot load model … version 1: …unable to find backend library for"
        " backend 'dali', …; name an image with that backend in spec.triton.image, or correct the"
        " model's format or backend",
        "use an image with the backend, or correct `model.backend`",
        {"spec.model.format": "custom", "spec.model.backend": "dali"},
    ),
    Situation(
        "an argument that Triton does not know",
        "CrashLoop",
        "Triton ended with exit code 1 because it does not accept its arguments; correct"
        " spec.triton.extraArgs, which has --no-such-option; see `kubectl -n NAMESPACE logs POD -c"
        " triton --previous`",
        "correct `triton.extraArgs`",
        {"spec.triton.extraArgs": ["--no-such-option=1"]},
    ),
    Situation(
        "an argument with a value that Triton refuses",
        "CrashLoop",
        "Triton ended with exit code 1: Invalid option value. Got many; correct"
        " spec.triton.extraArgs, which has --http-thread-count; see `kubectl -n NAMESPACE logs POD"
        " -c triton --previous`",
        "correct `triton.extraArgs`",
        {"spec.triton.extraArgs": ["--http-thread-count=many"]},
    ),
    Situation(
        "a memory limit that is too small",
        "OutOfMemory",
        "Triton of pod POD used more than its memory limit of 32Mi and was killed; raise"
        " spec.resources.limits.memory, or lower instance counts or batch sizes",
        "raise `resources.limits.memory`",
        {
            "spec.resources": {
                "requests": {"cpu": "10m", "memory": "16Mi"},
                "limits": {"memory": "32Mi"},
            }
        },
    ),
)

ENDLESS = (
    Situation(
        "a model that never finishes loading",
        "Progressing",
        "Triton of pod POD has been loading model … since …; `kubectl -n NAMESPACE logs POD -c"
        " triton` shows what it does",
        "read Triton's log; correct the model's `initialize`, or give it more CPU and memory",
        _python("sleeps"),
        is_slow=True,
    ),
)
