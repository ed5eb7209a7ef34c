"""CPU time and memory of one input, and the ends of a process that goes far beyond them."""

import ctypes
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
_TRIM_AFTER_KIB = 20 << 10
_trim = ctypes.CDLL(None).malloc_trim


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of all threads, MiB by which the peak was above what was held before, and MiB
    that are held since."""

    seconds: float
    growth: float
    kept: float = 0.0

    @property
    def fault(self) -> str | None:
        """Return the kind of fault, None within the limits."""
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


def measured(run: Callable[[], None], start: int = 0) -> Cost:
    """Run it, and return what it took; its exceptions pass through.

    `start` is `held()` when the job began: what the allocator keeps for later use is given back
    first, or earlier inputs would hide what this one takes.
    """
    before = held()
    if start and before > start + _TRIM_AFTER_KIB:
        _trim(0)
        before = held()
    _CLEAR.write_text(_RESET_PEAK)
    signal.setitimer(signal.ITIMER_PROF, _CPU_END)
    began = time.process_time()
    try:
        run()
    finally:
        seconds = time.process_time() - began
        signal.setitimer(signal.ITIMER_PROF, 0)
    return Cost(seconds, (_kib("VmHWM:") - before) / 1024, (held() - before) / 1024)


def is_repeated(run: Callable[[], None], fault: str | None) -> bool:
    """Whether the fault shows again in this process. If not, a cache may hide it, or may have been
    cold: a fresh process tells which."""
    for _ in range(2 if fault else 0):
        gc.collect()
        _trim(0)
        if measured(run).fault != fault:
            return False
    return True


def held() -> int:
    """Return the KiB of memory that the process has now."""
    return _kib("VmRSS:")


def _kib(name: str) -> int:
    for line in _STATUS.read_text("ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise LookupError(name)
