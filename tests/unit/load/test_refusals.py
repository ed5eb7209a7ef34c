"""What refusals and broken connections are reported as."""

import socket
import ssl
import urllib.request
from email.message import Message
from io import BytesIO
from urllib.error import HTTPError

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.refusals import Sender, refusal, unreachable
from inference_operator.load.transfer.retry import UnreachableError

URL = "https://store.test/lstm.pt"
SENT = Sender("feed", "https://store.test:443/other.pt")


def answered(status: int, sender: Sender, url: str = URL) -> LoadError:
    failure = refusal(HTTPError(url, status, "No", Message(), BytesIO()), sender)
    assert isinstance(failure, LoadError)
    assert failure.reason is Reason.ARTIFACT_FORBIDDEN
    return failure


REFUSALS = {
    "a wrong token": (
        401,
        SENT,
        "401 No: the credentials in Secret feed were refused; correct them (`token`, or `username`"
        " and `password`), or name another Secret",
    ),
    "a token without the right": (
        403,
        SENT,
        "403 No to the credentials in Secret feed; let them read it, or name another Secret",
    ),
    "a Secret with an authority alone": (
        401,
        Sender("feed", ""),
        "401 No: the request had no credentials; add `token`, or `username` and `password`, to"
        " Secret feed, or name another Secret",
    ),
    "no Secret": (
        403,
        Sender("", ""),
        "403 No: the request had no credentials; name a Secret that may read it",
    ),
    "credentials that a redirect did not get": (
        401,
        Sender("feed", "https://elsewhere.test/lstm.pt"),
        "401 No: the request had no credentials; add `token`, or `username` and `password`, to"
        " Secret feed, or name another Secret",
    ),
}


@pytest.mark.parametrize(("status", "sender", "expected"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_says_whose_credentials_were_refused(
    status: int, sender: Sender, expected: str
) -> None:
    message = f"spec.model.source.secretRef: {URL} answered {expected}"
    assert str(answered(status, sender)) == message


def wrong_version() -> ssl.SSLError:
    error = ssl.SSLError(1, "wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


CAUSES: dict[str, tuple[Exception, str, str]] = {
    "DNS": (
        socket.gaierror(-2, "Name or service not known"),
        "cannot reach store.test: DNS does not resolve this name (Name or service not known)",
        "correct the host, or make it known to the cluster's DNS",
    ),
    "a closed port": (
        ConnectionRefusedError(111, "Connection refused"),
        "cannot reach store.test: Connection refused, so nothing listens there",
        "correct the port, or start the server",
    ),
    "http": (
        wrong_version(),
        "cannot reach store.test: this port does not speak https",
        "name the port that speaks https",
    ),
    "dropped packets": (
        TimeoutError("no connection within 10 s"),
        "cannot reach store.test: no connection within 10 s",
        "",
    ),
    "silence": (TimeoutError("timed out"), "cannot reach store.test: no answer in time", ""),
}


@pytest.mark.parametrize(("error", "message", "remedy"), CAUSES.values(), ids=CAUSES)
def test_a_source_that_does_not_answer_has_a_cause(
    error: Exception, message: str, remedy: str
) -> None:
    failure = unreachable(urllib.request.Request(URL), error)
    assert isinstance(failure, UnreachableError)
    assert (str(failure), failure.remedy) == (message, remedy)
