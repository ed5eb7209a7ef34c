"""Client of Prometheus' queries; each failure is an Outage with a sentence.

Thanos, Mimir and VictoriaMetrics answer the same request.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeVar

import aiohttp

from inference_operator.adapters.prometheus.access import Access
from inference_operator.adapters.prometheus.answer_reader import AnswerReader, Taker, read_whole
from inference_operator.adapters.web.bounded_answer import (
    AnswerTooLongError,
    answer_parts,
    read_answer,
)
from inference_operator.adapters.web.session import open_session, request_headers
from inference_operator.api.quoting import beginning
from inference_operator.api.shown_uri import shown_text, shown_uri
from inference_operator.domain.measurement import Outage

_SHOWN = 300
# Of these errors, Prometheus' own body says why.
_EXPLAINED = (400, 422, 503)
# Seconds that the answer may come later than the server's own limit.
_TRANSFER_SECONDS = 1.0
# Bytes that are read at once: some milliseconds of work.
_PART = 64 << 10
_T = TypeVar("_T")


class QueryError(Exception):
    """A query without an answer, in a sentence's part that follows `Prometheus at ADDRESS`."""

    def __init__(self, outage: Outage, message: str) -> None:
        super().__init__(message)
        self.outage = outage


@dataclass(frozen=True, slots=True)
class Query:
    """An instant query: its text, its evaluation time, and the most bytes of its answer."""

    text: str
    at: datetime
    most_bytes: int

    path: ClassVar[str] = "/api/v1/query"

    @property
    def times(self) -> Mapping[str, str]:
        """Return the fields of the form that say which time is asked for."""
        return {"time": _unix(self.at)}


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """A query at each `step` seconds from begin to end."""

    text: str
    begin: datetime
    end: datetime
    step: int
    most_bytes: int

    path: ClassVar[str] = "/api/v1/query_range"

    @property
    def times(self) -> Mapping[str, str]:
        """Return the fields of the form that say which times are asked for."""
        return {"start": _unix(self.begin), "end": _unix(self.end), "step": str(self.step)}


class Prometheus:
    """Client of one server; `uri` ends before `/api/v1`. Answers are read in `thread`, or in one of
    the event loop's threads."""

    def __init__(self, uri: str, timeout: float, thread: Executor | None = None) -> None:
        self.uri = uri.rstrip("/")
        self._seconds = timeout
        self._thread = thread
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def read(self, query: Query | RangeQuery, access: Access, taker: Taker[_T]) -> _T:
        """Return what the taker makes of an answer's rows. The seconds of reading do not count.

        Raises:
            QueryError: if nobody answers in time, or something answers that is not Prometheus.
            AnswerRefusedError: for an error that Prometheus explains, and for what is no answer.
        """
        form = {
            "query": query.text,
            **query.times,
            "timeout": f"{self._seconds:g}s",
            # Thanos leaves out what it does not reach, unless it is told not to.
            "partial_response": "false",
        }
        try:
            async with (
                asyncio.timeout(self._seconds + _TRANSFER_SECONDS) as limit,
                self._open().post(
                    f"{self.uri}{query.path}",
                    data=form,
                    headers=request_headers(access.authorization),
                    ssl=access.context,
                    allow_redirects=False,
                ) as answer,
            ):
                if answer.status != 200:
                    raw = _explanation(answer, await read_answer(answer, query.most_bytes))
                    return await self._in_thread(limit, read_whole, raw, taker)
                reader, last = AnswerReader(taker), b""
                async for part in answer_parts(answer, query.most_bytes, _PART):
                    if last:
                        await self._in_thread(limit, reader.feed, last)
                    last = part
                return await self._in_thread(limit, reader.end, last)
        except AnswerTooLongError as error:
            raise QueryError(
                Outage.REFUSED,
                f"answered with {error}: narrow the selector, or let one operator serve fewer"
                " namespaces",
            ) from None
        except aiohttp.ClientConnectorCertificateError as error:
            why = shown_text(str(error.certificate_error))
            raise QueryError(
                Outage.UNREACHABLE,
                f"has a certificate that is not trusted ({why}): name the file of its authority",
            ) from None
        except TimeoutError:
            words = f"did not answer within {self._seconds:g} s"
            raise QueryError(Outage.TIMED_OUT, words) from None
        except (aiohttp.ClientError, OSError, ssl.SSLError) as error:
            why = beginning(shown_text(str(error)) or type(error).__name__, _SHOWN)
            raise QueryError(Outage.UNREACHABLE, f"does not answer: {why}") from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = open_session(None)
        return self._session

    async def _in_thread(
        self, limit: asyncio.Timeout, read: Callable[..., _T], *given: object
    ) -> _T:
        """Return what a reading in the thread returns. Its seconds are added to the limit."""
        loop = asyncio.get_running_loop()
        ends, began = limit.when(), loop.time()
        limit.reschedule(None)
        try:
            return await loop.run_in_executor(self._thread, read, *given)
        finally:
            if ends is not None:
                limit.reschedule(ends + loop.time() - began)


def _unix(time: datetime) -> str:
    return f"{time.timestamp():.3f}"


def _explanation(answer: aiohttp.ClientResponse, raw: bytes) -> bytes:
    """Return the body of an error that says why; QueryError for any other."""
    status = answer.status
    if status in _EXPLAINED and raw.lstrip().startswith(b"{"):
        return raw
    if 300 <= status < 400:
        to = shown_uri(answer.headers.get("Location", "")) or "an address that it does not name"
        remedy = "give the address of the server itself"
        raise QueryError(Outage.REFUSED, f"redirects to {to}, which is not followed: {remedy}")
    text = shown_text(beginning(raw[: 4 * _SHOWN].decode("utf-8", "replace").strip(), _SHOWN))
    message = f"answered {status} ({text or 'no message'})"
    if status in (401, 403):
        message += ": name the file of a token or of a password"
    raise QueryError(Outage.REFUSED, message)
