"""HTTP requests: trust, credentials, redirects, and the meaning of each status."""

import email.utils
import http.client
import io
import re
import ssl
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlsplit

from inference_operator.api.problem import SOURCE_SECRET, SOURCE_URI
from inference_operator.api.quoting import short
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_host, shown_text, shown_uri
from inference_operator.domain.addresses import ForbiddenAddressError
from inference_operator.domain.http_credentials import Credentials, CredentialsError, trust
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.connections import CheckedHttp, CheckedHttps
from inference_operator.load.transfer.digest import CHUNK
from inference_operator.load.transfer.retry import TransientError
from inference_operator.load.transfer.source import (
    WHOLE,
    Answer,
    ByteRange,
    Listing,
    RangeError,
    RemoteFile,
)

READ_TIMEOUT_SECONDS = 30.0
_REDIRECTS = {301, 302, 303, 307, 308}
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_FORBIDDEN = "check that the Secret may read this artifact"
_FINAL = {
    403: (Reason.ARTIFACT_FORBIDDEN, _FORBIDDEN, SOURCE_SECRET),
    404: (Reason.ARTIFACT_NOT_FOUND, "correct it", SOURCE_URI),
    410: (Reason.ARTIFACT_NOT_FOUND, "the server reports that it is gone: correct it", SOURCE_URI),
}
_OTHERWISE = (Reason.FETCH_FAILED, "check it and the server's own log", SOURCE_URI)
_MLFLOW = ("/get-artifact", "/artifacts/files")
# A request over https is only redirected to https.
_FOLLOWED = {"https": {"https"}, "http": {"http", "https"}}
_CUT = (OSError, http.client.HTTPException)
_DIGITS = 18
CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")
# The part of an answer's status line that is shown; the server writes it.
_REASON_LENGTH = 60
# The part of an error that is shown; it may quote a line of the server's.
_CAUSE_LENGTH = 200


class UnauthorizedError(LoadError):
    """Status 401 of `url`; `challenge` is its WWW-Authenticate header."""

    def __init__(self, message: str, url: str, challenge: str) -> None:
        remedy = "name a Secret that may read it"
        super().__init__(Reason.ARTIFACT_FORBIDDEN, message, remedy, SOURCE_SECRET)
        self.url, self.challenge = url, challenge


