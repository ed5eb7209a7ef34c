"""The machine and its CPU use: the benchmark's own processes, by name, and all others."""

import os
import platform
import resource
import subprocess
import time
from collections import defaultdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from hack.cluster import versions
from hack.product import ROOT

CONTROL_PLANE = ("kube-apiserver", "etcd", "kube-controller")
"""Names of processes, as the kernel cuts them."""

_QUIET_CPU, _QUIET_SECONDS = 0.15, 20
_TICK = 1 / os.sysconf("SC_CLK_TCK")


def about() -> dict[str, Any]:
    """Return date, machine, load and versions, as they are written beside results."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores {platform.machine()}, {memory / 2**30:.0f} GiB,"
        f" Linux {platform.release().partition('-')[0]}",
        "versions": {
            "commit": commit_of(ROOT),
            "kubernetes": versions.chosen().version,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in ("aiohttp", "kopf")},
        },
        "loadAverageBefore": load_average(),
    }


def commit_of(root: Path) -> str:
    """Return the commit of a checkout, with `-dirty` if files differ; empty without Git."""
    words = ("describe", "--always", "--dirty", "--exclude=*", "--abbrev=10")
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True)
    return done.stdout.strip()


def load_average() -> float:
    return round(os.getloadavg()[0], 2)


class CpuMeter:
    """CPU seconds by program since it was made: our children by name, and `others`.

    `ended` are children that ended in between, such as the process that sends the load.
    """

    def __init__(self) -> None:
        self._before = _children()
        self._ended = _ended()
        self._busy = _busy()

    def read(self) -> dict[str, float]:
        used: defaultdict[str, float] = defaultdict(float)
        for (name, pid), seconds in _children().items():
            used[name] += seconds - self._before.get((name, pid), 0.0)
        used["ended"] = _ended() - self._ended
        others = _busy() - self._busy - sum(used.values())
        rounded = {name: round(seconds, 1) for name, seconds in used.items() if seconds >= 0.1}
        return {**rounded, "others": round(max(0.0, others), 1)}


def await_quiet(*names: str) -> None:
    """Wait until our children of these names need little CPU for a second, but not for long."""
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline:
        meter = CpuMeter()
        time.sleep(1)
        used = meter.read()
        if sum(used.get(name, 0.0) for name in names) <= _QUIET_CPU:
            return


def _children() -> dict[tuple[str, int], float]:
    own = os.getpid()
    seconds: dict[tuple[str, int], float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            head, _, rest = (entry / "stat").read_text().rpartition(")")
            words = (entry / "cmdline").read_text().split("\0")
        except OSError:
            continue
        fields, pid = rest.split(), int(entry.name)
        if own in (pid, int(fields[1])):
            name = "benchmark" if pid == own else _program(head.partition("(")[2], words)
            seconds[name, pid] = (int(fields[11]) + int(fields[12])) * _TICK
    return seconds


def _program(name: str, words: list[str]) -> str:
    """Return the module that a Python process runs, and the name of any other."""
    return words[words.index("-m") + 1] if "-m" in words[:-1] else name


def _ended() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _busy() -> float:
    """CPU seconds of all processes since boot, the kernel's work for them included."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:8]]
    user, nice, system, _idle, _iowait, irq, softirq = ticks
    return (user + nice + system + irq + softirq) * _TICK
