"""Arguments of `--from-prometheus`: which past is read, and how Prometheus is asked."""

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from inference_operator.api.quoting import quoted
from inference_operator.api.shown_uri import shown_uri
from inference_operator.cli.arguments import duration
from inference_operator.cli.documents import InputError
from inference_operator.prometheus_settings import PrometheusSettings

_LONGEST = timedelta(hours=24)
_RESOLUTIONS = (timedelta(seconds=5), timedelta(minutes=15))
# Windows of a trace: at least one before the new revision, and one after.
_LEAST_WINDOWS, _MOST_WINDOWS = 4, 10_000
_SETTINGS = {
    "selector": "matchers that each query has, such as 'cluster=\"eu1\"'",
    "namespace_label": "label of series that names their pod's namespace (namespace)",
    "pod_label": "label of series that names their pod (pod)",
    "bearer_token_file": "file with a token",
    "username": "user name, with --password-file",
    "password_file": "file with the password of the user name",
    "ca_file": "PEM file of authorities that are trusted besides the system's",
}


@dataclass(frozen=True, slots=True)
class Past:
    """The time that is read."""

    end: datetime
    since: timedelta
    resolution: timedelta

    @property
    def times(self) -> list[int]:
        """Return the evaluation times in seconds of Unix time."""
        step = int(self.resolution.total_seconds())
        last = int(self.end.timestamp()) // step * step
        windows = int(self.since.total_seconds()) // step
        return [last - step * place for place in range(windows, -1, -1)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the time, and the settings of the operator that say how Prometheus is asked."""
    parser.add_argument(
        "--since",
        type=duration,
        default=timedelta(hours=2),
        metavar="DURATION",
        help="with --from-prometheus: how much of the past is read (2h; at most 24h)",
    )
    parser.add_argument(
        "--at",
        metavar="TIME",
        help="with --from-prometheus: the end of what is read, such as 2026-12-01T09:30:00Z (now)",
    )
    parser.add_argument(
        "--resolution",
        type=duration,
        default=timedelta(minutes=1),
        metavar="DURATION",
        help="with --from-prometheus: length of a row of the trace (1m)",
    )
    parser.add_argument(
        "--save-trace",
        metavar="FILE",
        help="with --from-prometheus: write the trace, so that --metrics can play it again",
    )
    for name, words in _SETTINGS.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            metavar="FILE" if name.endswith("file") else "TEXT",
            help=f"with --from-prometheus: {words}",
        )


def past_of(arguments: argparse.Namespace, now: datetime) -> Past:
    """Return the time of the arguments; InputError if it cannot be read."""
    since, resolution = arguments.since, arguments.resolution
    least, most = _RESOLUTIONS
    if not least <= resolution <= most or resolution % timedelta(seconds=1):
        raise InputError(
            f"--resolution: found {resolution.total_seconds():g}s, expected whole seconds, from"
            f" {least.total_seconds():.0f}s to {most.total_seconds():.0f}s; correct it"
        )
    if not _LEAST_WINDOWS * resolution <= since <= min(_LONGEST, _MOST_WINDOWS * resolution):
        raise InputError(
            f"--since: found {since.total_seconds():g}s, expected {_LEAST_WINDOWS} to"
            f" {_MOST_WINDOWS:,} times --resolution, and at most {_LONGEST.total_seconds():.0f}s;"
            " correct one of the two"
        )
    return Past(_time(arguments.at) if arguments.at else now, since, resolution)


def _time(given: str) -> datetime:
    try:
        time = datetime.fromisoformat(given)
        if time.tzinfo is not None and time.year >= 2000:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InputError(
        f"--at: found {quoted(given)}, expected a time with its zone, such as 2026-12-01T09:30:00Z;"
        " correct it"
    )


def settings_of(arguments: argparse.Namespace) -> PrometheusSettings:
    """Return the operator's settings that the arguments name; InputError for one that it would
    refuse."""
    given: dict[str, Any] = {"prometheus_url": arguments.from_prometheus}
    for name in _SETTINGS:
        value = getattr(arguments, name)
        if value is not None:
            given[f"prometheus_{name}"] = value
    try:
        settings = PrometheusSettings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).removeprefix("prometheus_").replace("_", "-")
        option = "--from-prometheus" if name == "url" else f"--{name}"
        raise InputError(
            f"{option}: found {quoted(shown_uri(str(first['input'])))}, expected"
            f" {_expected(name, first['msg'])}; correct it"
        ) from None
    if not settings.prometheus_url:
        raise InputError(
            f"--from-prometheus: found nothing, expected {_expected('url', '')}; give the address"
        )
    return settings


def _expected(name: str, message: str) -> str:
    if name == "url":
        return "an address such as http://prometheus.monitoring:9090, without a user and /api/v1"
    return f"another value: {message}"
