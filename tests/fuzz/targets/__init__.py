"""The targets by name, each in the module that makes it: a process imports only its own."""

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.fuzz.target import Target

MODULES: Mapping[str, str] = {
    "overrides": "configs",
    "config-import": "configs",
    "inference-model": "resources",
    "ensemble-pipeline": "resources",
    "manifest-files": "resources",
    "status": "resources",
    "termination": "resources",
    "record": "records",
    "uri": "sources",
    "challenge": "sources",
    "docker-config": "sources",
    "oci-manifest": "sources",
    "tar": "archives",
    "zip": "archives",
    "onnx": "artifacts",
    "torchscript": "artifacts",
    "python-model": "artifacts",
    "vocabulary": "artifacts",
    "mlmodel": "registry",
    "registry-answers": "registry",
    "answers": "metrics",
    "answer-rows": "metrics",
    "probe": "probes",
    "call": "calls",
    "load-report": "texts",
    "repository-plan": "texts",
    "json": "texts",
    "yaml": "texts",
}
"""Module of each target."""

PLANTED: Mapping[str, str] = dict.fromkeys(
    (
        "crash", "hang", "growth", "stuck", "killed", "message", "cached", "hoard", "leak",
        "survivors", "exits", "exits-at-once", "secret", "sound",
    ),
    "planted",
)  # fmt: skip
"""Faults that the runner must find; for the tests of the runner itself."""

_REGRESSIONS = Path(__file__).parents[2] / "data" / "fuzz"


def load(name: str) -> Target:
    """Import the target of that name."""
    module = importlib.import_module(f"{__name__}.{({**MODULES, **PLANTED})[name]}")
    target: Target = next(target for target in module.TARGETS if target.name == name)
    return target


@cache
def regressions(name: str) -> tuple[bytes, ...]:
    """Return the inputs of tests/data/fuzz that the target once failed at."""
    return tuple(path.read_bytes() for path in sorted((_REGRESSIONS / name).glob("*")))
