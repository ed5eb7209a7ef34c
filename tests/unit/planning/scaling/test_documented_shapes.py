"""Table of shapes in docs/autoscaling.md: each row is played, and yields the reason it names."""

import re
from pathlib import Path

import pytest

from inference_operator.domain.measurement import Outage
from tests.unit.planning.scaling.documented_shapes import ROWS, Case

PAGE = Path(__file__).parents[4] / "docs" / "autoscaling.md"
HEADING = "## What each shape of the metrics yields"
OUTAGES = "the same words as for [canaries](analysis.md#what-each-shape-of-the-metrics-yields)"
CASES = [(shape, case) for shape, cases in ROWS.items() for case in cases]


def documented() -> dict[str, tuple[str, str]]:
    """Return reasons and pods by shape."""
    _, _, section = PAGE.read_text(encoding="utf-8").partition(HEADING)
    table = section.partition("\n## ")[0]
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines() if row]
    return {row[0]: (row[1], row[2]) for row in rows if len(row) == 3 and "---" not in row[0]}


def test_each_row_is_played() -> None:
    rows = documented()
    rows.pop("what Prometheus gives")

    assert rows.keys() == ROWS.keys()


@pytest.mark.parametrize(("shape", "case"), CASES, ids=[f"{s}: {c.reason}" for s, c in CASES])
def test_a_shape_yields_what_its_row_says(shape: str, case: Case) -> None:
    size, reason = case.play()
    reasons, pods = documented()[shape]

    assert (size, reason) == (case.size, case.reason)
    words = re.findall(r"`(\w+)`", reasons.replace(OUTAGES, " ".join(f"`{o}`" for o in Outage)))
    # Where the metric has no reason, the decision has its own.
    assert reason in words or reasons == "none"
    may_shrink = "the minimum" in pods or pods == "as if nothing had happened"
    assert (size < 3) == may_shrink, pods
