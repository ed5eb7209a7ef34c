"""Lines of a picture that show the last decision about the number of pods."""

from collections.abc import Iterator
from datetime import datetime

from inference_operator.api.autoscaling_status import ScalingMetricStatus
from inference_operator.api.quoting import visible
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.cli.rollout_commands.style import Colour, Line, Span, Style, line, wrap
from inference_operator.cli.rollout_commands.times import ago

_LINES = 2
_NARROWEST = 20
_INDENT = " " * 6


def scaling_lines(situation: Situation, now: datetime, style: Style) -> Iterator[Line]:
    """Yield the number of pods with its age, and for each metric its value and what it asks for."""
    scaling = situation.status.autoscaling
    if scaling is None or scaling.desired_replicas is None:
        return
    changed = f", changed {ago(scaling.last_scale_time, now)}" if scaling.last_scale_time else ""
    load_time = f", load time {visible(scaling.load_time)}" if scaling.load_time else ""
    title = Span("AUTOSCALING", Colour.BOLD)
    yield line(title, f" {scaling.desired_replicas} pods{changed}{load_time}")
    for metric in scaling.metrics:
        yield line(f"    {visible(_text(metric))}")
        if metric.reason:
            width = max(style.width - len(_INDENT), _NARROWEST)
            for part in wrap(metric.reason, width, _LINES, style.ellipsis):
                yield line(_INDENT, Span(part, Colour.YELLOW))


def _text(metric: ScalingMetricStatus) -> str:
    name = f"{metric.type} {metric.name}" if metric.name else metric.type
    value = metric.value or "no value"
    age = f" ({metric.age} old)" if metric.age else ""
    asked = "" if metric.desired is None else f", asks for {metric.desired}"
    return f"{name}  {value}{age}, target {metric.target or 'unknown'}{asked}"
