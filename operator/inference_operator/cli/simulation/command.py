"""`inference-operator simulate rollout`: a rollout on simulated time, without a cluster."""

import argparse
import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from inference_operator.api.analysis import AnalysisMetric, Statistic
from inference_operator.cli.arguments import duration, report
from inference_operator.cli.documents import InputError
from inference_operator.cli.resources import Resource
from inference_operator.cli.simulated_unit import (
    add_format_argument,
    add_unit_arguments,
    check_seed,
    needing_matplotlib,
    read_unit,
)
from inference_operator.cli.simulation.history import History
from inference_operator.cli.simulation.limits import Limits, limits_of
from inference_operator.cli.simulation.operator import UnsettledError
from inference_operator.cli.simulation.pace import Pace
from inference_operator.cli.simulation.prometheus_arguments import (
    add_arguments,
    past_of,
    settings_of,
)
from inference_operator.cli.simulation.prometheus_trace import record
from inference_operator.cli.simulation.recorded import trace_of
from inference_operator.cli.simulation.report import lines, view
from inference_operator.cli.simulation.simulation import Setup, Simulation
from inference_operator.cli.simulation.trace import Trace, read_trace
from inference_operator.cli.simulation.trace_file import trace_text
from inference_operator.cli.trace_rows import place_of, read_text
from inference_operator.settings import DEFAULTS, defaults_of

DESCRIPTION = """\
Play a rollout of a manifest against a recorded or invented trace of its metrics: a first revision
serves, and the manifest's is applied at time 0. The operator's own code decides, in a simulated
cluster and on simulated time. The decisions are printed, and --output draws them. docs/simulate.md
describes the trace. Exit status: 0, 1 if the manifest cannot be served, 2 for unusable input.
"""
ENDINGS = (".svg", ".png")
# Pods of one revision: a simulation follows each of them for each second.
_MOST_REPLICAS = 100
_LONGEST = {
    "load_time": timedelta(hours=1),
    "scrape_interval": timedelta(minutes=5),
    "sweep_interval": timedelta(minutes=5),
    "duration": timedelta(hours=24),
}
_HELP = {
    "load_time": "time until a new pod is ready",
    "scrape_interval": "time between two scrapes of a pod",
    "sweep_interval": "time between two questions of the operator to Prometheus",
    "duration": "longest time that is played after the new revision is applied",
}


def add_parser(kinds: Any) -> None:
    """Add `rollout` to the parsers of `simulate`."""
    rollout = kinds.add_parser(
        "rollout",
        help="play a rollout of a manifest against a trace of its metrics",
        description=DESCRIPTION,
    )
    add_unit_arguments(rollout, "roll out")
    source = rollout.add_mutually_exclusive_group(required=True)
    source.add_argument("--metrics", metavar="FILE", help="the trace, a CSV file")
    source.add_argument(
        "--from-prometheus",
        metavar="URL",
        help="make the trace of what this Prometheus has of the unit's pods",
    )
    add_arguments(rollout)
    rollout.add_argument(
        "-o", "--output", metavar="FILE", help="picture to write; its ending is .svg or .png"
    )
    add_format_argument(rollout)
    rollout.add_argument(
        "--seed", type=int, default=1, help="equal seeds draw equal requests (%(default)s)"
    )
    for name, words in _HELP.items():
        seconds = timedelta(seconds=getattr(Pace(), name))
        rollout.add_argument(
            f"--{name.replace('_', '-')}",
            type=duration,
            default=seconds,
            metavar="DURATION",
            help=f"{words} ({seconds.total_seconds():g}s)",
        )
    rollout.set_defaults(func=rollout_command)


def rollout_command(arguments: argparse.Namespace) -> int:
    """Play a rollout; return 1 if the manifest cannot be served, 2 for unusable input."""
    try:
        path = _path(arguments.output)
        setup = _setup(arguments)
        if setup is None:
            return 1
        history = asyncio.run(Simulation(setup).run())
        if path is not None:
            _draw(history, limits_of(_metrics(setup.body)), path)
    except InputError as error:
        report("inference-operator", error)
        return 2
    except UnsettledError as error:
        report("inference-operator", error)
        return 1
    if arguments.format == "json":
        print(json.dumps(view(history), indent=2))
        return 0
    for line in lines(history):
        print(line)
    return 0


