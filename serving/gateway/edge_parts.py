"""The parts of the edge, made from the settings."""

from pathlib import Path

from serving.gateway.callers import Callers
from serving.gateway.edge import EdgeParts
from serving.gateway.figures import Window
from serving.gateway.in_flight import InFlight
from serving.gateway.key_sets import KeyAddress, KeyFile, KeySet, fetching
from serving.gateway.keys import ApiKeys
from serving.gateway.rates import Rates
from serving.gateway.telemetry import Telemetry
from serving.gateway.tokens import Expected, Tokens
from serving.gateway.tracing import Spans
from serving.settings import Settings
from serving.settings.gateway import AuthSettings


def edge_parts(
    settings: Settings,
    in_flight: InFlight,
    telemetry: Telemetry,
    figures: Window,
    spans: Spans | None = None,
) -> EdgeParts:
    """Return the parts; OSError or ValueError for a file of keys that cannot be used."""
    return EdgeParts(
        in_flight,
        settings.limits.body_bytes,
        telemetry,
        figures,
        callers=_callers(settings.auth),
        rates=_rates(settings, telemetry),
        spans=spans,
    )


def _callers(auth: AuthSettings) -> Callers | None:
    if auth.mode == "api_keys":
        return ApiKeys(Path(auth.keys_file))
    if auth.mode == "jwt":
        url = auth.jwks_url
        keys: KeySet = KeyAddress(fetching(url)) if url else KeyFile(Path(auth.jwks_file))
        return Tokens(keys, Expected(auth.audience, auth.issuer))
    return None


def _rates(settings: Settings, telemetry: Telemetry) -> Rates | None:
    if not settings.limits.rate:
        return None
    redis, away = settings.redis, telemetry.store_failures.labels("redis", "rate").inc
    return Rates(settings.limits.rate, redis.url, redis.budget, away)
