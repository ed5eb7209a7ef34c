"""Groups of texts that are nearly equal or come from one document."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

SIMILAR = 0.7


def groups(
    texts: Sequence[str], documents: Sequence[str], similar: float = SIMILAR
) -> npt.NDArray[np.int64]:
    """Return a group's number for each text [n]; texts of two groups have nothing in common.

    Texts of one document share a group. So do texts whose sets of words have a Jaccard similarity
    of `similar` or more: chains of such texts are one group.
    """
    parents = list(range(len(texts)))
    first: dict[str, int] = {}
    for row, document in enumerate(documents):
        _join(parents, first.setdefault(document, row), row)
    for left, right in near_duplicates(texts, similar):
        _join(parents, left, right)
    return np.array([_root(parents, row) for row in range(len(texts))], np.int64)


def near_duplicates(texts: Sequence[str], similar: float = SIMILAR) -> Iterator[tuple[int, int]]:
    """Yield all pairs of rows that are similar enough, the smaller row first.

    Only pairs that share one of their rarest words are compared, since similar sets do (the
    "prefix" of Chaudhuri, Ganti and Kaushik's set similarity join, 2006).
    """
    sets = [_words(text) for text in texts]
    common = Counter(word for words in sets for word in words)
    seen: dict[str, list[int]] = defaultdict(list)
    for row, words in enumerate(sets):
        rarest = sorted(words, key=lambda word: (common[word], word))
        prefix = rarest[: len(words) - math.ceil(similar * len(words)) + 1]
        candidates = {other for word in prefix for other in seen[word]}
        for other in sorted(candidates):
            shared = len(words & sets[other])
            if shared >= similar * (len(words) + len(sets[other]) - shared):
                yield other, row
        for word in prefix:
            seen[word].append(row)


def _words(text: str) -> frozenset[str]:
    """Return words in lower case; a text without any, as ":-)", is its own word."""
    lower = text.lower()
    return frozenset(re.findall(r"\w+", lower) or [lower.strip()])


def _join(parents: list[int], left: int, right: int) -> None:
    first, second = sorted((_root(parents, left), _root(parents, right)))
    parents[second] = first


def _root(parents: list[int], row: int) -> int:
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = parents[row]
    return row
