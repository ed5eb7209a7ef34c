"""How long sentences may get: the API server refuses a status that holds a longer one."""

from inference_operator.api.quoting import cut, cut_bytes, one_line


def truncate(text: str, limit: int) -> str:
    """Return the text on one line, with escapes for what a terminal would obey, and cut to at most
    `limit` characters of which the last one then says so."""
    return cut(one_line(text), limit)


def truncate_bytes(text: str, limit: int) -> str:
    """Return the same, cut to `limit` bytes: so the API server counts in an Event."""
    return cut_bytes(one_line(text), limit)
