"""Python source from others, parsed within bounds; a source beyond them is left unread.

Parsing takes up to 900 bytes of memory for each word, sign or line of a source: 4 GiB for 8 MB.
"""

import ast
import re
import warnings

MAX_SOURCE = 1 << 20
MAX_TOKENS = 100_000
"""At most 90 MiB; a source of 1,000 lines has about 10,000."""

# Words of comments and strings count as well: the bound is on memory, so more is safe.
_TOKEN = re.compile(rb"\w+|#+|=+|[^\w\s]|\n")


def parse_source(source: bytes) -> ast.Module | None:
    """Parse the source; None for one too large or too deeply nested to look into.

    Raises SyntaxError, or ValueError for what is not text.
    """
    if len(source) > MAX_SOURCE or _has_too_many_tokens(source):
        return None
    try:
        with warnings.catch_warnings():
            # One warning for each odd literal would fill the log.
            warnings.simplefilter("ignore", SyntaxWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            return ast.parse(source)
    except (MemoryError, RecursionError):
        return None  # CPython's parser reports too many levels as either


def _has_too_many_tokens(source: bytes) -> bool:
    return any(count >= MAX_TOKENS for count, _ in enumerate(_TOKEN.finditer(source)))
