"""Lines of a picture that show the verdict on each metric of a canary."""

from collections.abc import Iterator

from inference_operator.api.analysis_status import MetricStatus, Verdict
from inference_operator.api.quoting import visible
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.cli.rollout_commands.style import Colour, Line, Span, Style, line, wrap

_LINES = 2
_NARROWEST = 20
_INDENT = " " * 6
_COLOURS = {Verdict.PASS: Colour.GREEN, Verdict.FAIL: Colour.RED}


def metric_lines(situation: Situation, style: Style) -> Iterator[Line]:
    """Yield a title, and for each metric its verdict and its sentence."""
    analysis, canary = situation.status.analysis, situation.canary
    if analysis is None or canary is None or analysis.revision != canary.revision:
        return
    verdict = Span(str(analysis.verdict), _COLOURS.get(analysis.verdict, Colour.YELLOW))
    yield line(Span("METRICS", Colour.BOLD), " ", verdict)
    for metric in analysis.metrics:
        yield from _lines(metric, situation, style)


def _lines(metric: MetricStatus, situation: Situation, style: Style) -> Iterator[Line]:
    verdict = Span(str(metric.verdict), _COLOURS.get(metric.verdict, Colour.YELLOW))
    note = "  (DryRun: decides nothing)" if metric.name in situation.dry_runs else ""
    yield line(f"    {visible(metric.name)}  ", verdict, note)
    if metric.message:
        width = max(style.width - len(_INDENT), _NARROWEST)
        for part in wrap(metric.message, width, _LINES, style.ellipsis):
            yield line(_INDENT, part)
