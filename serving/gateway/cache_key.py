"""Keys of cached answers: equal inputs to the same version of a model have the same key."""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_FORMAT = b"gateway-answer-1"


@dataclass(frozen=True, slots=True)
class Asked:
    """The place of a question: route, model, the version that answers, and the experiment's arm."""

    route: str
    model: str
    version: str
    arm: str = ""


def cache_key(asked: Asked, *inputs: str | float | npt.NDArray[np.float64] | None) -> str:
    """Return a SHA-256 of the question and its inputs, in their order.

    Each part is written with its kind and length, so that two lists of parts with the same bytes
    do not share a key. -0.0 and 0.0 are one number. Bars that are 1 or 1.0 in JSON are equal too.

    >>> bars = np.ones((2, 5))
    >>> asked = Asked("price", "lstm", "3")
    >>> cache_key(asked, "AAPL", bars) == cache_key(asked, "AAPL", bars + 0.0)
    True
    >>> cache_key(asked, "ab", "c") == cache_key(asked, "a", "bc")
    False
    """
    digest = hashlib.sha256(_FORMAT)
    parts = (asked.route, asked.model, asked.version, asked.arm, *inputs)
    for part in parts:
        kind, content = _canonical(part)
        digest.update(b"%s%d:" % (kind, len(content)))
        digest.update(content)
    return digest.hexdigest()


def _canonical(part: str | float | npt.NDArray[np.float64] | None) -> tuple[bytes, bytes]:
    if part is None:
        return b"n", b""
    if isinstance(part, str):
        return b"s", part.encode("utf-8", "surrogatepass")
    values = np.asarray(part, "<f8") + 0.0
    shape = ",".join(map(str, values.shape)).encode()
    return b"f[" + shape + b"]", np.ascontiguousarray(values).tobytes()
