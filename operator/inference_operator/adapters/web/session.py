"""Sessions and headers of the operator's own requests to servers that settings name."""

from collections.abc import Sequence

import aiohttp

from inference_operator.adapters.web.redirects import checked_connector
from inference_operator.domain.names import FIELD_MANAGER


def open_session(
    seconds: float | None, trace_configs: Sequence[aiohttp.TraceConfig] = ()
) -> aiohttp.ClientSession:
    """Return a session whose requests take so many seconds at most, and whose answers are not
    decompressed. None: the caller bounds the seconds."""
    # No cookies: those of one Secret would be sent with the requests of another one.
    return aiohttp.ClientSession(
        connector=checked_connector(),
        timeout=aiohttp.ClientTimeout(total=seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trace_configs=list(trace_configs),
    )


def request_headers(authorization: str | None) -> dict[str, str]:
    """Return the headers of a request, with the credentials if there are some."""
    headers = {"User-Agent": FIELD_MANAGER, "Accept-Encoding": "identity"}
    return {**headers, "Authorization": authorization} if authorization else headers
