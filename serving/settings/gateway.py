"""Sections that only the gateway reads."""

from typing import Annotated, Literal

from pydantic import Field

from serving.settings.durations import Duration
from serving.settings.places import Origin, WebAddress
from serving.settings.rates import Rate
from serving.settings.section import Section

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Policy = Literal["flag", "refuse"]


class ServerSettings(Section):
    """The port that people call. TLS is on if both files are named; they are read again."""

    host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8005
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    certificate_file: str = ""
    key_file: str = ""


class RedisSettings(Section):
    """A Redis for cached answers, features and rate limits; without a URL there is none."""

    url: str = ""
    budget: Duration = 0.005
    """How long an answer waits for Redis before it goes on without."""


class AuthSettings(Section):
    """Who may call: everybody on this machine, holders of keys, or of signed tokens."""

    mode: Literal["none", "api_keys", "jwt"] = "none"
    keys_file: str = ""
    jwks_url: WebAddress | None = None
    jwks_file: str = ""
    audience: str = ""
    issuer: str = ""


class LimitsSettings(Section):
    """Limits of requests in flight, of waiting ones, of bodies, and of each key's rate."""

    in_flight: Count = 256
    queue: Annotated[int, Field(ge=0, le=100_000)] = 64
    queue_timeout: Duration = 0.25
    body_bytes: Annotated[int, Field(ge=1024, le=1_000_000_000)] = 16 * 1024 * 1024
    rate: Rate = ""
    """The rate of one key, such as `100/second`; empty: no limit."""


class CorsSettings(Section):
    """Web pages that may call; none by default."""

    origins: Annotated[tuple[Origin, ...], Field(max_length=64)] = ()


class StalePolicies(Section):
    """What a route does with stale bars: say so in the answer, or refuse."""

    price: Policy = "flag"
    ensemble: Policy = "flag"


class LagSettings(Section):
    """Times that decide whether bars are fresh, stale or expired."""

    cadence: Annotated[Duration, Field(gt=0)] = 86_400.0
    publication: Duration = 0.0
    grace: Duration = 6 * 3600.0
    limit: Duration = 5 * 86_400.0
    calendar: str = ""
    """A calendar of `exchange_calendars`, such as XNYS: ages are then in trading time.

    For a cadence of a day or more, days without a session do not count. For a shorter one, only the
    time counts while the exchange is open.
    """
    stale: StalePolicies = StalePolicies()
    widening: Annotated[float, Field(ge=1, le=10)] = 1.0
    """The calibrated factor of the interval for bars that lag, beside sqrt(1 + bars)."""


class ConfidenceSettings(Section):
    """The least confidence of a forecast; below it the answer is that there is none."""

    minimum: Annotated[float, Field(ge=0, le=1)] = 0.0


class OutboxSettings(Section):
    """Records of predictions on their way to the monitor, or to a folder without one."""

    enabled: bool = True
    queue: Count = 10_000
    batch: Annotated[int, Field(ge=1, le=10_000)] = 500
    interval: Annotated[Duration, Field(gt=0)] = 1.0
    spool_bytes: Annotated[int, Field(ge=0, le=1_000_000_000_000)] = 256 * 1024 * 1024
    features: Literal["full", "hash"] = "hash"


class MonitorSettings(Section):
    """The monitor that records go to; without a URL they go to a folder."""

    url: WebAddress | None = None
    key_file: str = ""
    """A file with the key that the monitor asks for."""
    timeout: Annotated[Duration, Field(gt=0)] = 5.0


class SwitchSettings(Section):
    """The kill switch: models that must not answer, each with the reason that callers read.

    `file` is YAML of the same form as `disabled`, and is read again when it changes.
    """

    disabled: Annotated[dict[str, str], Field(max_length=256)] = {}
    file: str = ""


class LoggingSettings(Section):
    """JSON lines on standard output, and spans of requests for a collector if one is named."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    traces_url: WebAddress | None = None
    """The collector's OTLP over HTTP, such as http://otel-collector:4318; its path is /v1/traces.

    Needs the extra `traces`. Headers and certificates are those of the SDK's variables, such as
    OTEL_EXPORTER_OTLP_HEADERS.
    """
