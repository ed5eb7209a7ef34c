"""Objects of Google Cloud Storage, through google-cloud-storage."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import google.auth
import requests
from google.api_core import exceptions as answers
from google.auth import exceptions as identity
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import Request
from google.cloud import storage
from google.oauth2 import service_account

from inference_operator.api.problem import SOURCE_SECRET
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.api.source_uri import SourceUri
from inference_operator.domain.bounded_json import JsonLimits, parse_json
from inference_operator.domain.http_credentials import keys_found
from inference_operator.load.failure import LoadError
from inference_operator.load.sources.bucket import files_at
from inference_operator.load.sources.credentials import Secret
from inference_operator.load.sources.gcs_session import BoundedSession, GoogleSession
from inference_operator.load.sources.store_connections import endpoint_of
from inference_operator.load.transfer.bounded_body import check_listing, strange, text_of
from inference_operator.load.transfer.retry import TransientError, UnreachableError
from inference_operator.load.transfer.source import (
    MOST_FILES,
    WHOLE,
    Answer,
    ByteRange,
    Listing,
    RangeError,
)

EXPECTED = "`credentials.json`, a service account's key, or `endpoint`"
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"
# A Secret holds no more.
_KEY = JsonLimits(size=1 << 20)
_READ = 4 << 20
_TRANSIENT = (answers.TooManyRequests, answers.ServerError, answers.RetryError)
_CUT = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    ConnectionError,
    identity.TransportError,
)
# The errors of the library for an answer that is not Google's.
_STRANGE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    requests.RequestException,
    identity.GoogleAuthError,
)
_MOST_BYTES = 10**18


class CloudStorage:
    """Reads `gs://bucket/object`; a name that ends with a slash is a folder.

    Without `credentials.json` the pod's own identity is used where it has one, else none.
    """

    def __init__(self, secret: Secret | None, timeout: float) -> None:
        self._timeout = timeout
        self._client = _client(secret or Secret("", {}))

    def files(self, uri: str) -> Listing:
        """List one object, or all below a prefix that ends with a slash."""

        def names_below(bucket: str, prefix: str) -> list[str]:
            with _explained(uri):
                return self._names(uri, bucket, prefix)

        return files_at(uri, names_below)

    def _names(self, uri: str, bucket: str, prefix: str) -> list[str]:
        blobs = self._client.list_blobs(
            bucket,
            prefix=prefix,
            fields="items(name),nextPageToken",
            max_results=MOST_FILES + 1,
            timeout=self._timeout,
            retry=None,
        )
        names: list[str] = []
        token = None
        for number, page in enumerate(blobs.pages):
            names += [blob.name for blob in page if not blob.name.endswith("/")]
            check_listing(uri, len(names), number)
            if blobs.next_page_token is not None and blobs.next_page_token == token:
                raise LoadError(
                    Reason.FETCH_FAILED,
                    f"{shown_uri(uri)}: the server repeats pages of its list: it sent a page's"
                    " token twice",
                )
            token = blobs.next_page_token
        return names

    @contextmanager
    def get(self, uri: str, span: ByteRange = WHOLE, etag: str | None = None) -> Iterator[Answer]:
        """Read the object's bytes, of one generation only, which is the `etag`."""
        bucket, name = SourceUri.of(uri).place
        blob = self._client.bucket(bucket).blob(name)
        with _explained(uri):
            blob.reload(timeout=self._timeout, retry=None)
            _check_description(blob)
        if etag not in (None, str(blob.generation)):
            raise RangeError(
                f"{shown_uri(uri)} has generation {blob.generation} now, it had {etag}"
            )
        end = blob.size if span.end is None else span.end
        body = self._chunks(blob, uri, ByteRange(span.start, end))
        yield Answer(body, span.start, blob.size, str(blob.generation), ranges=True)

    def _chunks(self, blob: Any, uri: str, span: ByteRange) -> Iterator[bytes]:
        at, end = span.start, span.end or 0
        while at < end:
            with _explained(uri):
                last = min(at + _READ, end)
                part = _Part(last - at)
                blob.download_to_file(
                    part,
                    start=at,
                    end=last - 1,
                    raw_download=True,
                    if_generation_match=blob.generation,
                    timeout=self._timeout,
                    checksum=None,
                    retry=None,
                )
            chunk = part.getvalue()
            if not chunk:
                return
            at += len(chunk)
            yield chunk


