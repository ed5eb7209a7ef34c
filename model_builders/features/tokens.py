"""WordPiece tokens of uncased BERT, from its vocabulary and without any library.

The ids equal those of Hugging Face's `tokenizers`, with one intended difference: "[SEP]" in a text
is never a control token.
"""

import string
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from model_builders.features.failure import FailureReason, FeatureError
from model_builders.features.vocabulary import CONTROL, word_ids

MOST_TOKENS = 512
_LONGEST_WORD = 100
_CONTINUED = "##"
_PUNCTUATION = frozenset(string.punctuation)
# Chinese characters, each a word of its own; Japanese and Korean letters are not among them.
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class TooLong(Enum):
    """The treatment of a text with too many tokens."""

    REFUSE = "refuse"
    CUT = "cut"


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """`input_ids` [n, length] int64, padded, and `attention_mask` [n, length]: 1 for a token."""

    input_ids: npt.NDArray[np.int64]
    attention_mask: npt.NDArray[np.int64]


class WordPiece:
    """Tokeniser of texts; the numbers of the lines of a `vocab.txt` are the ids."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._ids = word_ids(vocabulary)
        self._unknown, self._begin, self._end, self._padding = (self._ids[word] for word in CONTROL)

    def ids(
        self, text: str, most: int = MOST_TOKENS, longer: TooLong = TooLong.REFUSE
    ) -> list[int]:
        """Return the ids of one text from [CLS] to [SEP], at most `most` with these two.

        Raises FeatureError for a text without tokens, and for more than `most` tokens unless
        `longer` is CUT.
        """
        return self._ids_of("text", text, most, longer)

    def encode(
        self,
        texts: Sequence[str | None],
        most: int = MOST_TOKENS,
        longer: TooLong = TooLong.REFUSE,
        name: str = "texts",
    ) -> Tokens:
        """Return ids and mask of texts [n], padded to the longest; errors name them `name`.

        None is an absent text: [CLS] and [SEP], and a mask of 0.
        """
        if isinstance(texts, str) or len(texts) == 0:
            raise FeatureError(
                FailureReason.WRONG_TYPE,
                f"{name}: found {texts!r:.40}, expected a list of one or more",
            )
        nothing = [self._begin, self._end]
        rows = [
            nothing if text is None else self._ids_of(f"{name}[{at}]", text, most, longer)
            for at, text in enumerate(texts)
        ]
        shape = (len(rows), max(map(len, rows)))
        ids, mask = np.full(shape, self._padding, np.int64), np.zeros(shape, np.int64)
        for at, row in enumerate(rows):
            ids[at, : len(row)], mask[at, : len(row)] = row, row is not nothing
        return Tokens(ids, mask)

    def _ids_of(self, where: str, text: str, most: int, longer: TooLong) -> list[int]:
        if not isinstance(text, str):
            raise FeatureError(
                FailureReason.WRONG_TYPE, f"{where}: found {type(text).__name__}, expected a string"
            )
        ids = [piece for word in words(text) for piece in self._pieces(word)]
        if not ids:
            raise FeatureError(
                FailureReason.EMPTY_TEXT,
                f"{where}: found {text[:20]!r} without any word or sign; leave it out",
            )
        if len(ids) + 2 > most and longer is TooLong.REFUSE:
            raise FeatureError(
                FailureReason.TOO_LONG,
                f"{where}: found {len(ids) + 2} tokens, expected {most} at most; shorten it, or"
                " let it be cut",
            )
        return [self._begin, *ids[: most - 2], self._end]

    def _pieces(self, word: str) -> list[int]:
        """Return the longest pieces of the vocabulary from left to right, or [UNK]."""
        if len(word) > _LONGEST_WORD:
            return [self._unknown]
        ids, begin = [], 0
        while begin < len(word):
            prefix = _CONTINUED if begin else ""
            for end in range(len(word), begin, -1):
                number = self._ids.get(prefix + word[begin:end])
                if number is not None:
                    ids.append(number)
                    begin = end
                    break
            else:
                return [self._unknown]
        return ids


def words(text: str) -> list[str]:
    """Split into words in lower case without accents; signs and ideographs stand alone."""
    return unicodedata.normalize("NFD", text.translate(_CLEANED)).translate(_BARE).split()


class _Memo(dict[int, str]):
    """A cache of the replacement of each sign."""

    def __init__(self, work_out: Callable[[str], str]) -> None:
        super().__init__()
        self._work_out = work_out

    def __missing__(self, code: int) -> str:
        text = self[code] = self._work_out(chr(code))
        return text


def _cleaned(sign: str) -> str:
    if sign in "\t\n\r":
        return " "
    if sign == "\ufffd" or unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cs"):
        return ""
    if sign.isspace():
        return " "
    return f" {sign} " if _is_ideograph(sign) else sign


def _bare(sign: str) -> str:
    """Lower one sign: lower() of a whole word treats a final sigma, BERT does not."""
    kind = unicodedata.category(sign)
    if kind == "Mn":
        return ""
    return f" {sign} " if kind.startswith("P") or sign in _PUNCTUATION else sign.lower()


def _is_ideograph(sign: str) -> bool:
    return any(first <= ord(sign) <= last for first, last in _IDEOGRAPHS)


_CLEANED, _BARE = _Memo(_cleaned), _Memo(_bare)
