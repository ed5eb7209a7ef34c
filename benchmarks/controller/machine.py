"""CPU use of the machine: the benchmark's own processes, by name, and all others."""

import os
import platform
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_TICK = 1 / os.sysconf("SC_CLK_TCK")


def about() -> dict[str, Any]:
    """Return date, machine and load, as they are written beside results."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores {platform.machine()}, {memory / 2**30:.0f} GiB,"
        f" Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}",
        "loadAverageBefore": load_average(),
    }


def load_average() -> float:
    return round(os.getloadavg()[0], 2)


class CpuMeter:
    """CPU seconds by program since it was made: our children by name, and `others`."""

    def __init__(self) -> None:
        self._before = _children()
        self._busy = _busy()

    def read(self) -> dict[str, float]:
        used: defaultdict[str, float] = defaultdict(float)
        for (name, pid), seconds in _children().items():
            used[name] += seconds - self._before.get((name, pid), 0.0)
        others = _busy() - self._busy - sum(used.values())
        rounded = {name: round(seconds, 1) for name, seconds in used.items() if seconds >= 0.1}
        return {**rounded, "others": round(max(0.0, others), 1)}


def _children() -> dict[tuple[str, int], float]:
    own = os.getpid()
    seconds: dict[tuple[str, int], float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            head, _, rest = (entry / "stat").read_text().rpartition(")")
        except OSError:
            continue
        fields, pid = rest.split(), int(entry.name)
        if own in (pid, int(fields[1])):
            name = "benchmark" if pid == own else head.partition("(")[2]
            seconds[name, pid] = (int(fields[11]) + int(fields[12])) * _TICK
    return seconds


def _busy() -> float:
    """CPU seconds of all processes since boot, the kernel's work for them included."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:8]]
    user, nice, system, _idle, _iowait, irq, softirq = ticks
    return (user + nice + system + irq + softirq) * _TICK
