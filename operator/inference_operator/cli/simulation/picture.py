"""Picture of a simulated rollout over time, by matplotlib: as SVG or PNG."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from inference_operator.cli.figures import STYLE, legend, save
from inference_operator.cli.simulation.history import Entry, History, Moment
from inference_operator.cli.simulation.limits import Limits
from inference_operator.cli.simulation.requests import Behaviour
from model_builders.statistics.judgement import ALPHA

# Colours that people with any kind of colour vision tell apart (Okabe and Ito).
_STABLE, _CANARY, _LIMIT, _MISSING = "#0072B2", "#D55E00", "#555555", "#DDDDDD"
_VERDICTS = {
    "Pass": "#009E73",
    "Fail": "#D55E00",
    "LowTraffic": "#F0E442",
    "NoData": "#BBBBBB",
    "Error": "#777777",
    "Incomparable": "#CC79A7",
}
_PAIR = ((_STABLE, 3.5), (_CANARY, 1.5))
# Seconds between two labels of the time.
_TICKS = (5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400)
_MOST_TICKS = 11
# Part of the width that the label of a decision takes.
_LABEL_WIDTH = 0.025
_LIMIT_COLOURS = ("#0072B2", "#CC79A7", "#E69F00", "#56B4E9", "#009E73", "#000000")
# Evidence is drawn from 1 in a hundred to 1,000,000: beyond that nothing changes any more.
_LEAST_POWER, _MOST_POWER = -2.0, 6.0
_PANELS = (1.3, 1.0, 1.3, 1.3, 1.8, 0.45)


@dataclass(frozen=True, slots=True)
class _Drawing:
    history: History
    limits: Limits

    @property
    def times(self) -> list[float]:
        return [moment.time for moment in self.history.moments]

    @property
    def baselines(self) -> list[Behaviour]:
        """How a baseline answers over time; empty if that is as the revision before does."""
        rows = [moment.row for moment in self.history.moments]
        if not any(row.baseline for row in rows):
            return []
        return [row.baseline or row.stable for row in rows]

    @property
    def begin(self) -> float:
        """Where the picture begins: the time before the rollout gets a tenth of it at most."""
        return max(self.times[0], -self.history.end / 9)


def draw(history: History, limits: Limits, path: Path) -> None:
    """Write the picture; the ending of the path is its format.

    Raises:
        OSError: if the file cannot be written.
    """
    drawing = _Drawing(history, limits)
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 10.5), layout="constrained")
        panels: list[Axes] = list(
            figure.subplots(len(_PANELS), 1, sharex=True, height_ratios=_PANELS)
        )
        figure.suptitle(f"{history.unit}: {history.summary}", x=0.01, ha="left", fontsize=12)
        for axes, add in zip(panels, _PARTS, strict=True):
            add(axes, drawing)
            _add_outages(axes, drawing)
            for entry in _marked(history):
                axes.axvline(entry.time, color=_LIMIT, linewidth=0.6, linestyle=":")
        _name_decisions(panels[0], drawing)
        _set_times(panels[-1], drawing)
        save(figure, panels, path)


def _set_times(axes: Axes, drawing: _Drawing) -> None:
    begin, end = drawing.begin, drawing.history.end
    axes.set_xlim(begin, end)
    axes.set_xlabel("time since the new revision was applied (minutes:seconds)")
    step = next((step for step in _TICKS if (end - begin) / step <= _MOST_TICKS), _TICKS[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(_clock))


def _add_weight(axes: Axes, drawing: _Drawing) -> None:
    weights = [moment.weight for moment in drawing.history.moments]
    axes.step(drawing.times, weights, where="post", color=_CANARY)
    axes.fill_between(drawing.times, weights, step="post", color=_CANARY, alpha=0.15)
    if any(moment.row.missing for moment in drawing.history.moments):
        axes.fill_between([], [], color=_MISSING, label="not measured")
        legend(axes)
    axes.set(
        title="Decisions, and the share of the requests that the new revision gets (%)",
        ylim=(0, 105),
    )


def _add_pods(axes: Axes, drawing: _Drawing) -> None:
    moments = drawing.history.moments
    counts = {
        "before": [float(moment.stable) for moment in moments],
        "new": [float(moment.canary) for moment in moments],
    }
    _add_pair(axes, drawing, counts)
    _add_baseline(axes, drawing, [float(moment.baseline) for moment in moments])
    axes.set_title("Ready pods of the revision before, and of the new one")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    legend(axes)


def _add_errors(axes: Axes, drawing: _Drawing) -> None:
    moments = drawing.history.moments
    shares = {
        "before": [100 * moment.row.stable.error_share for moment in moments],
        "new": [100 * moment.row.canary.error_share for moment in moments],
    }
    _add_pair(axes, drawing, shares)
    of_baseline = [100 * baseline.error_share for baseline in drawing.baselines]
    _add_baseline(axes, drawing, of_baseline)
    for name, limit in drawing.limits.errors.items():
        axes.axhline(100 * limit, color=_LIMIT, linestyle="--", label=f"{name}: {100 * limit:g} %")
    axes.set_title("Failed requests in the trace (%)")
    axes.set_ylim(bottom=0)
    legend(axes)


def _add_latencies(axes: Axes, drawing: _Drawing) -> None:
    moments = drawing.history.moments
    percentiles = {
        "before": [moment.row.stable.latency.p95 for moment in moments],
        "new": [moment.row.canary.latency.p95 for moment in moments],
    }
    _add_pair(axes, drawing, percentiles)
    _add_baseline(axes, drawing, [baseline.latency.p95 for baseline in drawing.baselines])
    for name, limit in drawing.limits.p95.items():
        axes.axhline(limit, color=_LIMIT, linestyle="--", label=f"{name}: {limit:g} ms")
    axes.set_title("Latency in the trace: 95 % of the requests take less (ms)")
    axes.set_ylim(bottom=0)
    legend(axes)


def _add_baseline(axes: Axes, drawing: _Drawing, numbers: list[float]) -> None:
    """Draw the baseline, if there is one: the version before, in pods as new as the canary's."""
    if not any(moment.baseline for moment in drawing.history.moments) or not numbers:
        return
    axes.step(drawing.times, numbers, where="post", color=_STABLE, linestyle=":", label="baseline")


