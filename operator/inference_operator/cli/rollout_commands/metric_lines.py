"""Lines of a picture that show the verdict on each metric of a canary."""

import math
from collections.abc import Iterator

from inference_operator.api.analysis_status import MetricStatus, Verdict
from inference_operator.api.quoting import visible
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.cli.rollout_commands.style import Colour, Line, Span, Style, line, wrap
from model_builders.statistics.evidence import log_mean

_LINES = 2
_NARROWEST = 20
_INDENT = " " * 6
# Evidence beyond these has decided long ago, or is far from it.
_LEAST, _MOST = 0.01, 1e6
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
    width = max(style.width - len(_INDENT), _NARROWEST)
    for sentence in (metric.message or "", *_evidence(metric, situation)):
        for part in wrap(sentence, width, _LINES, style.ellipsis) if sentence else ():
            yield line(_INDENT, part)


def _evidence(metric: MetricStatus, situation: Situation) -> Iterator[str]:
    """Yield for each limit how much evidence there was with the last change of a verdict."""
    analysis = situation.status.analysis
    for each in analysis.evidence if analysis else ():
        if each.metric == metric.name and each.above and each.below:
            exceeded, kept = _ratio(each.above), _ratio(each.below)
            yield f"evidence (100 decides): {each.limit} exceeded {exceeded}, kept {kept}"


def _ratio(logarithms: tuple[float, ...]) -> str:
    """Return the evidence as a number of two digits.

    >>> _ratio((4.0, 4.0)), _ratio((-1.0,)), _ratio((-900.0,)), _ratio((900.0,))
    ('55', '0.37', '< 0.01', '> 1,000,000')
    """
    logarithm = log_mean(logarithms)
    if logarithm < math.log(_LEAST):
        return f"< {_LEAST:g}"
    if logarithm > math.log(_MOST):
        return f"> {_MOST:,.0f}"
    value = math.exp(logarithm)
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
