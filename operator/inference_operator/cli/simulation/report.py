"""Report of a simulated rollout: its decisions as a table, or for programs."""

from collections.abc import Iterator
from typing import Any

from inference_operator.api.quoting import counted, one_line
from inference_operator.cli.simulation.history import History, Outcome
from inference_operator.cli.simulation.requests import Counters

_TITLES = ("TIME", "SHARE", "WHAT", "WHY")


def lines(history: History) -> Iterator[str]:
    """Yield the table of decisions and verdicts, and how it ended."""
    yield (
        f"{history.unit}: revision {history.second} is applied at 0s, beside revision"
        f" {history.first}"
    )
    yield ""
    rows = [
        (entry.clock, f"{entry.weight}%", f"{entry.kind}: {entry.reason}", one_line(entry.message))
        for entry in history.entries
    ]
    widths = [max(len(row[place]) for row in (_TITLES, *rows)) for place in range(3)]
    for time, share, name, message in (_TITLES, *rows):
        yield f"{time:>{widths[0]}}  {share:>{widths[1]}}  {name:<{widths[2]}}  {message}".rstrip()
    yield ""
    is_open = history.outcome is Outcome.UNDER_WAY
    yield f"{history.summary}: {one_line(history.message)}" if is_open else history.summary
    for revision, title in ((history.first, "before"), (history.second, "new")):
        counters = history.answered.get(revision, Counters())
        yield f"  revision {revision} ({title}) answered {_requests(counters)}"


def view(history: History) -> dict[str, Any]:
    """Return the report for programs."""
    return {
        "unit": str(history.unit),
        "stable": history.first,
        "canary": history.second,
        "outcome": history.outcome,
        "message": history.message,
        "seconds": history.end,
        "entries": [
            {
                "time": entry.time,
                "weight": entry.weight,
                "kind": entry.kind,
                "reason": entry.reason,
                "message": entry.message,
            }
            for entry in history.entries
        ],
        "answered": {
            revision: {"requests": each.succeeded + each.failed, "failed": each.failed}
            for revision, each in sorted(history.answered.items())
        },
    }


def _requests(counters: Counters) -> str:
    total = counters.succeeded + counters.failed
    share = f" ({100 * counters.failed / total:.2f} %)" if total else ""
    return f"{counted(total, 'request')}, of which {counters.failed:,}{share} failed"
