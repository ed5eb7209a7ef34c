"""The time of a folder is the sum of the durations that its tests report."""

import pytest

from tests.timing import Timing, folder_of


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        ("tests/unit/training/models/test_price.py::test_it", "tests/unit/training"),
        ("tests/e2e/test_demo.py::test_it[a/b::c]", "tests/e2e"),
        ("tests/cluster/test_down.py::test_it", "tests/cluster"),
    ],
)
def test_a_test_belongs_to_its_folder(nodeid: str, expected: str) -> None:
    assert folder_of(nodeid) == expected


class Screen:
    """A terminal reporter that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str, **_: object) -> None:
        self.lines.append(title)

    def line(self, text: str) -> None:
        self.lines.append(text)


def report(nodeid: str, when: str, seconds: float) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid,
        ("", 0, ""),
        {},
        "passed",
        None,
        when,
        duration=seconds,  # type: ignore[arg-type]
    )


def test_the_slowest_folder_comes_first_with_its_set_up() -> None:
    timing, screen = Timing(), Screen()
    quick, slow = "tests/unit/api/test_crd.py::test_it", "tests/e2e/test_demo.py::test_it"
    for nodeid, seconds in ((quick, 0.5), (slow, 20.0)):
        timing.pytest_runtest_logreport(report(nodeid, "setup", seconds))
        timing.pytest_runtest_logreport(report(nodeid, "call", 1.0))
    timing.pytest_terminal_summary(screen)  # type: ignore[arg-type]
    rows = [line.split() for line in screen.lines[2:]]
    assert rows == [
        ["21.0", "20.0", "1", "tests/e2e"],
        ["1.5", "0.5", "1", "tests/unit/api"],
    ]
