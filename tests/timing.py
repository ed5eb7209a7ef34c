"""The time of each folder of tests, which every run prints at its end."""

from collections import defaultdict
from dataclasses import dataclass

import pytest

# tests/integration/operator and tests/unit/api, not tests/unit alone.
_DEPTH = 3


@dataclass
class FolderTime:
    """Seconds of one folder's tests; times of tests that ran at the same time are added up."""

    tests: int = 0
    set_up: float = 0.0
    total: float = 0.0


class Timing:
    """A plugin that adds up the durations that tests report."""

    def __init__(self) -> None:
        self._folders: defaultdict[str, FolderTime] = defaultdict(FolderTime)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count set-up, call and tear-down of a test for its folder."""
        time = self._folders[folder_of(report.nodeid)]
        time.total += report.duration
        if report.when == "setup":
            time.set_up += report.duration
            time.tests += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one line per folder, the slowest first."""
        if not self._folders:
            return
        terminalreporter.section("time of each folder", sep="=")
        terminalreporter.line("  seconds   set-up   tests  folder")
        slowest = sorted(self._folders.items(), key=lambda item: item[1].total, reverse=True)
        for folder, time in slowest:
            line = f"{time.total:9.1f} {time.set_up:8.1f} {time.tests:7}  {folder}"
            terminalreporter.line(line)


def folder_of(nodeid: str) -> str:
    """Return the folder of a test's module, at most three levels deep.

    >>> folder_of("tests/unit/training/models/test_price.py::test_it")
    'tests/unit/training'
    >>> folder_of("tests/e2e/test_demo.py::test_it")
    'tests/e2e'
    """
    folders = nodeid.partition("::")[0].split("/")[:-1]
    return "/".join(folders[:_DEPTH])
