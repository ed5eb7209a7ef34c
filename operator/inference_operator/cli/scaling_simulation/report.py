"""Report of simulated scaling: how good each law was, and the operator's decisions."""

from collections.abc import Iterator
from typing import Any

from inference_operator.api.quoting import counted, one_line
from inference_operator.cli.scaling_simulation.scenario import Result
from inference_operator.domain.scaling import ScalingDecision
from inference_operator.planning.number_texts import duration

_TITLES = ("LAW", "SLO-VIOLATION MINUTES", "REPLICA-HOURS", "DIRECTION CHANGES", "MOST PODS")


def lines(result: Result) -> Iterator[str]:
    """Yield what was played, the table of the laws, and the operator's decisions."""
    yield from _head(result)
    yield ""
    rows = [
        (
            name,
            str(score.bad_minutes),
            f"{score.pod_hours:.2f}",
            str(score.reversals),
            str(max(score.sizes, default=0)),
        )
        for name, score in result.scores.items()
    ]
    widths = [max(len(row[place]) for row in (_TITLES, *rows)) for place in range(len(_TITLES))]
    for first, *others in (_TITLES, *rows):
        cells = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        yield f"{first:<{widths[0]}}  {'  '.join(cells)}"
    yield ""
    yield "   TIME  PODS  REASON              WHY"
    for time, decision in changes(result):
        words = one_line(decision.message)
        yield f"{_clock(time):>7}  {decision.size:>4}  {decision.reason:<18}  {words}".rstrip()


def changes(result: Result) -> Iterator[tuple[float, ScalingDecision]]:
    """Yield the decisions that have another size or another reason than the one before."""
    before: tuple[int, str] | None = None
    for time, decision in result.decisions:
        now = decision.size, str(decision.reason)
        if now != before:
            yield time, decision
        before = now


def view(result: Result) -> dict[str, Any]:
    """Return the report for programs. Times are seconds."""
    trace, played = result.scenario.trace, result.scenario.played
    service = trace.service
    return {
        "unit": str(played.unit),
        "trace": trace.kind,
        "seed": trace.seed,
        "seconds": trace.duration,
        "requests": result.requests,
        "loadTime": trace.load_time,
        "slo": trace.slo,
        "batch": {
            "one": service.batch_time(1),
            "full": service.full_batch_time,
            "largest": service.max_batch,
            "podCapacity": service.capacity,
        },
        "laws": [
            {
                "law": name,
                "sloViolationMinutes": score.bad_minutes,
                "replicaHours": score.pod_hours,
                "directionChanges": score.reversals,
                "mostPods": max(score.sizes, default=0),
            }
            for name, score in result.scores.items()
        ],
        "decisions": [
            {
                "time": time,
                "pods": decision.size,
                "reason": decision.reason,
                "message": decision.message,
            }
            for time, decision in changes(result)
        ],
    }


def _head(result: Result) -> Iterator[str]:
    trace, played = result.scenario.trace, result.scenario.played
    service = trace.service
    yield (
        f"{played.unit}: trace {trace.kind} (seed {trace.seed}), {_clock(trace.duration)},"
        f" {counted(result.requests, 'request')}"
    )
    times = f"a batch of one request takes {duration(1000 * service.batch_time(1))}"
    if service.max_batch > 1:
        times += f", one of {service.max_batch} {duration(1000 * service.full_batch_time)}"
    yield f"  {times}; a pod answers at most {service.capacity:,.0f} requests/s"
    yield (
        f"  a pod loads in {trace.load_time:.0f}s; a minute is bad if more than 5 % of its requests"
        f" take longer than {duration(1000 * trace.slo)}, or fail"
    )


def _clock(seconds: float) -> str:
    """Return a time as minutes and seconds.

    >>> _clock(90.0), _clock(3600.0)
    ('1:30', '60:00')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
