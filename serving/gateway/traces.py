"""The trace that a caller's request belongs to, by W3C Trace Context, which Triton gets too."""

import re
from collections.abc import Mapping

_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_STATE = re.compile(r"[\x20-\x7e]{1,512}")


def trace_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that go on to Triton, as they came; none for those that are not valid.

    >>> trace_headers({"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "cookie": "c"})
    {'traceparent': '00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01'}
    >>> trace_headers({"traceparent": "00-" + "0" * 32 + "-" + "b" * 16 + "-01"})
    {}
    """
    parent = headers.get("traceparent", "")
    if not _PARENT.fullmatch(parent):
        return {}
    state = headers.get("tracestate", "")
    more = {"tracestate": state} if _STATE.fullmatch(state) else {}
    return {"traceparent": parent, **more}


def trace_id(trace: Mapping[str, str]) -> str | None:
    """Return the 32 digits that a log line has; None without a trace.

    >>> trace_id({})
    """
    parent = trace.get("traceparent")
    return parent.split("-")[1] if parent else None
