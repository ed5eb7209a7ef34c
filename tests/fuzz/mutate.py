"""Mutations of bytes and text, the same for the same random numbers."""

import re
from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.target import Mutator

# What readers of text trip over: quotes, escapes, numbers at limits, paths, odd letters.
ODD = (
    "", " ", "\n", "\r\n", "\t", "\0", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff",
    "\ufffd", "é", "ß", "İ", "日", "\U0001f600", "\U000e0001", "٣", "²", "\\",
    "\\\\", "\\n", "\\x", "\\u0000",
    "'", '"', "`", "$", "${a}", "%", "%2e%2e", "%00", "&", "*", "&a", "*a", "<<", "!!int", "?", "#",
    "[", "]", "{", "}", "(", ")", "<", ">", "/", "//", "..", "/../", "./", "~", "@", ":", ":0",
    ":99999", ";", ",", "=", "-", "--", "_", "0", "-0", "-1", "1", "65536", "2147483648",
    "9223372036854775808", "-9223372036854775809", "1" * 400, "1e999", "-1e-999", "0x10", "1_000",
    "NaN", "-Infinity", "null", "true", "True", "None", "[::1]", "[", "localhost", "xn--",
)  # fmt: skip
_WORD = re.compile(r"\w{2,40}")
_MOST_REPEATS = (2, 10, 100, 2_000)


def words_of(seeds: Sequence[bytes]) -> tuple[str, ...]:
    """Return the different words of the seeds."""
    texts = (seed.decode("utf-8", "ignore") for seed in seeds)
    return tuple(sorted({word for text in texts for word in _WORD.findall(text)}))


def text_mutation(rng: Random, text: str, words: Sequence[str]) -> str:
    """Return the text with one change."""
    return rng.choice(_CHANGES)(rng, text, words)


def bytes_mutator(seeds: Sequence[bytes]) -> Mutator:
    """Mutate bytes whose structure is unknown; names in them are exchanged everywhere at once."""
    words = [word.encode() for word in words_of(seeds)] or [b"a"]

    def mutate(rng: Random, data: bytes) -> bytes:
        mutated = bytearray(data or rng.choice(seeds))
        for _ in range(rng.choice((1, 1, 2, 4, 8))):
            _change_bytes(rng, mutated, words)
        return bytes(mutated)

    return mutate


def text_mutator(seeds: Sequence[bytes]) -> Mutator:
    """Mutate text in UTF-8, by words, lines and letters."""
    words = words_of(seeds)

    def mutate(rng: Random, data: bytes) -> bytes:
        text = (data or rng.choice(seeds)).decode("utf-8", "replace")
        if rng.random() < 0.05:
            text = _spliced(rng, text, rng.choice(seeds).decode("utf-8", "replace"))
        for _ in range(rng.choice((1, 1, 2, 4))):
            text = text_mutation(rng, text, words)
        return text.encode("utf-8", "surrogatepass")

    return mutate


def _change_bytes(rng: Random, data: bytearray, words: Sequence[bytes]) -> None:
    place = rng.randrange(len(data) + 1)
    kind = rng.randrange(7)
    if kind == 0 and place < len(data):
        data[place] ^= 1 << rng.randrange(8)
    elif kind == 1 and place < len(data):
        data[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    elif kind == 2:
        del data[place : place + rng.choice((1, 2, 16, 512))]
    elif kind == 3:
        data[place:place] = rng.choice(words)
    elif kind == 4:
        part = bytes(data[place : place + rng.choice((1, 8, 64, 512))])
        data[place:place] = part * rng.choice((1, 2, 50))
    elif kind == 5:
        width = rng.choice((2, 4, 8))
        number = rng.choice((0, 1, 2**31, 2 ** (8 * width) - 1, rng.getrandbits(8 * width)))
        data[place : place + width] = (number % 2 ** (8 * width)).to_bytes(width, "little")
    else:
        data[:] = bytes(data).replace(rng.choice(words), rng.choice((*words, b"..", b"/", b"\0")))


def _insert(rng: Random, text: str, words: Sequence[str]) -> str:
    place = rng.randrange(len(text) + 1)
    return text[:place] + rng.choice(ODD) + text[place:]


def _insert_word(rng: Random, text: str, words: Sequence[str]) -> str:
    place = rng.randrange(len(text) + 1)
    return text[:place] + (rng.choice(words) if words else "") + text[place:]


def _repeat(rng: Random, text: str, words: Sequence[str]) -> str:
    place = rng.randrange(len(text) + 1)
    part = text[place : place + rng.choice((1, 2, 8, 80))] or rng.choice(ODD)
    return text[:place] + part * rng.choice(_MOST_REPEATS) + text[place:]


def _repeat_odd(rng: Random, text: str, words: Sequence[str]) -> str:
    place = rng.randrange(len(text) + 1)
    return text[:place] + rng.choice(ODD) * rng.choice(_MOST_REPEATS) + text[place:]


def _remove(rng: Random, text: str, words: Sequence[str]) -> str:
    place = rng.randrange(len(text) + 1)
    return text[:place] + text[place + rng.choice((1, 2, 8, 80)) :]


def _exchange(rng: Random, text: str, words: Sequence[str]) -> str:
    """Replace a word, once or everywhere."""
    there = _WORD.findall(text[:20_000])
    if not there:
        return rng.choice(ODD)
    new = rng.choice(words) if words and rng.random() < 0.5 else rng.choice(ODD)
    return text.replace(rng.choice(there), new, rng.choice((1, -1)))


def _move_line(rng: Random, text: str, words: Sequence[str]) -> str:
    lines = text.split("\n")
    line = lines.pop(rng.randrange(len(lines)))
    lines.insert(rng.randrange(len(lines) + 1), line)
    return "\n".join(lines * rng.choice((1, 1, 1, 2)))


def _spliced(rng: Random, first: str, second: str) -> str:
    return first[: rng.randrange(len(first) + 1)] + second[rng.randrange(len(second) + 1) :]


_CHANGES: tuple[Callable[[Random, str, Sequence[str]], str], ...] = (
    _insert,
    _insert_word,
    _repeat,
    _repeat_odd,
    _remove,
    _exchange,
    _exchange,
    _move_line,
)
