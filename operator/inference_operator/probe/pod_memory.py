"""Memory of the sidecar in a folder of its pod, which outlives a restart of its container."""

import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from inference_operator.domain.probe_report import ProbeReport

REPORT_SECONDS = 600.0
"""The kubelet restarts a container at once only if it did not end in the ten minutes before."""

_MOST_BYTES = 64 << 10
_MOST_SECONDS = 600.0


class ServedMemory:
    """Whether the model has passed its first request in this pod, and how long that took."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self.seconds: float | None = None
        with suppress(ValueError):
            if file is not None:
                self.seconds = min(_MOST_SECONDS, max(0.0, float(read_text(file))))

    def keep(self, seconds: float) -> None:
        """Remember it; without a place that can be written, only as long as this process lives."""
        self.seconds = seconds
        if self._file is not None:
            with suppress(OSError):
                self._file.write_text(f"{seconds:.3f}", "utf-8")


class ReportMemory:
    """The last report of this pod. The kubelet reads a container's message only when it ends, and
    keeps that of the last end: so a report is written again if the sidecar ended since then."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._file, self._clock = folder / "report.json", clock
        seen = folder / "report.seen"
        self._is_lost = seen.exists()
        if self._file.exists():
            with suppress(OSError):
                seen.touch()

    def allows(self, report: ProbeReport) -> bool:
        """Return whether the process may end with this report now."""
        last = ProbeReport.from_json(read_text(self._file))
        if last is None:
            return True
        try:
            age = self._clock() - self._file.stat().st_mtime
        except OSError:
            return False
        return age >= REPORT_SECONDS and (self._is_lost or last.reason is not report.reason)

    def keep(self, report: ProbeReport) -> None:
        """Remember the report; raise OSError if the folder cannot be written."""
        self._file.write_text(report.to_json(), "utf-8")
        self._file.with_suffix(".seen").unlink(missing_ok=True)


def read_text(path: Path) -> str:
    """Return the beginning of a regular file. The text is empty if the file is absent or not text.

    A model may have put a pipe there, whose reader would wait for ever.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return ""
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.read(descriptor, _MOST_BYTES).decode("utf-8") if is_file else ""
    except (OSError, ValueError):
        return ""
    finally:
        os.close(descriptor)
