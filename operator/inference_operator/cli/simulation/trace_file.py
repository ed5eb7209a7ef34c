"""Writer of a trace as the CSV file that `read_trace` reads."""

import csv
import io

from inference_operator.cli.simulation.requests import Behaviour
from inference_operator.cli.simulation.trace import MISSING, QUEUES, REQUIRED, Trace


def trace_text(trace: Trace) -> str:
    """Return the text of a trace's file. It has times in the queue if each row has both. What is
    recorded has no baseline apart from the stable revision.

    >>> from inference_operator.cli.simulation.requests import Latency
    >>> from inference_operator.cli.simulation.trace import Row
    >>> row = Row(-60.0, 10.0, *[Behaviour(0.01, Latency(8.0, 15.0), 0.25)] * 2)
    >>> print(trace_text(Trace((row,))).splitlines()[1])
    -60,10,0.01,8,15,0.01,8,15,0.25,0.25,
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    pairs = [(row.stable, row.canary) for row in trace.rows]
    has_queues = all(track.queue_ms is not None for pair in pairs for track in pair)
    writer.writerow([*REQUIRED, *(QUEUES if has_queues else ()), MISSING])
    for row, tracks in zip(trace.rows, pairs, strict=True):
        queues = [track.queue_ms for track in tracks if track.queue_ms is not None]
        numbers = [
            row.requests_per_second,
            *(number for track in tracks for number in _numbers(track)),
            *(queues if has_queues else ()),
        ]
        texts = [f"{number:.6g}" for number in numbers]
        writer.writerow([f"{row.time:.15g}", *texts, row.missing.value])
    return text.getvalue()


def _numbers(behaviour: Behaviour) -> tuple[float, float, float]:
    return behaviour.error_share, behaviour.latency.p50, behaviour.latency.p95
