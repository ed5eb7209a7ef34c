"""Text of a bad value in a message, which never shows a possible password. Messages are read by
more people than specs are, and come into logs, Events and tickets."""

from collections.abc import Mapping

from inference_operator.api.quoting import shown
from inference_operator.api.rules import MAY_BE_SECRET
from inference_operator.api.shown_uri import shown_text

# Fields whose values, or texts written by mistake there, may be passwords or signed addresses.
_PRIVATE = frozenset(
    {
        "configOverrides",
        "env",
        "extraArgs",
        "image",
        "imagePullSecrets",
        "parameters",
        "secretRef",
        "source",
        "vocabulary",
    }
)


def shown_value(value: object, loc: tuple[int | str, ...] = ()) -> str:
    """Return the value as a message quotes it; only its kind if it may be private. `loc` is the way
    to the value, by fields and indices."""
    if value is None or isinstance(value, bool):
        return shown(value)
    is_private = not _PRIVATE.isdisjoint(loc)
    if isinstance(value, Mapping | list | tuple):
        return _kind(value) if is_private or _has_text(value) else shown(value)
    if is_private:
        kind = "text" if isinstance(value, str) else "a number"
        return f"{kind} {MAY_BE_SECRET}"
    return shown(shown_text(value) if isinstance(value, str) else value)


def _kind(value: Mapping[object, object] | list[object] | tuple[object, ...]) -> str:
    return f"a {'map' if isinstance(value, Mapping) else 'list'} of {len(value):,}"


def _has_text(value: Mapping[object, object] | list[object] | tuple[object, ...]) -> bool:
    """Return whether a part is text, or holds parts of its own."""
    parts = value.values() if isinstance(value, Mapping) else value
    return any(isinstance(part, str | Mapping | list | tuple) for part in parts)
