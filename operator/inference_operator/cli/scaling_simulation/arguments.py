"""Arguments of `simulate scaling`: the times of batches and pods, the load, and the time of day."""

import argparse
import math
from datetime import UTC, datetime, timedelta
from typing import Any

from inference_operator.api.quoting import quoted
from inference_operator.cli.arguments import duration
from inference_operator.cli.documents import InputError
from inference_operator.cli.scaling_simulation.manifest import Played
from inference_operator.cli.scaling_simulation.scenario import USED
from inference_operator.cli.scaling_simulation.service import Service
from inference_operator.cli.scaling_simulation.sweeps import BEGIN
from inference_operator.cli.scaling_simulation.trace_file import read_load
from inference_operator.cli.scaling_simulation.traces import Known, Trace, TraceKind, trace_of
from inference_operator.cli.simulated_unit import check_seed
from inference_operator.cli.trace_rows import place_of, read_text

_HOUR = timedelta(hours=1)
_LIMITS = {
    "batch_time": (timedelta(microseconds=100), timedelta(minutes=1)),
    "full_batch_time": (timedelta(microseconds=100), timedelta(minutes=10)),
    "slo": (timedelta(milliseconds=1), _HOUR),
    "load_time": (timedelta(seconds=1), _HOUR),
    "duration": (timedelta(minutes=10), timedelta(hours=24)),
}
_HELP = {
    "batch_time": "time that Triton takes for a batch of one request (20ms)",
    "full_batch_time": "time for the largest batch (3 times that, or less for small batches)",
    "slo": "latency that 95 %% of the requests of each minute keep (2.5 full batches)",
    "load_time": "time until a new pod is ready (30s for a file, else drawn)",
    "duration": "length of a trace that is no file (1h)",
}
_MOST_RATE = 1e6
_PLAYABLE_RATE = 400.0
"""Largest load that is drawn without `--peak`, in requests a second."""

_PEAK_PODS = 0.75
"""Share of `maxReplicas` that the largest load needs, if `--peak` is not given."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument(
        "--trace",
        required=True,
        metavar="TRACE",
        help=f"the load: {', '.join(TraceKind)}, or a CSV file with time and requests_per_second",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="equal seeds draw equal requests (%(default)s)"
    )
    parser.add_argument(
        "--peak",
        type=float,
        metavar="RATE",
        help="largest load in requests a second, of a trace that is no file (what three quarters of"
        " maxReplicas answer)",
    )
    for name, words in _HELP.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=duration, metavar="DURATION", help=words
        )
    parser.add_argument(
        "--begin",
        metavar="TIME",
        help=f"time of day for schedules, such as {BEGIN.isoformat()} (that one, a Monday)",
    )


def trace_from(arguments: argparse.Namespace, played: Played) -> Trace:
    """Return the trace that the arguments name or draw.

    Raises:
        InputError: with the argument, the value, what is expected, and what to do.
    """
    check_seed(arguments.seed)
    service = _service(arguments, played)
    seconds = {name: _seconds(arguments, name) for name in ("slo", "load_time", "duration")}
    facts = Known(service, seconds["slo"], seconds["load_time"], None, played.bounds)
    if arguments.trace not in list(TraceKind):
        for name in ("peak", "duration"):
            if getattr(arguments, name) is not None:
                raise InputError(
                    f"--{name}: found beside a trace of a file, which says it; leave it out"
                )
        text = read_text(arguments.trace)
        return read_load(text, place_of(arguments.trace), facts, service, arguments.seed)
    peak = _peak(arguments, played, service)
    length = seconds["duration"] or _HOUR.total_seconds()
    whole = Known(service, facts.slo, facts.load_time, peak, played.bounds)
    return trace_of(TraceKind(arguments.trace), arguments.seed, length, whole)


def begin_from(arguments: argparse.Namespace) -> datetime:
    """Return the time of the wall clock at second 0.

    Raises:
        InputError: if it cannot be read.
    """
    if arguments.begin is None:
        return BEGIN
    try:
        time = datetime.fromisoformat(arguments.begin)
        if time.tzinfo is not None and 2000 <= time.year < 2200:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InputError(
        f"--begin: found {quoted(arguments.begin)}, expected a time with its zone, such as"
        f" {BEGIN.isoformat()}; correct it"
    )


def _service(arguments: argparse.Namespace, played: Played) -> Service:
    single = _seconds(arguments, "batch_time") or 0.02
    most = played.max_batch
    full = _seconds(arguments, "full_batch_time")
    full = single * min(most, 3) if full is None else full
    if not single <= full <= single * most + 1e-9:
        raise InputError(
            f"--full-batch-time: found {1000 * full:g}ms, expected {1000 * single:g}ms to"
            f" {1000 * single * most:g}ms, the times of one request and of {most} one after the"
            " other (the largest batch of the manifest); correct one of the two"
        )
    item = (full - single) / (most - 1) if most > 1 else 0.0
    return Service(single - item, item, most, played.delay, played.instances)


def _peak(arguments: argparse.Namespace, played: Played, service: Service) -> float:
    if arguments.peak is None:
        needed = service.capacity * USED * _PEAK_PODS * played.settings.max_replicas
        return min(needed, _PLAYABLE_RATE)
    if not (math.isfinite(arguments.peak) and 0 < arguments.peak <= _MOST_RATE):
        raise _refused(arguments, "peak", f"a number above 0, and at most {_MOST_RATE:,.0f}")
    return float(arguments.peak)


def _seconds(arguments: argparse.Namespace, name: str) -> float | None:
    given: timedelta | None = getattr(arguments, name)
    if given is None:
        return None
    least, most = _LIMITS[name]
    if not least <= given <= most:
        raise InputError(
            f"--{name.replace('_', '-')}: found {given.total_seconds():g}s, expected"
            f" {least.total_seconds():g}s to {most.total_seconds():g}s; correct it"
        )
    return given.total_seconds()


def _refused(arguments: argparse.Namespace, name: str, expected: str) -> InputError:
    given: Any = getattr(arguments, name)
    return InputError(f"--{name}: found {str(given)[:30]}, expected {expected}; choose another one")
