"""A parser of untrusted Python source with bounds; larger sources are not parsed.

Parsing takes up to 900 bytes of memory for each word, sign or line of a source: 4 GiB for 8 MB.
"""

import ast
import codecs
import io
import re
import threading
import tokenize
import unicodedata
import warnings

MAX_SOURCE = 1 << 20
MAX_TOKENS = 100_000
"""At most 90 MiB; a source of 1,000 lines has about 10,000."""

# Words of comments and strings count as well: the bound is on memory, so more is safe.
_TOKEN = re.compile(r"\w+|#+|=+|[^\w\s]|\n")
# A source may name any codec of Python's in its first lines. Others make much text of few bytes, or
# take time quadratic in them.
_ENCODINGS = frozenset({"utf-8", "utf-8-sig", "ascii", "iso8859-1"})
# Python normalizes names, in time quadratic in the accents after one letter. Texts have 2 or 3.
_MOST_ACCENTS = 64
_ACCENTS = re.compile(rf"[^\w\s\x00-\x7f]{{{_MOST_ACCENTS},}}")
# For each `{` of an f-string, Python looks through the whole of it: 30,000 took a minute.
_F_STRING = re.compile(r"""[fF][rR]?["']|[rR][fF]["']""")
_MOST_LOOKED_THROUGH = 1 << 28
# CPython 3.11 counts the depth of a conversion to AST for all threads together: two at once may end
# in SystemError (gh-106905). Warning filters belong to the process, too.
_ONE_AT_A_TIME = threading.Lock()


def parse_source(source: bytes) -> ast.Module | None:
    """Parse the source; None if it is too large, too deeply nested or in a rare encoding.

    Raises SyntaxError, or ValueError for what is not text.
    """
    if len(source) > MAX_SOURCE:
        return None
    text = _decoded(source)
    if text is None or any(is_beyond(text) for is_beyond in _BOUNDS):
        return None
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            # One warning for each odd literal would fill the log.
            warnings.simplefilter("ignore", SyntaxWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            # Python ignores the declared encoding of text, but not of bytes.
            return ast.parse(text)
    except (MemoryError, RecursionError):
        return None  # CPython's parser reports too many levels as either


def _decoded(source: bytes) -> str | None:
    """Return the text that Python would read, each line ending in a newline; None for one in an
    unsupported encoding."""
    lines = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    encoding, _ = tokenize.detect_encoding(io.BytesIO(lines).readline)
    if codecs.lookup(encoding).name not in _ENCODINGS:
        return None
    return lines.decode(encoding)


def _has_too_many_tokens(text: str) -> bool:
    return any(count >= MAX_TOKENS for count, _ in enumerate(_TOKEN.finditer(text)))


def _has_too_many_accents(text: str) -> bool:
    return any(
        sum(unicodedata.combining(sign) > 0 for sign in run.group()) >= _MOST_ACCENTS
        for run in _ACCENTS.finditer(text)
    )


def _has_too_many_braces(text: str) -> bool:
    return bool(_F_STRING.search(text)) and text.count("{") * len(text) > _MOST_LOOKED_THROUGH


_BOUNDS = (_has_too_many_tokens, _has_too_many_accents, _has_too_many_braces)