class Transport:
    """A client for files over https, or http where an address has it, with one Secret's values."""

    def __init__(
        self, credentials: Credentials | None = None, timeout: float = READ_TIMEOUT_SECONDS
    ) -> None:
        held = credentials or Credentials()
        self._authorization = held.authorization
        self._timeout = timeout
        try:
            https = CheckedHttps(trust(held.ca))
        except CredentialsError as error:
            raise LoadError(Reason.FETCH_FAILED, str(error), path=SOURCE_SECRET) from None
        self._opener = urllib.request.build_opener(CheckedHttp(), https, _SecureRedirects())

    def files(self, uri: str) -> Listing:
        """List one file: a web server does not list folders."""
        try:
            address = urlsplit(uri)
        except ValueError as error:
            raise _no_address(uri, error) from None
        # MLflow's server names the file in its query.
        asked = parse_qs(address.query).get("path", []) if address.path.endswith(_MLFLOW) else []
        return Listing((RemoteFile(next(iter(asked), address.path), uri),))

    @contextmanager
    def get(
        self,
        uri: str,
        span: ByteRange = WHOLE,
        etag: str | None = None,
        authorization: str | None = None,
    ) -> Iterator[Answer]:
        """GET the bytes from the span's start on, if the artifact still has this `etag`."""
        ranged = {"Range": span.header} if span.header else {}
        condition = {"If-Range": etag} if ranged and etag else {}
        with self.open(uri, {**ranged, **condition}, authorization) as response:
            yield _answer(response, span)

    @contextmanager
    def open(
        self,
        url: str,
        headers: Mapping[str, str],
        authorization: str | None = None,
        *,
        named_by: str | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        """GET with these headers; `authorization` replaces that of the Secret.

        `named_by`: the host whose answer named the address, as a redirect does.
        """
        try:
            request = urllib.request.Request(url, headers={"User-Agent": "inference-operator"})
            if named_by is not None:
                request.origin_req_host = urlsplit(f"//{named_by}").hostname or ""
                request.unverifiable = True
        except ValueError as error:
            raise _no_address(url, error) from None
        for name, value in headers.items():
            request.add_header(name, value)
        if held := authorization or self._authorization:
            request.add_unredirected_header("Authorization", held)
        with self._open(request) as response:
            yield response

    def _open(self, request: urllib.request.Request) -> Any:
        try:
            return self._opener.open(request, timeout=self._timeout)
        except HTTPError as error:
            with error:
                raise _refusal(error) from None
        except URLError as error:
            raise _unreachable(request, error.reason) from None
        except (http.client.InvalidURL, ValueError) as error:
            raise _no_address(request.full_url, error) from None
        except _CUT as error:
            raise _unreachable(request, error) from None


class _SecureRedirects(urllib.request.HTTPRedirectHandler):
    """A handler that follows redirects to https, and sends credentials to the first origin only."""

    def http_error_302(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
    ) -> Any:
        # urllib reads the body of a redirect to its end, which nothing bounds.
        fp.close()
        return super().http_error_302(req, io.BytesIO(), code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(  # noqa: PLR0913, PLR0917 (urllib's own signature)
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in _FOLLOWED[urlsplit(req.full_url).scheme]:
            raise LoadError(
                Reason.FETCH_FAILED,
                f"{shown_uri(req.full_url)} redirects to {shown_uri(newurl)}, and only https is"
                " followed",
                "name an address that answers over https",
            )
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        secret = req.unredirected_hdrs.get("Authorization")
        if following is not None and secret and origin(newurl) == origin(req.full_url):
            following.add_unredirected_header("Authorization", secret)
        return following


def origin(url: str) -> tuple[str, str]:
    """Return the scheme and the host with its port: credentials are sent to this origin only."""
    parts = urlsplit(url)
    default = ":443" if parts.scheme == "https" else ":80"
    return parts.scheme, parts.netloc.lower().removesuffix(default)


def _answer(response: http.client.HTTPResponse, asked: ByteRange) -> Answer:
    etag = response.headers.get("ETag")
    strong = etag if etag and etag.startswith('"') else None
    if response.status != 206:
        total = whole_number(response.headers.get("Content-Length", ""))
        ranges = response.headers.get("Accept-Ranges", "").strip().lower() == "bytes"
        return Answer(_chunks(response), 0, total, strong, ranges)
    ranged = response.headers.get("Content-Range", "")
    match = CONTENT_RANGE.fullmatch(ranged)
    if match is None or int(match.group(1)) != asked.start:
        raise RangeError(f"asked for bytes from {asked.start} on, the server sent {ranged[:80]!r}")
    total = whole_number(match.group(2))
    return Answer(_chunks(response), asked.start, total, strong, ranges=True)


def whole_number(text: str) -> int | None:
    """Return a number of a header; None for anything else, such as more than 18 digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := response.read1(CHUNK):
            yield chunk
    except _CUT as error:
        raise TransientError(_cause(error)) from None


def _refusal(error: HTTPError) -> Exception:
    if error.code in _REDIRECTS:
        return LoadError(
            Reason.FETCH_FAILED,
            f"{shown_uri(error.url)} redirects in a circle, or to an address that is not https",
        )
    reason = " ".join(shown_text(str(error.reason)).split())[:_REASON_LENGTH]
    message = f"{shown_uri(error.url)} answered {error.code} {reason}"
    if error.code == 416:
        return RangeError(message)
    if error.code == 401:
        challenge = ", ".join(error.headers.get_all("WWW-Authenticate", ()))
        return UnauthorizedError(message, error.url, challenge)
    if error.code in _TRANSIENT:
        return TransientError(message, retry_after(error.headers.get("Retry-After"), time.time()))
    reason_code, remedy, path = _FINAL.get(error.code, _OTHERWISE)
    return LoadError(reason_code, message, remedy, path)


def retry_after(text: str | None, now: float) -> float | None:
    """Return the header's seconds or date as seconds after `now` (Unix time); else None."""
    if text is None:
        return None
    if (seconds := whole_number(text.strip())) is not None:
        return float(seconds)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return None


def _no_address(url: str, error: Exception) -> LoadError:
    # These errors quote the address, or that of a redirect, with the secrets in it.
    return LoadError(
        Reason.FETCH_FAILED,
        f"{shown_uri(url)} is not a valid address, or leads to one that is not"
        f" ({type(error).__name__})",
        "correct it",
    )


def _unreachable(request: urllib.request.Request, error: object) -> Exception:
    host = shown_host(request.host)
    if isinstance(error, ForbiddenAddressError):
        return LoadError(Reason.FETCH_FAILED, f"{shown_uri(request.full_url)}: {error}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return LoadError(
            Reason.FETCH_FAILED,
            f"the certificate of {host} is not trusted ({error.verify_message})",
            "put the PEM of its authority under `ca.crt` into the Secret",
            SOURCE_SECRET,
        )
    return TransientError(f"cannot reach {host}: {_cause(error)}")


def _cause(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection ended in the middle of the body"
    return short(shown_text(f"{error}"), _CAUSE_LENGTH) or type(error).__name__
