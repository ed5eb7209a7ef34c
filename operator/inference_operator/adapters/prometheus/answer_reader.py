"""Frame of Prometheus' answers, read part by part: each row is handed over as soon as it is read.

What is no answer is refused, and warnings are read. The keys may come in any order.
"""

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from inference_operator.adapters.prometheus.partial_json import NotJsonError, PartialJson, Steps
from inference_operator.api.quoting import beginning
from inference_operator.domain.bounded_json import JsonRefusedError
from inference_operator.domain.measurement import Outage

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)
_WARNINGS, _WORDS_LENGTH = 5, 300
# Characters of a value beside the rows, such as the list of warnings, or statistics of the query.
_VALUE_LENGTH = 256 << 10
_OF_BODY = frozenset({"status", "error", "errorType", "warnings", "isPartial"})


class AnswerRefusedError(Exception):
    """Prometheus' error, or an answer that is none of Prometheus; the message has its words."""

    def __init__(self, message: str, outage: Outage = Outage.REFUSED) -> None:
        super().__init__(message)
        self.outage = outage


class Taker(Protocol[_T_co]):
    """Receiver of the rows of one answer."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the types of a result that it takes, such as `vector`."""
        ...

    @property
    def row_length(self) -> int:
        """Return how many characters a row may have."""
        ...

    def take(self, row: Any) -> None:
        """Take a row, which may be any JSON; AnswerRefusedError for one that ends the reading."""
        ...

    def made(self, kind: str, warnings: tuple[str, ...]) -> _T_co:
        """Return what all rows make, after the last one of an answer of this kind."""
        ...


class AnswerReader(Generic[_T]):
    """Reader of one answer. It belongs into one thread at a time.

    Its methods raise AnswerRefusedError for an error, for what is no answer, and beyond a limit.
    """

    def __init__(self, taker: Taker[_T]) -> None:
        self._taker = taker
        self._json = PartialJson()
        self._beginning = b""
        self._fields: dict[str, Any] = {}
        self._kind: str | None = None
        self._has_data = self._has_rows = False
        self._steps = self._body()

    def feed(self, part: bytes) -> None:
        """Read the next part of the body, of any length."""
        self._read(part, is_last=False)

    def end(self, part: bytes = b"") -> _T:
        """Read the last part, and return what the rows make."""
        self.feed(part)
        self._read(b"", is_last=True)
        self._check_status()
        if not self._has_data:
            raise AnswerRefusedError("answered without data")
        self._check_kind()
        if not self._has_rows:
            raise AnswerRefusedError(f"answered with no list of rows, expected {self._expected}")
        return self._taker.made(str(self._kind), _warnings_of(self._fields))

    def _read(self, part: bytes, is_last: bool) -> None:
        if len(self._beginning) < _WORDS_LENGTH:
            self._beginning += part[:_WORDS_LENGTH]
        try:
            if self._json.add(part, is_last):
                next(self._steps, None)
        except JsonRefusedError as error:
            raise AnswerRefusedError(f"answered with JSON that is not read: {error}") from None
        except NotJsonError:
            raw = self._beginning[:_WORDS_LENGTH]
            text = beginning(raw.decode("utf-8", "replace"), _WORDS_LENGTH)
            raise AnswerRefusedError(f"answered with text that is not JSON: {text!r}") from None

    def _body(self) -> Steps[None]:
        if (yield from self._json.next()) == "{":
            yield from self._json.members(self._member)
            is_object = True
        else:
            yield from self._json.value(_VALUE_LENGTH)
            is_object = False
        if (yield from self._json.next()):
            raise NotJsonError
        if not is_object:
            raise AnswerRefusedError("answered with JSON that is not an object")

    def _member(self, key: str) -> Steps[None]:
        if key == "data" and (yield from self._json.next()) == "{":
            self._has_data = True
            yield from self._json.members(self._member_of_data)
            return
        value = yield from self._json.value(_VALUE_LENGTH)
        if key in _OF_BODY:
            self._fields[key] = value

    def _member_of_data(self, key: str) -> Steps[None]:
        if key == "result" and (yield from self._json.next()) == "[":
            yield from self._rows()
            return
        value = yield from self._json.value(_VALUE_LENGTH)
        if key == "resultType":
            self._kind = beginning(str(value), 20)

    def _rows(self) -> Steps[None]:
        if self._has_rows:
            raise JsonRefusedError("found two results, expected one")
        self._has_rows = True
        take: Callable[[Any], None] = self._taker.take
        if self._fields.get("status", "success") != "success":
            take = _ignore
        elif self._kind is not None:
            self._check_kind()
        yield from self._json.items(self._taker.row_length, take)

    def _check_status(self) -> None:
        fields = self._fields
        if fields.get("status") == "success":
            return
        words = str(fields.get("error") or fields.get("errorType") or "no message")
        is_late = fields.get("errorType") == "timeout"
        raise AnswerRefusedError(
            f"refused the query: {beginning(words, _WORDS_LENGTH)}",
            Outage.TIMED_OUT if is_late else Outage.REFUSED,
        )

    def _check_kind(self) -> None:
        if self._kind not in self._taker.kinds:
            kind = self._kind or "no type of a result"
            raise AnswerRefusedError(f"answered with {kind}, expected {self._expected}")

    @property
    def _expected(self) -> str:
        return " or ".join(f"a {kind}" for kind in self._taker.kinds)


def read_whole(raw: bytes, taker: Taker[_T]) -> _T:
    """Return what the rows of a whole answer make; AnswerRefusedError as the reader's methods."""
    return AnswerReader(taker).end(raw)


def _ignore(row: Any) -> None:
    """Leave out a row of an answer that is an error."""


def _warnings_of(fields: dict[str, Any]) -> tuple[str, ...]:
    """Return the first warnings of an answer. With any, something may be missing."""
    given = fields.get("warnings") or ()
    texts = given if isinstance(given, list) else [given] if given else []
    # VictoriaMetrics has a field of its own for an answer that lacks some of its storage nodes.
    partial = ["the answer is partial"] if fields.get("isPartial") is True else []
    return tuple(beginning(str(text), _WORDS_LENGTH) for text in [*texts[:_WARNINGS], *partial])
