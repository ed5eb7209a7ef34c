"""The process that fuzzes: `python -m tests.fuzz.worker` with a list of Jobs as JSON."""

import contextlib
import gc
import hashlib
import json
import os
import sys
import time
import traceback
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz import limits
from tests.fuzz.target import KEPT_MIB, Target, check

CURRENT = "current"
REPORT = "report.json"
_SAME = 3
"""Inputs that are kept of one fault."""
_UNSURE = 12
"""Inputs of one kind that are run again in a fresh process."""
UNSURE = " (once)"


@dataclass(frozen=True, slots=True)
class Job:
    """The job of a worker: `inputs` mutations, or as many as there is time for."""

    target: str
    folder: str
    seed: int
    seconds: float
    inputs: int = 0
    coverage: bool = False
    replay: str = ""
    """File of the only input."""


@dataclass(slots=True)
class Report:
    """The progress of a worker."""

    inputs: int = 0
    slowest: float = 0.0
    growth: float = 0.0
    findings: list[str] = field(default_factory=list)


class Worker:
    """Runs inputs one after the other; writes down each before it runs, and every finding."""

    def __init__(self, job: Job, target: Target) -> None:
        self.job, self.target = job, target
        self.report = Report()
        self._folder = Path(job.folder)
        self._current = os.open(self._folder / CURRENT, os.O_RDWR | os.O_CREAT)
        self._seen: dict[str, int] = {}
        self._end = time.monotonic() + job.seconds
        self._start, self._kept = limits.held(), 0.0

    @property
    def is_done(self) -> bool:
        most = sys.maxsize
        if self.job.inputs or self.job.replay:
            most = len(self.target.seeds) + (0 if self.job.replay else self.job.inputs)
        return self.report.inputs >= most or time.monotonic() > self._end

    def run(self, data: bytes) -> None:
        """Run one input, and keep it where it is a finding."""
        os.pwrite(self._current, data, 0)
        os.ftruncate(self._current, len(data))
        self.report.inputs += 1
        try:
            cost = limits.measured(lambda: check(self.target, data), self._start)
            is_sure = bool(self.job.replay) or limits.is_repeated(
                lambda: check(self.target, data), cost.fault
            )
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too
            self._keep(data, "crash", "".join(traceback.format_exception(error)), _place(error))
            return
        if cost.fault:
            unsure = "" if is_sure else UNSURE
            self._keep(data, cost.fault, f"{cost}{unsure}", f"{cost.fault}{unsure}")
            return
        self.report.slowest = max(self.report.slowest, cost.seconds)
        self.report.growth = max(self.report.growth, cost.growth)
        self._sum_up(data, cost.kept)

    def _sum_up(self, data: bytes, kept: float) -> None:
        """Add what the input left in memory; the seeds may fill caches."""
        self._kept += kept if self.report.inputs > len(self.target.seeds) else 0.0
        if self._kept > KEPT_MIB:
            why = f"{self._kept:,.0f} MiB are kept after {self.report.inputs:,} inputs"
            self._keep(data, "leak", why, "leak")
            self._kept = 0.0

    def save(self) -> None:
        """Write the report."""
        (self._folder / REPORT).write_text(json.dumps(asdict(self.report)))

    def _keep(self, data: bytes, kind: str, why: str, fault: str) -> None:
        self._seen[fault] = self._seen.get(fault, 0) + 1
        if self._seen[fault] <= (_UNSURE if fault.endswith(UNSURE) else _SAME):
            file = keep(self._folder, data, kind, why)
            self.report.findings.append(f"{file.name}: {why.strip().splitlines()[-1][:300]}")


def keep(folder: Path, data: bytes, kind: str, why: str) -> Path:
    """Write a finding: its input, and beside it why it is one."""
    file = folder / f"{kind}-{hashlib.sha256(data).hexdigest()[:12]}"
    file.write_bytes(data)
    file.with_suffix(".txt").write_text(why, "utf-8", "backslashreplace")
    return file


def _place(error: BaseException) -> str:
    """Return the error's type and where it was raised, which tells faults apart."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/tests/" not in frame.filename] or frames
    return f"{type(error).__name__} {ours[-1].filename}:{ours[-1].lineno} {str(error)[:20]}"


def _mutate_all(worker: Worker) -> None:
    """Change the seeds and the newest inputs, by a fixed row of random numbers."""
    rng, pool = Random(worker.job.seed), [*worker.target.seeds]
    for seed in worker.target.seeds:
        worker.run(seed)
    while not worker.is_done:
        data = worker.target.mutate(rng, rng.choice(pool))[: worker.target.largest]
        worker.run(data)
        if rng.random() < 0.1:
            # So that some inputs are changed more than once.
            pool[len(worker.target.seeds) :] = [*pool[len(worker.target.seeds) :], data][-20:]


def _load(job: Job) -> Target:
    if job.coverage:
        import atheris

        with atheris.instrument_imports(include=["inference_operator", "model_builders"]):
            return _target(job)
    return _target(job)


def _target(job: Job) -> Target:
    from tests.fuzz.targets import load, regressions

    target = load(job.target)
    if job.replay:
        return replace(target, seeds=(Path(job.replay).read_bytes(),))
    return replace(target, seeds=(*regressions(job.target), *target.seeds))


def _follow_coverage(worker: Worker) -> None:
    """Let libFuzzer choose which inputs to change: those that reached new branches."""
    import atheris

    job, target = worker.job, worker.target
    corpus = Path(job.folder) / "corpus"
    corpus.mkdir(exist_ok=True)
    for seed in target.seeds:
        (corpus / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)

    def run(data: bytes) -> None:
        worker.run(bytes(data))
        if worker.is_done:
            worker.save()
            # libFuzzer would print pages of statistics.
            os._exit(0)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        return target.mutate(Random(seed), bytes(data))[:most]

    options = [f"-seed={job.seed}", f"-max_len={target.largest}", "-timeout=300", "-rss_limit_mb=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], run, custom_mutator=mutate)
    atheris.Fuzz()


def _do(job: Job) -> None:
    target = _load(job)
    from tests.fuzz.targets import load

    # The first use of a library takes memory and time that no later input takes. A single input
    # runs after all seeds but itself, which may be in a cache afterwards.
    seeds = load(job.target).seeds
    for seed in seeds if job.replay else seeds[-1:]:
        if not job.replay or seed not in target.seeds:
            with contextlib.suppress(Exception, SystemExit):
                check(target, seed)
    gc.collect()
    worker = Worker(job, target)
    limits.set_ends()
    if job.coverage:
        _follow_coverage(worker)
    _mutate_all(worker)
    worker.save()


def main() -> None:
    """Do the jobs of the only argument, one after the other."""
    arguments: list[dict[str, Any]] = json.loads(sys.argv[1])
    for argument in arguments:
        _do(Job(**argument))


if __name__ == "__main__":
    main()
