"""NVIDIA's perf_analyzer: fetched once into the cache, run against a model, read from its CSV."""

import csv
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hack import apt
from hack.cache import cache_root
from hack.console import StepError, run, step
from hack.images import store
from hack.uv import uv

# The last wheel of tritonclient that carries the program, and the one CUDA library it links.
_WHEELS = ("tritonclient==2.51.0", "nvidia-cuda-runtime-cu12==12.9.79")
_PACKAGE = "libb64-0d"


@dataclass(frozen=True, slots=True)
class Load:
    """`concurrency` requests in flight at any time, each of `batch` rows, over gRPC; or, with a
    `rate`, so many independent requests a second, however many are in flight then.

    `steady` asks for three windows in a row that agree within a quarter.
    """

    model: str
    batch: int
    concurrency: int
    data: Path
    seconds: float = 5.0
    steady: bool = True
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests and rows answered in a second, and latency of a request in milliseconds."""

    requests: float
    rows: float
    p50: float
    p95: float
    p99: float


def measure(url: str, load: Load) -> Measured:
    """Measure with perf_analyzer. StepError with its last output if it fails or finds no
    agreement.
    """
    folder = program()
    libraries = (folder / "nvidia" / "cuda_runtime" / "lib", folder / "debian")
    with tempfile.TemporaryDirectory() as temporary:
        table = Path(temporary) / "found.csv"
        command: list[str | Path] = [
            folder / "bin" / "perf_analyzer",
            "-m",
            load.model,
            "-u",
            url,
            "-i",
            "grpc",
        ]
        command += ["-b", str(load.batch), *pace_of(load)]
        command += ["--input-data", load.data, "--percentile", "95", "-f", table]
        command += ["--measurement-interval", str(int(load.seconds * 1000 / 3))]
        command += ["--stability-percentage", "25" if load.steady else "999", "--max-trials", "6"]
        done = subprocess.run(
            command,
            env={**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))},
            capture_output=True,
            text=True,
        )
        if done.returncode != 0 or not table.exists():
            raise StepError(
                f"perf_analyzer ended with {done.returncode}: {(done.stdout + done.stderr)[-800:]}",
                "a load that is not steady needs a quieter machine; else see its words",
            )
        return read(table.read_text(), load.batch)


def pace_of(load: Load) -> list[str]:
    """Return perf_analyzer's arguments for how requests come."""
    if load.rate is None:
        return ["--concurrency-range", str(load.concurrency)]
    return ["--async", f"--request-rate-range={load.rate:.3f}", "--request-distribution=poisson"]


def read(table: str, batch: int) -> Measured:
    """Return the one row of perf_analyzer's CSV; its latencies are in microseconds."""
    (row,) = csv.DictReader(table.splitlines())
    rows = float(row["Inferences/Second"])
    p50, p95, p99 = (float(row[f"{name} latency"]) / 1000 for name in ("p50", "p95", "p99"))
    return Measured(rows / batch, rows, p50, p95, p99)


def program() -> Path:
    """Return a folder with bin/perf_analyzer and the libraries that it needs."""
    return store.published(cache_root() / "perf_analyzer" / _WHEELS[0], _install)


def _install(partial: Path) -> None:
    with step("fetching perf_analyzer"):
        words: list[str | Path] = [uv(), "pip", "install", "--quiet", "--python-version=3.11"]
        words += ["--no-build", "--no-deps", "--target", partial, *_WHEELS]
        run(words, remedy="Check that PyPI (or the index that uv is configured with) answers.")
        apt.unpack(_PACKAGE, partial / "unpacked")
    (partial / "debian").mkdir()
    for library in (partial / "unpacked").rglob("*.so*"):
        library.rename(partial / "debian" / library.name)
