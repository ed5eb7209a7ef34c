"""Refusals and failures of HTTP requests: the meaning of each status and of each broken
connection."""

import email.utils
import http.client
import socket
import ssl
import time
import urllib.request
from dataclasses import dataclass
from urllib.error import HTTPError
from urllib.parse import urlsplit

from inference_operator.api.problem import SOURCE_SECRET, SOURCE_URI
from inference_operator.api.quoting import short
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_host, shown_text, shown_uri
from inference_operator.domain.addresses import ForbiddenAddressError
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.retry import TransientError, UnreachableError
from inference_operator.load.transfer.source import RangeError

_REDIRECTS = {301, 302, 303, 307, 308}
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_NOT_THERE = "correct it, or upload the artifact there"
_FINAL = {
    404: (Reason.ARTIFACT_NOT_FOUND, _NOT_THERE, SOURCE_URI),
    410: (Reason.ARTIFACT_NOT_FOUND, _NOT_THERE, SOURCE_URI),
}
_OTHERWISE = (Reason.FETCH_FAILED, "check it and the server's own log", SOURCE_URI)
_NAME_A_SECRET = "name a Secret that may read it"
_DIGITS = 18
# The part of an answer's status line that is shown; the server writes it.
_REASON_LENGTH = 60
# The part of an error that is shown; it may quote a line of the server's.
_CAUSE_LENGTH = 200


class UnauthorizedError(LoadError):
    """Status 401 of `url`; `challenge` is its WWW-Authenticate header."""

    def __init__(
        self, message: str, url: str, challenge: str, remedy: str = _NAME_A_SECRET
    ) -> None:
        super().__init__(Reason.ARTIFACT_FORBIDDEN, message, remedy, SOURCE_SECRET)
        self.url, self.challenge = url, challenge


@dataclass(frozen=True, slots=True)
class Sender:
    """The Secret of a request, and the address that its credentials were sent to, if any."""

    secret: str
    sent_to: str

    def refusal(self, status: int, url: str) -> tuple[str, str]:
        """Return what is wrong with the credentials, and the remedy."""
        secret = f"Secret {self.secret}" if self.secret else "the Secret"
        if self.sent_to and origin(self.sent_to) == origin(url):
            if status == 401:
                remedy = "correct them (`token`, or `username` and `password`)"
                remedy += ", or name another Secret"
                return f": the credentials in {secret} were refused", remedy
            return f" to the credentials in {secret}", "let them read it, or name another Secret"
        if self.secret:
            return (
                ": the request had no credentials",
                f"add `token`, or `username` and `password`, to {secret}, or name another Secret",
            )
        return ": the request had no credentials", _NAME_A_SECRET


def origin(url: str) -> tuple[str, str]:
    """Return the scheme and the host with its port: credentials are sent to this origin only."""
    parts = urlsplit(url)
    default = ":443" if parts.scheme == "https" else ":80"
    return parts.scheme, parts.netloc.lower().removesuffix(default)


def whole_number(text: str) -> int | None:
    """Return a number of a header; None for anything else, such as more than 18 digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def refusal(error: HTTPError, sender: Sender) -> Exception:
    """Return the failure that a status other than success means."""
    if error.code in _REDIRECTS:
        return LoadError(
            Reason.FETCH_FAILED,
            f"{shown_uri(error.url)} redirects in a circle, or to an address that is not https",
        )
    reason = " ".join(shown_text(str(error.reason)).split())[:_REASON_LENGTH]
    message = f"{shown_uri(error.url)} answered {error.code} {reason}"
    if error.code == 416:
        return RangeError(message)
    if error.code in {401, 403}:
        cause, remedy = sender.refusal(error.code, error.url)
        message = f"{message}{cause}"
        if error.code == 403:
            return LoadError(Reason.ARTIFACT_FORBIDDEN, message, remedy, SOURCE_SECRET)
        challenge = ", ".join(error.headers.get_all("WWW-Authenticate", ()))
        return UnauthorizedError(message, error.url, challenge, remedy)
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


def no_address(url: str, error: Exception) -> LoadError:
    """Return the failure for an address that cannot be used."""
    # These errors quote the address, or that of a redirect, with the secrets in it.
    return LoadError(
        Reason.FETCH_FAILED,
        f"{shown_uri(url)} is not a valid address, or leads to one that is not"
        f" ({type(error).__name__})",
        "correct it",
    )


def unreachable(request: urllib.request.Request, error: object) -> Exception:
    """Return the failure of a request that no server answered."""
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
    return UnreachableError(f"cannot reach {host}: {cause_of(error)}", _remedy(error))


def _remedy(error: object) -> str:
    if isinstance(error, socket.gaierror):
        return "correct the host, or make it known to the cluster's DNS"
    if isinstance(error, ConnectionRefusedError):
        return "correct the port, or start the server"
    if _speaks_no_tls(error):
        return "name the port that speaks https"
    return ""


def _speaks_no_tls(error: object) -> bool:
    return isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER"


def cause_of(error: object) -> str:
    """Describe the error of a connection."""
    if isinstance(error, TimeoutError):
        return str(error) if str(error).startswith("no connection") else "no answer in time"
    if isinstance(error, socket.gaierror):
        return f"DNS does not resolve this name ({error.strerror})"
    if isinstance(error, ConnectionRefusedError):
        return "Connection refused, so nothing listens there"
    if _speaks_no_tls(error):
        return "this port does not speak https"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection ended in the middle of the body"
    return short(shown_text(f"{error}"), _CAUSE_LENGTH) or type(error).__name__