def _path(output: str | None) -> Path | None:
    """Return the picture's path; InputError if its ending or matplotlib is missing."""
    if output is None:
        return None
    path = Path(output)
    if path.suffix.lower() not in ENDINGS:
        raise InputError(
            f"--output: found {output}, expected a name that ends in {' or '.join(ENDINGS)}; rename"
            " it"
        )
    return path


def _draw(history: History, limits: Limits, path: Path) -> None:
    with needing_matplotlib():
        from inference_operator.cli.simulation.picture import draw
    try:
        draw(history, limits, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None


def _setup(arguments: argparse.Namespace) -> Setup | None:
    """Return what to play; None if a manifest was refused, which is reported."""
    pace = Pace(**{name: _seconds(arguments, name) for name in _LONGEST})
    check_seed(arguments.seed)
    defaults = defaults_of(DEFAULTS)
    unit, ours, is_served = read_unit(arguments, "roll out", defaults)
    bodies = [_placed(resource) for resource in ours]
    if not is_served:
        return None
    if arguments.metrics is None:
        trace = _recorded(arguments, unit, pace.load_time)
    elif arguments.save_trace is not None:
        raise InputError("--save-trace: found without --from-prometheus; leave it out")
    else:
        trace = read_trace(read_text(arguments.metrics), place_of(arguments.metrics))
    return Setup(unit.key, bodies, trace, pace, defaults, arguments.seed)


def _seconds(arguments: argparse.Namespace, name: str) -> int:
    given, longest = getattr(arguments, name), _LONGEST[name]
    if not timedelta(seconds=1) <= given <= longest or given % timedelta(seconds=1):
        raise InputError(
            f"--{name.replace('_', '-')}: found {given.total_seconds():g}s, expected whole seconds,"
            f" from 1s to {longest.total_seconds():.0f}s; correct it"
        )
    return int(given.total_seconds())


def _placed(resource: Resource) -> dict[str, Any]:
    """Return the manifest with its namespace."""
    body, key = resource.body, resource.key
    replicas = (body.get("spec") or {}).get("replicas", 1)
    if isinstance(replicas, int) and replicas > _MOST_REPLICAS:
        raise InputError(
            f"{key}: spec.replicas: found {replicas}, expected at most {_MOST_REPLICAS} in a"
            " simulation; lower it in a copy of the manifest"
        )
    return {**body, "metadata": {**body["metadata"], "namespace": key.namespace, "name": key.name}}


def _recorded(arguments: argparse.Namespace, unit: Resource, load_time: int) -> Trace:
    """Return the trace that Prometheus has, report what is known of it, and save it if asked."""
    past = past_of(arguments, datetime.now(UTC))
    recording = asyncio.run(record(settings_of(arguments), unit.key, past))
    recorded = trace_of(recording, load_time)
    metrics = _metrics(unit.body)
    unknown = [metric.name for metric in metrics if metric.statistic not in (None, Statistic.MEAN)]
    if unknown and not recorded.has_histogram:
        raise InputError(
            f"--from-prometheus: found no histogram of the pods of {unit.key}, expected one since"
            f" the metric {unknown[0]} is a percentile; use statistic: mean in a copy of the"
            " manifest, or a Triton with a histogram (26.01 or later)"
        )
    for note in recorded.notes:
        report("--from-prometheus", note)
    written = trace_text(recorded.trace)
    if arguments.save_trace is not None:
        try:
            Path(arguments.save_trace).write_text(written, encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"--save-trace: {arguments.save_trace}: cannot be written: {error.strerror}"
            ) from None
    # What is saved is what is played.
    return read_trace(written, "--from-prometheus")


def _metrics(body: dict[str, Any]) -> tuple[AnalysisMetric, ...]:
    """Return the metrics of a valid spec."""
    part: Any = body["spec"]
    for field in ("rollout", "canary", "analysis", "metrics"):
        part = part.get(field) if isinstance(part, dict) else None
    try:
        return tuple(AnalysisMetric.model_validate(metric) for metric in part or ())
    except ValidationError:
        return ()