def _add_pair(axes: Axes, drawing: _Drawing, values: Mapping[str, list[float]]) -> None:
    # The first line is wider, so that both are seen where they are equal.
    for (label, numbers), (colour, width) in zip(values.items(), _PAIR, strict=True):
        axes.step(drawing.times, numbers, where="post", color=colour, linewidth=width, label=label)


def _add_evidence(axes: Axes, drawing: _Drawing) -> None:
    moments = drawing.history.moments
    names = list(dict.fromkeys(name for moment in moments for name in moment.proofs))
    for place, name in enumerate(names):
        colour = _LIMIT_COLOURS[place % len(_LIMIT_COLOURS)]
        times, exceeded, kept = _evidence(moments, name)
        axes.plot(times, exceeded, color=colour, label=f"{name} is exceeded")
        axes.plot(times, kept, color=colour, linestyle=":", label=f"{name} is kept")
    axes.axhline(1 / ALPHA, color=_LIMIT, linestyle="--", label=f"decides: {1 / ALPHA:g} to 1")
    axes.set_title(
        "Evidence, as N to 1: a limit is exceeded (solid); twice the limit is kept (dotted)"
    )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:,.15g}"))
    axes.set_ylim(10**_LEAST_POWER, 10**_MOST_POWER)
    legend(axes)


def _evidence(
    moments: tuple[Moment, ...], name: str
) -> tuple[list[float], list[float], list[float]]:
    """Return the times of the evidence about a limit, and its two directions. It begins at 1."""
    known_at = [place for place, moment in enumerate(moments) if name in moment.proofs]
    proofs = [moments[place].proofs[name] for place in known_at]
    times = [moments[place].time for place in (max(known_at[0] - 1, 0), *known_at)]
    exceeded = [1.0, *(_power(proof.exceeded) for proof in proofs)]
    return times, exceeded, [1.0, *(_power(proof.kept) for proof in proofs)]


def _power(logarithm: float) -> float:
    """Return the odds of a natural logarithm, within what is drawn."""
    power = logarithm / 2.302585092994046
    return float(10 ** min(max(power, _LEAST_POWER), _MOST_POWER))


def _add_verdicts(axes: Axes, drawing: _Drawing) -> None:
    labelled: set[str] = set()
    for begin, end, verdict in _spans(drawing.history.moments):
        label = None if verdict in labelled else verdict
        labelled.add(verdict)
        axes.axvspan(begin, end, color=_VERDICTS.get(verdict, "white"), label=label, linewidth=0)
        if end - begin > 0.06 * (drawing.history.end - drawing.begin):
            axes.text((begin + end) / 2, 0.5, verdict, ha="center", va="center", fontsize=8)
    axes.set(title="Verdict", yticks=[], ylim=(0, 1))
    if labelled:
        legend(axes)
    else:
        axes.text(0.5, 0.5, "not judged", transform=axes.transAxes, ha="center", va="center")


def _spans(moments: tuple[Moment, ...]) -> Iterator[tuple[float, float, str]]:
    """Yield begin, end and verdict of each time in which the verdict is the same."""
    begins = [(next(same).time, verdict) for verdict, same in groupby(moments, _verdict)]
    for (begin, verdict), (end, _) in pairwise([*begins, (moments[-1].time, "")]):
        if verdict:
            yield begin, end, verdict


def _verdict(moment: Moment) -> str:
    return moment.verdict


def _add_outages(axes: Axes, drawing: _Drawing) -> None:
    """Shade the times at which the trace says that something is not measured."""
    moments = drawing.history.moments
    for before, after in pairwise(moments):
        if before.row.missing:
            axes.axvspan(before.time, after.time, color=_MISSING, zorder=0, linewidth=0)


def _name_decisions(axes: Axes, drawing: _Drawing) -> None:
    """Write times and reasons of decisions and waits above the first panel; near ones together."""
    axes.set_title(axes.get_title(loc="left"), loc="left", pad=96)
    room = _LABEL_WIDTH * (drawing.history.end - drawing.begin)
    labels: list[tuple[float, list[str]]] = []
    for time, entries in groupby(_marked(drawing.history), lambda entry: entry.time):
        same = list(entries)
        words = f"{same[0].clock} {', '.join(entry.reason for entry in same)}"
        if labels and time - labels[-1][0] < room:
            labels[-1][1].append(words)
        else:
            labels.append((time, [words]))
    for time, near in labels:
        text = "; ".join(near[:2]) + ("; …" if len(near) > 2 else "")
        axes.annotate(
            text, (time, 105), rotation=35, fontsize=7, va="bottom", annotation_clip=False
        )


def _marked(history: History) -> list[Entry]:
    """Return the decisions and waits; verdicts have a panel of their own."""
    return [entry for entry in history.entries if entry.kind != "Verdict"]


def _clock(value: float, position: int | None = None) -> str:
    """Return a time as minutes and seconds.

    >>> _clock(90.0), _clock(-300.0)
    ('1:30', '-5:00')
    """
    minutes, seconds = divmod(abs(round(value)), 60)
    return f"{'-' if value < 0 else ''}{minutes}:{seconds:02}"


_PARTS = (_add_weight, _add_pods, _add_errors, _add_latencies, _add_evidence, _add_verdicts)
