"""Graphviz' program `dot`, which lays out drawings."""

import subprocess

from inference_operator.api.quoting import one_line, short
from inference_operator.cli.documents import InputError

_SECONDS = 60
_OTHERWISE = "or choose --format mermaid or dot, which need no Graphviz"


def svg(dot: str, seconds: float = _SECONDS) -> str:
    """Return the SVG that `dot` draws; InputError if it is missing, fails or takes too long."""
    try:
        done = subprocess.run(
            ["dot", "-Tsvg"], input=dot.encode(), capture_output=True, timeout=seconds
        )
    except FileNotFoundError:
        raise InputError(
            "--format svg needs the program dot of Graphviz, and PATH has none; install it"
            f" (Debian: apt-get install graphviz), {_OTHERWISE}"
        ) from None
    except OSError as error:
        raise InputError(f"dot: cannot be started: {error.strerror}; {_OTHERWISE}") from None
    except subprocess.TimeoutExpired:
        raise InputError(
            f"dot: stopped after {seconds:g} s without a drawing; draw a smaller pipeline,"
            f" {_OTHERWISE}"
        ) from None
    if done.returncode != 0:
        # The last part has the error; warnings come before it.
        words = short(one_line(done.stderr.decode(errors="replace")), 300)
        raise InputError(f"dot: failed with status {done.returncode}: {words}; {_OTHERWISE}")
    return done.stdout.decode()
