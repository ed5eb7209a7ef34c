"""How long sentences may get: the API server refuses a status that holds a longer one."""


def shortened(text: str, limit: int) -> str:
    """The text, cut to at most `limit` characters of which the last one then says so."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
