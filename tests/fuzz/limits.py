"""CPU time and memory of one input, and the ends of a process that goes far beyond them."""

import faulthandler
import gc
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.target import CPU_SECONDS, GROWTH_MIB

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
# What is beyond the limits is measured; what is far beyond ends the process.
_CPU_END = 3 * CPU_SECONDS
_MEMORY_END = 1 << 30


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of all threads, and MiB by which the peak was above what was held before."""

    seconds: float
    growth: float

    @property
    def fault(self) -> str | None:
        """The kind of fault, None within the limits."""
        if self.seconds > CPU_SECONDS:
            return "hang"
        return "growth" if self.growth > GROWTH_MIB else None


def set_ends() -> None:
    """Let SIGPROF (of the timer below) write the stack and end the process; bound its memory."""
    faulthandler.enable()
    faulthandler.register(signal.SIGPROF, chain=True)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, ((_kib("VmSize:") << 10) + _MEMORY_END, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def measured(run: Callable[[], None]) -> Cost:
    """Run it, and return what it took; its exceptions pass through."""
    held = _kib("VmRSS:")
    _CLEAR.write_text(_RESET_PEAK)
    signal.setitimer(signal.ITIMER_PROF, _CPU_END)
    began = time.process_time()
    try:
        run()
    finally:
        seconds = time.process_time() - began
        signal.setitimer(signal.ITIMER_PROF, 0)
    return Cost(seconds, (_kib("VmHWM:") - held) / 1024)


def confirmed(run: Callable[[], None], cost: Cost) -> Cost:
    """Run it again where it was beyond a limit: the machine may have been slow, or a cache cold."""
    for _ in range(2):
        if cost.fault is None:
            break
        gc.collect()
        again = measured(run)
        cost = Cost(min(cost.seconds, again.seconds), min(cost.growth, again.growth))
    return cost


def _kib(name: str) -> int:
    for line in _STATUS.read_text("ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise LookupError(name)
