"""Runs targets, each in processes of its own, and tells what was found."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tests.fuzz.worker import CURRENT, REPORT, UNSURE, Job, keep

ROOT = Path(__file__).parents[2]
_POLL = 0.05
# Wall time of one input that waits without using the CPU, on a machine that others use too.
_STUCK = 150.0
# Restarts after a death; a target that dies at each start would go on for ever.
_MOST_DEATHS = 20


@dataclass(slots=True)
class Result:
    """The result of one target."""

    target: str
    inputs: int = 0
    slowest: float = 0.0
    growth: float = 0.0
    findings: list[str] = field(default_factory=list)
    died: bool = False

    def add(self, other: "Result") -> None:
        """Add what another worker found with the same target."""
        self.inputs += other.inputs
        self.slowest = max(self.slowest, other.slowest)
        self.growth = max(self.growth, other.growth)
        self.findings += other.findings

    def __str__(self) -> str:
        return (
            f"{self.target:18} {self.inputs:>9,} inputs, at most {self.slowest * 1000:>6,.0f} ms"
            f" and {self.growth:>5,.1f} MiB, {len(self.findings)} findings"
        )


def fuzz(jobs: Sequence[Job], at_once: int) -> list[Result]:
    """Do all jobs, so many at once; the results are in the order of the jobs."""
    with ThreadPoolExecutor(at_once) as pool:
        return [*pool.map(fuzz_one, jobs)]


def fuzz_one(job: Job) -> Result:
    """Do one job. A worker that dies is started again with another seed for what is left."""
    result = Result(job.target)
    end = time.monotonic() + job.seconds
    for death in range(_MOST_DEATHS):
        left = end - time.monotonic()
        (report,) = fuzz_together([replace(job, seed=job.seed + death, seconds=left)])
        result.add(report)
        if not report.died or job.replay or job.inputs or end - time.monotonic() < 1:
            break
    return result


def fuzz_together(jobs: Sequence[Job]) -> list[Result]:
    """Do the jobs one after the other in one worker; one that it dies of is left out after that."""
    for job in jobs:
        Path(job.folder).mkdir(parents=True, exist_ok=True)
        (Path(job.folder) / REPORT).unlink(missing_ok=True)
    results: list[Result] = []
    while len(results) < len(jobs):
        why = _run(jobs[len(results) :])
        while len(results) < len(jobs) and (Path(jobs[len(results)].folder) / REPORT).exists():
            results.append(_read(jobs[len(results)]))
        if len(results) < len(jobs):
            results.append(_death(jobs[len(results)], why))
    for job, result in zip(jobs, results, strict=True):
        if not job.replay:
            settled = (_settled(job, finding) for finding in result.findings)
            result.findings = [finding for finding in settled if finding]
    return results


def _read(job: Job) -> Result:
    return Result(job.target, **json.loads((Path(job.folder) / REPORT).read_text()))


def _death(job: Job, why: str) -> Result:
    folder = Path(job.folder)
    current = folder / CURRENT
    file = keep(folder, current.read_bytes() if current.exists() else b"", "death", why)
    return Result(job.target, findings=[f"{file.name}: {_telling_line(why)}"], died=True)


def _settled(job: Job, finding: str) -> str:
    """Return the finding as it is to be reported; empty where it was not one.

    Time and memory are measured again in a fresh process, without the instructions that count
    branches: caches were cold perhaps. What fails in other ways, or again and again, may need the
    inputs before it, and stays.
    """
    kind, is_out_of_memory = finding.partition("-")[0], "MemoryError" in finding
    is_doubtful = finding.endswith(UNSURE) or (job.coverage and kind in ("hang", "growth"))
    is_doubtful |= job.coverage and kind == "death" and "SIGPROF" in finding
    if not is_doubtful and not is_out_of_memory:
        return finding
    file = Path(job.folder) / finding.partition(":")[0]
    again = replace(job, coverage=False, replay=str(file), seconds=_STUCK, inputs=1)
    with tempfile.TemporaryDirectory() as folder:
        if fuzz_one(replace(again, folder=folder)).findings:
            return finding.removesuffix(UNSURE)
    if is_out_of_memory:
        leak = file.rename(file.with_name(f"leak-{file.name.partition('-')[2]}"))
        file.with_suffix(".txt").rename(leak.with_suffix(".txt"))
        return f"{leak.name}: no memory was left by the inputs before it"
    file.unlink()
    file.with_suffix(".txt").unlink()
    return ""


def _run(jobs: Sequence[Job]) -> str:
    """Run one worker to its end; why it died, empty where it did not."""
    path = os.pathsep.join([str(ROOT / "operator"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "tests.fuzz.worker", json.dumps([*map(asdict, jobs)])]
    with tempfile.TemporaryFile() as output:
        worker = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        is_stuck = _wait(worker, [Path(job.folder) for job in jobs])
        output.seek(0)
        stdout = output.read()[-20_000:].decode("utf-8", "replace")
    if is_stuck:
        return f"{stdout}\nan input that was not at its end after {_STUCK:.0f} s"
    if worker.returncode == 0:
        return ""
    number = -worker.returncode
    name = signal.Signals(number).name if number > 0 else f"exit code {worker.returncode}"
    return f"{stdout}\nthe process ended with {name}"


def _wait(worker: subprocess.Popen[bytes], folders: Sequence[Path]) -> bool:
    """Wait for the worker's end; True where it had to be killed."""
    began = time.time()
    while worker.poll() is None:
        time.sleep(_POLL)
        files = (folder / CURRENT for folder in folders)
        last = max([began, *(file.stat().st_mtime for file in files if file.exists())])
        if time.time() - last > _STUCK:
            worker.send_signal(signal.SIGABRT)
            time.sleep(1)
            worker.kill()
            worker.wait()
            return True
    return False


def _telling_line(why: str) -> str:
    """Return how the process ended, and the function where it did."""
    lines = [line.strip() for line in why.splitlines() if line.strip()]
    if not lines:
        return "the process ended as if it were done, without a report"
    where = next((line for line in lines if line.startswith("File ")), "")
    return f"{lines[-1]}, {where}" if where else lines[-1]