class _Part(io.BytesIO):
    """A part of an object; more bytes than that end the attempt."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left = size

    def write(self, data: Any, /) -> int:
        self._left -= len(data)
        if self._left < 0:
            raise TransientError("Google Cloud Storage sent more bytes than it was asked for")
        return super().write(data)


def _check_description(blob: Any) -> None:
    if blob.generation is None or not 0 <= blob.size < _MOST_BYTES:
        raise ValueError("the description of an object without its size and generation")


def _client(secret: Secret) -> Any:
    key = secret.first("credentials.json", "key.json")
    endpoint = endpoint_of(secret, EXPECTED, "endpoint")
    if secret.name and not (key or endpoint):
        raise secret.unusable(keys_found(secret.values), EXPECTED)
    options = {"api_endpoint": endpoint} if endpoint else None
    project = os.environ.get("GOOGLE_CLOUD_PROJECT") or "-"
    credentials = _identity(secret, key)
    return storage.Client(
        project=project,
        credentials=credentials,
        client_options=options,
        _http=GoogleSession(credentials, auth_request=_tokens(key)),
    )


def _tokens(key: str | None) -> Request | None:
    """Return the requests for tokens at the key's address; None: Google's own, at the machine's."""
    return None if key is None else Request(BoundedSession())


def _identity(secret: Secret, key: str | None) -> Any:
    if key is not None:
        try:
            return service_account.Credentials.from_service_account_info(
                parse_json(key, _KEY), scopes=[_SCOPE]
            )
        except ValueError:
            raise secret.unusable(
                "`credentials.json` is not a service account's key", EXPECTED
            ) from None
    if secret.first("endpoint") or os.environ.get("STORAGE_EMULATOR_HOST"):
        return AnonymousCredentials()
    try:
        return google.auth.default(scopes=[_SCOPE])[0]
    except identity.DefaultCredentialsError:
        return AnonymousCredentials()


@contextmanager
def _explained(uri: str) -> Iterator[None]:
    uri = shown_uri(uri)
    try:
        yield
    except answers.NotFound:
        raise LoadError(
            Reason.ARTIFACT_NOT_FOUND,
            f"{uri} does not exist",
            "check its bucket and object (a folder ends with a slash)",
        ) from None
    except (answers.Forbidden, answers.Unauthorized, identity.RefreshError) as error:
        raise LoadError(
            Reason.ARTIFACT_FORBIDDEN,
            f"{uri}: {_described(error)}",
            "put the `credentials.json` of a service account that may read it into the Secret",
            SOURCE_SECRET,
        ) from None
    except (answers.PreconditionFailed, answers.RequestRangeNotSatisfiable) as error:
        raise RangeError(f"{uri}: {_described(error)}") from None
    except _TRANSIENT as error:
        raise TransientError(f"{uri}: {_described(error)}") from None
    except _CUT as error:
        message = f"cannot reach Google Cloud Storage: {text_of(error)}"
        raise UnreachableError(message) from None
    except answers.GoogleAPICallError as error:
        raise LoadError(Reason.FETCH_FAILED, f"{uri}: {_described(error)}", "check it") from None
    except _STRANGE as error:
        raise strange("Google Cloud Storage", uri, error) from None


def _described(error: Exception) -> str:
    code = getattr(error, "code", None)
    return f"Google Cloud Storage answered {int(code)}" if code else text_of(error)
