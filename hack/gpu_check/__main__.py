"""The check of the shipped models on this machine's GPU, if it has one.

Their configurations are rendered for a GPU. Their networks answer on the GPU by the PyTorch of
GPU_PYTHON (this Python by default), and must answer as on the CPU. Triton says which series about
GPUs it has. `--write FOLDER` only writes what answers.py needs on another machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hack.console import StepError, say
from hack.gpu_check.repository import write_repository
from hack.images.local_triton import LocalTriton

_ANSWERS = Path(__file__).with_name("answers.py")
_QUERY = ("--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")


def gpus() -> list[str]:
    """Return name, memory and driver of each GPU, as `nvidia-smi` has them: none without it."""
    try:
        done = subprocess.run(
            ["nvidia-smi", *_QUERY], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def gpu_series(samples: dict[str, float]) -> list[str]:
    """Return the names of Triton's series about GPUs.

    >>> gpu_series({'nv_gpu_utilization{gpu_uuid="GPU-1"}': 0.5, "nv_cpu_utilization": 0.1})
    ['nv_gpu_utilization']
    """
    names = {series.partition("{")[0] for series in samples}
    return sorted(name for name in names if name.startswith(("nv_gpu_", "nv_energy_")))


def _serve(repository: Path) -> None:
    """Load the repository into the Triton of the tests, and say what it makes of it."""
    if os.geteuid() != 0:
        say("Triton: not asked, since it needs root here")
        return
    with LocalTriton(repository, tolerate_failures=True) as triton:
        for name, (state, reason) in sorted(triton.index().items()):
            say(f"Triton: {name} is {state} {reason}".rstrip())
        series = gpu_series(triton.samples())
    say(f"Triton: series about GPUs: {', '.join(series) or 'none'}")


def check(folder: Path) -> int:
    """Run the whole check; 0 if it passed, or if there is no GPU."""
    there = gpus()
    if not there:
        say("No GPU: `nvidia-smi` is not there or does not answer. Nothing was checked.")
        return 0
    for gpu in there:
        say(f"GPU: {gpu}")
    for name, config in write_repository(folder).items():
        say(f"{name}: {'KIND_GPU' if 'KIND_GPU' in config else 'NO KIND_GPU'}")
    python = os.environ.get("GPU_PYTHON", sys.executable)
    code = subprocess.run([python, _ANSWERS, folder], timeout=240, check=False).returncode
    _serve(folder)
    return code


def main() -> int:
    parser = argparse.ArgumentParser(prog="hack.gpu_check", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="only write the repository")
    arguments = parser.parse_args()
    try:
        if arguments.write:
            write_repository(arguments.write)
            say(f"Run there: python3 hack/gpu_check/answers.py {arguments.write}")
            return 0
        with tempfile.TemporaryDirectory(prefix="gpu-check-") as folder:
            return check(Path(folder))
    except StepError as error:
        say(f"error: {error}\nWhat to do: {error.remedy}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
