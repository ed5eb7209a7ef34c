"""HTTP requests: trust, credentials, redirects, and answers with bytes."""

import http.client
import io
import re
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlsplit

from inference_operator.api.problem import SOURCE_SECRET
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.domain.http_credentials import Credentials, CredentialsError, trust
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.connections import CheckedHttp, CheckedHttps
from inference_operator.load.transfer.digest import CHUNK
from inference_operator.load.transfer.refusals import (
    Sender,
    cause_of,
    no_address,
    origin,
    refusal,
    unreachable,
    whole_number,
)
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
_MLFLOW = ("/get-artifact", "/artifacts/files")
# A request over https is only redirected to https.
_FOLLOWED = {"https": {"https"}, "http": {"http", "https"}}
_CUT = (OSError, http.client.HTTPException)
CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")


class Transport:
    """A client for files over https, or http where an address has it, with one Secret's values.

    `secret` is the Secret's name, for messages.
    """

    def __init__(
        self,
        credentials: Credentials | None = None,
        timeout: float = READ_TIMEOUT_SECONDS,
        secret: str = "",
    ) -> None:
        held = credentials or Credentials()
        self._secret = secret
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
            raise no_address(uri, error) from None
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
            raise no_address(url, error) from None
        with self.send(request, headers, authorization) as response:
            yield response

    @contextmanager
    def send(
        self,
        request: urllib.request.Request,
        headers: Mapping[str, str],
        authorization: str | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request with these headers; `authorization` replaces that of the Secret."""
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
                raise refusal(error, self._sender_of(request)) from None
        except URLError as error:
            raise unreachable(request, error.reason) from None
        except (http.client.InvalidURL, ValueError) as error:
            raise no_address(request.full_url, error) from None
        except _CUT as error:
            raise unreachable(request, error) from None

    def _sender_of(self, request: urllib.request.Request) -> Sender:
        is_sent = "Authorization" in request.unredirected_hdrs
        return Sender(self._secret, request.full_url if is_sent else "")


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


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := response.read1(CHUNK):
            yield chunk
    except _CUT as error:
        raise TransientError(cause_of(error)) from None
