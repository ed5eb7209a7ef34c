"""Measures how much memory a check takes, in a process of its own.

`python -m tests.memory unpack FILE KIND TARGET`, `python -m tests.memory check FORMAT FILE`,
`python -m tests.memory plan largest`, `python -m tests.memory delete WHAT COUNT` and
`python -m tests.memory store URI ENDPOINT`.
"""

import importlib
import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[1]
# Imports are no part of the growth.
_IMPORTED = (
    "onnx",
    "inference_operator.load.layout.archive",
    "model_builders.config",
    "tests.planned",
    "inference_operator.observation.store",
    "inference_operator.load.sources.s3",
    "inference_operator.load.sources.gcs",
    "tests.heavy",
)
# A bomb that is not held back ends as a MemoryError, not with the machine's last page.
_MOST = 2 << 30


@dataclass(frozen=True, slots=True)
class Outcome:
    """The check's answer, and the growth of its process in MiB."""

    growth: int
    answer: str


def measure(*arguments: str | Path) -> Outcome:
    """Run a check in a process of its own."""
    command = [sys.executable, "-m", "tests.memory", *map(str, arguments)]
    path = os.pathsep.join([str(_ROOT / "operator"), str(_ROOT)])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Outcome(**json.loads(done.stdout))


def _unpack(source: str, kind: str, target: str) -> str:
    from inference_operator.load.failure import LoadError
    from inference_operator.load.layout.archive import unpack

    try:
        unpack(Path(source), kind, Path(target))
    except LoadError as failure:
        return f"{failure.reason.value}: {failure}"
    return "unpacked"


def _check(format: str, path: str) -> str:
    from inference_operator.api.model import ModelFormat
    from model_builders.artifact import check_artifact
    from model_builders.config import parse_pbtxt

    config = parse_pbtxt('input { name: "a" data_type: TYPE_FP32 dims: 1 }')
    return "; ".join(map(str, check_artifact(ModelFormat(format), Path(path), config)))


def _plan(_: str) -> str:
    from tests.largest import NAMINGS, SHAPES, STEPS
    from tests.planned import planned

    answers = {
        f"{shape} {naming}": planned(made(named, STEPS))
        for shape, made in SHAPES.items()
        for naming, named in NAMINGS.items()
    }
    return json.dumps(answers)


def _delete(resource: str, count: str) -> str:
    from inference_operator.observation.store import Store
    from tests.heavy import HEAVY

    store = Store()
    for number in range(int(count)):
        body = HEAVY[resource](number)
        store.put(body["kind"], body)
        store.record_deletion(body["kind"], body)
    return "deleted"


def store(uri: str, endpoint: str) -> str:
    """What is listed or described at the uri, by a store at the endpoint."""
    from inference_operator.load.failure import LoadError
    from inference_operator.load.sources.credentials import Secret
    from inference_operator.load.sources.select import source_for
    from inference_operator.load.transfer.retry import TransientError
    from inference_operator.load.transfer.source import RangeError

    keys = {"accessKeyId": "a", "secretAccessKey": "b"} if uri.startswith("s3:") else {}
    store = source_for(uri, Secret("store", {"endpoint": endpoint, **keys}))
    try:
        if uri.endswith("/"):
            return f"{len(store.files(uri).files)} files"
        with store.get(uri) as answer:
            return f"{sum(map(len, answer.body))} bytes"
    except (LoadError, RangeError, TransientError) as failure:
        return f"{type(failure).__name__}: {failure}"


def _peak() -> int:
    """Return the most MiB of memory so far. `ru_maxrss` would start with that of the parent."""
    status = Path("/proc/self/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) >> 10


_MEASURED = {"unpack": _unpack, "check": _check, "plan": _plan, "delete": _delete, "store": store}


def main() -> None:
    for name in _IMPORTED:
        importlib.import_module(name)
    command, *arguments = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (_MOST, _MOST))
    before = _peak()
    try:
        answer = _MEASURED[command](*arguments)
    except Exception as error:
        answer = f"unexpected {type(error).__name__}"
    print(json.dumps({"growth": _peak() - before, "answer": answer}))


if __name__ == "__main__":
    main()
