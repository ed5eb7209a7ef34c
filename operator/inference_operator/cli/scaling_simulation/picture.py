"""Picture of simulated scaling over time, by matplotlib: load, pods, latency, and reasons."""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    MultipleLocator,
    NullFormatter,
)

from inference_operator.cli.figures import STYLE, legend, save
from inference_operator.cli.scaling_simulation.scenario import Result
from inference_operator.domain.scaling import ScalingDecision

# Colours that people with any kind of colour vision tell apart (Okabe and Ito).
_LAWS = (("#D55E00", "-", 2.0), ("#0072B2", "--", 1.2), ("#009E73", ":", 1.6), ("#CC79A7", "-.", 1))
_LOAD, _LIMIT, _MISSING = "#000000", "#555555", "#DDDDDD"
_REASONS = (
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
    "#999999",
)
_TICKS = (60, 120, 300, 600, 1800, 3600, 7200, 14_400)
_MOST_TICKS = 13
_MINUTE = 60.0
# Times beyond this many SLOs are drawn at the upper edge.
_MOST_SLOS = 30.0
_PANELS = (1.0, 1.4, 1.3, 0.7)


def draw(result: Result, path: Path) -> None:
    """Write the picture; the ending of the path is its format.

    Raises:
        OSError: if the file cannot be written.
    """
    trace = result.scenario.trace
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 8.5), layout="constrained")
        panels: list[Axes] = list(
            figure.subplots(len(_PANELS), 1, sharex=True, height_ratios=_PANELS)
        )
        title = f"{result.scenario.played.unit}: trace {trace.kind}, seed {trace.seed}"
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        for axes, add in zip(panels, _PARTS, strict=True):
            add(axes, result)
            for outage in trace.outages:
                axes.axvspan(outage.start, outage.end, color=_MISSING, zorder=0, linewidth=0)
        _set_times(panels[-1], trace.duration)
        save(figure, panels, path)


def _set_times(axes: Axes, end: float) -> None:
    axes.set_xlim(0, end)
    axes.set_xlabel("minutes")
    step = next((step for step in _TICKS if end / step <= _MOST_TICKS), _TICKS[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value / _MINUTE:g}"))


def _add_load(axes: Axes, result: Result) -> None:
    trace = result.scenario.trace
    times, rates = _steps([trace.rate_at(float(t)) for t in range(int(trace.duration))])
    axes.plot(times, rates, color=_LOAD, linewidth=1.4, label="load")
    if trace.outages:
        axes.fill_between([], [], color=_MISSING, label="no metrics")
    axes.set(title="Requests a second")
    axes.set_ylim(bottom=0)
    legend(axes)


def _add_pods(axes: Axes, result: Result) -> None:
    for (name, score), (colour, style, width) in zip(result.scores.items(), _LAWS, strict=False):
        times, sizes = _steps(list(map(float, score.sizes)))
        axes.plot(times, sizes, style, color=colour, linewidth=width, label=name)
    own = next(iter(result.scores.values()))
    times, ready = _steps(list(map(float, own.ready)))
    axes.fill_between(times, ready, color=_LAWS[0][0], alpha=0.15, linewidth=0, label="ready")
    settings = result.scenario.played.settings
    for bound in {settings.min_replicas, settings.max_replicas}:
        axes.axhline(bound, color=_LIMIT, linestyle=":", linewidth=0.8)
    axes.set_title("Pods; those of the operator that take requests are filled; bounds are dotted")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    legend(axes)


def _add_latencies(axes: Axes, result: Result) -> None:
    slo = 1000 * result.scenario.trace.slo
    highest = _MOST_SLOS * slo
    for (name, score), (colour, style, width) in zip(result.scores.items(), _LAWS, strict=False):
        times = [_MINUTE * (place + 0.5) for place in range(len(score.p95))]
        values = [math.nan if each is None else min(1000 * each, highest) for each in score.p95]
        label = f"{name}: {score.bad_minutes} bad min"
        axes.plot(times, values, style, color=colour, linewidth=width, label=label)
    axes.axhline(slo, color=_LIMIT, linestyle="--", linewidth=1, label=f"SLO: {slo:g} ms")
    axes.set_title("Latency: 95 % of the requests of each minute take less (ms)")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:,.15g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    legend(axes)


def _add_reasons(axes: Axes, result: Result) -> None:
    """Draw the reason of each decision as a band, and its name where there is room."""
    end = result.scenario.trace.duration
    spans = list(_spans(result.decisions, end))
    names = list(dict.fromkeys(reason for _, _, reason in spans))
    colours = {name: _REASONS[place % len(_REASONS)] for place, name in enumerate(names)}
    labelled: set[str] = set()
    for begin, until, reason in spans:
        label = None if reason in labelled else reason
        labelled.add(reason)
        axes.axvspan(begin, until, color=colours[reason], label=label, linewidth=0)
    axes.set(title="Reason of the operator's decision", yticks=[], ylim=(0, 1))
    legend(axes)


def _spans(
    decisions: Sequence[tuple[float, ScalingDecision]], end: float
) -> Iterator[tuple[float, float, str]]:
    """Yield begin, end and reason of each time in which the reason is the same."""
    begins = [
        (next(same)[0], reason)
        for reason, same in groupby(decisions, lambda each: str(each[1].reason))
    ]
    for (begin, reason), (until, _) in pairwise([*begins, (end, "")]):
        yield begin, until, reason


def _steps(values: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return the corners of a line whose values hold for a second each: of a value that stays,
    only the two ends.

    >>> _steps([2.0, 2.0, 3.0])
    ([0.0, 2.0, 2.0, 3.0], [2.0, 2.0, 3.0, 3.0])
    """
    times, heights, place = [], [], 0
    for value, same in groupby(values):
        begin, place = place, place + len(list(same))
        times += [float(begin), float(place)]
        heights += [value, value]
    return times, heights


_PARTS = (_add_load, _add_pods, _add_latencies, _add_reasons)
