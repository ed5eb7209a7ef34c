"""Sessions of Google's client: bounded answers, no redirects, and checked addresses."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import requests
from google.auth.transport.requests import AuthorizedSession

from inference_operator.load.sources.store_connections import CheckedAdapter, check_url
from inference_operator.load.transfer.bounded_body import CHUNK, check_json, of_error, whole


class BoundedSession(requests.Session):
    """A session whose answers are bounded, except for the content of objects.

    It never follows a redirect or connects to a forbidden address.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for scheme in ("http://", "https://"):
            self.mount(scheme, CheckedAdapter())

    def send(self, request: Any, **options: Any) -> Any:
        check_url(request.url)
        answer: Any = super().send(request, **{**options, "stream": True})
        if answer.status_code < 300 and options.get("stream"):
            return answer
        with closing(answer):
            body = answer.iter_content(CHUNK)
            if answer.status_code < 300:
                answer._content = whole(body, request.url)
                check_json(answer._content)
            else:
                answer._content = _of_error(body)
        # Otherwise requests guesses the encoding, which is slow.
        answer.encoding = "utf-8"
        return answer

    def get_redirect_target(self, resp: Any) -> None:
        """Return None: requests reads the whole body of a redirect before it follows it."""


def _of_error(chunks: Iterator[bytes]) -> bytes:
    try:
        body = of_error(chunks)
        check_json(body)
    except (ValueError, requests.RequestException):
        return b""
    return body


class GoogleSession(BoundedSession, AuthorizedSession):
    """Google's session."""
