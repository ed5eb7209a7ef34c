"""Objects of S3 and of servers with its protocol (MinIO, Ceph, SeaweedFS), through boto3."""

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    PaginationError,
    SSLError,
)
from botocore.httpsession import get_cert_path
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from inference_operator.api.problem import SOURCE_SECRET
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_text, shown_uri
from inference_operator.api.source_uri import SourceUri
from inference_operator.domain.http_credentials import keys_found
from inference_operator.load.failure import LoadError
from inference_operator.load.sources.bucket import files_at
from inference_operator.load.sources.credentials import Secret
from inference_operator.load.sources.store_connections import check_url, checked_pools, endpoint_of
from inference_operator.load.transfer.bounded_body import (
    CHUNK,
    check_listing,
    check_xml,
    of_error,
    strange,
    text_of,
    whole,
)
from inference_operator.load.transfer.refusals import whole_number
from inference_operator.load.transfer.retry import TransientError, UnreachableError
from inference_operator.load.transfer.source import (
    WHOLE,
    Answer,
    ByteRange,
    Listing,
    RangeError,
)
from inference_operator.load.transfer.transport import CONTENT_RANGE

EXPECTED = "`accessKeyId` and `secretAccessKey`, or `endpoint`, `region` or `ca.crt`"
_KEYS = {
    "aws_access_key_id": ("accessKeyId", "AWS_ACCESS_KEY_ID"),
    "aws_secret_access_key": ("secretAccessKey", "AWS_SECRET_ACCESS_KEY"),
    "aws_session_token": ("sessionToken", "AWS_SESSION_TOKEN"),
    "region_name": ("region", "AWS_REGION", "AWS_DEFAULT_REGION"),
}
_ENDPOINT = ("endpoint", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_EXPIRED = {"ExpiredToken", "RequestTimeTooSkewed", "InvalidToken"}
# A broken connection loses the bytes of its last read.
_READ = 64 << 10
_DIGITS = 18
# The server writes it.
_CODE_LENGTH = 60
# The errors of the library for an answer that is not S3's.
_STRANGE = (ResponseParserError, ValueError, KeyError, TypeError, AttributeError)


class S3:
    """Reads `s3://bucket/key`; a key that ends with a slash is a folder.

    Without keys in the Secret the pod's own identity is used where it has one, else none.
    """

    def __init__(self, secret: Secret | None, timeout: float) -> None:
        self._client = _client(secret or Secret("", {}), timeout)
        has_keys = secret is not None and secret.first(*_KEYS["aws_access_key_id"])
        name = secret.name if secret else ""
        self._refused = f" to the credentials in Secret {name}" if has_keys else ""

    def files(self, uri: str) -> Listing:
        """List one object, or all below a prefix that ends with a slash."""
        return files_at(uri, self._names)

    @contextmanager
    def get(self, uri: str, span: ByteRange = WHOLE, etag: str | None = None) -> Iterator[Answer]:
        """Read the object's bytes, of the version with this ETag only."""
        bucket, key = SourceUri.of(uri).place
        request = {"Bucket": bucket, "Key": key}
        request |= {"Range": span.header} if span.header else {}
        request |= {"IfMatch": etag} if etag else {}
        with self._explained(uri):
            response = self._client.get_object(**request)
        with closing(response["Body"]) as body:
            with self._explained(uri):
                start, total = _extent(response, span)
            yield Answer(_chunks(body), start, total, response.get("ETag"), ranges=True)

    def _names(self, bucket: str, prefix: str) -> list[str]:
        uri = f"s3://{bucket}/{prefix}"
        names: list[str] = []
        with self._explained(uri):
            pages = self._client.get_paginator("list_objects_v2")
            for number, page in enumerate(pages.paginate(Bucket=bucket, Prefix=prefix)):
                names.extend(item["Key"] for item in page.get("Contents", ()))
                check_listing(uri, len(names), number)
        return [name for name in names if not name.endswith("/")]

    @contextmanager
    def _explained(self, uri: str) -> Iterator[None]:
        try:
            yield
        except PaginationError as error:
            raise LoadError(
                Reason.FETCH_FAILED,
                f"{shown_uri(uri)}: the server repeats pages of its list: {text_of(error)}",
            ) from None
        except ClientError as error:
            raise self._refusal(error, uri) from None
        except _STRANGE as error:
            raise strange("S3", uri, error) from None
        except BotoCoreError as error:
            raise _unreachable(error, uri) from None

    def _refusal(self, error: ClientError, uri: str) -> Exception:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        message = f"{shown_uri(uri)}: S3 answered {status} {shown_text(str(code))[:_CODE_LENGTH]}"
        if status in {412, 416}:
            return RangeError(message)
        if status in _TRANSIENT or code == "RequestTimeout":
            return TransientError(message)
        if status in {401, 403} or code in _EXPIRED:
            message = f"{message}{self._refused}"
            return LoadError(Reason.ARTIFACT_FORBIDDEN, message, _FORBIDDEN, SOURCE_SECRET)
        if status == 404:
            return LoadError(Reason.ARTIFACT_NOT_FOUND, message, self._missing(uri))
        if status in {301, 307} or code == "AuthorizationHeaderMalformed":
            message = f"{message}: the bucket is in another region"
            remedy = "set `region` in the Secret"
            return LoadError(Reason.FETCH_FAILED, message, remedy, SOURCE_SECRET)
        return LoadError(Reason.FETCH_FAILED, message, "check it, and the Secret of secretRef")

    def _missing(self, uri: str) -> str:
        bucket, key = SourceUri.of(uri).place
        try:
            listing = self._client.list_objects_v2(Bucket=bucket, Prefix=f"{key}/", MaxKeys=1)
        except (ClientError, BotoCoreError, *_STRANGE):
            listing = {}
        if listing.get("KeyCount"):
            folder = shown_uri(uri)
            return f"it is a folder there: write {folder}/ to serve all files in it"
        return "check the bucket and the key"


_FORBIDDEN = (
    "put `accessKeyId` and `secretAccessKey` that may read it into the Secret (S3 also answers"
    " this for a missing key if they may not list the bucket)"
)


def _client(secret: Secret, timeout: float) -> Any:
    given = {name: secret.first(*keys) for name, keys in _KEYS.items()}
    endpoint = endpoint_of(secret, EXPECTED, *_ENDPOINT)
    if (given["aws_access_key_id"] is None) != (given["aws_secret_access_key"] is None):
        raise secret.unusable("the two must come together", EXPECTED)
    if secret.name and not any((*given.values(), endpoint, secret.first("ca.crt"))):
        raise secret.unusable(keys_found(secret.values), EXPECTED)
    session = boto3.session.Session(**given)
    try:
        has_identity = session.get_credentials() is not None
        client = session.client(
            "s3",
            endpoint_url=endpoint,
            region_name=session.region_name or "us-east-1",
            verify=_authorities(secret.first("ca.crt")),
            config=Config(
                connect_timeout=timeout,
                read_timeout=timeout,
                retries={"total_max_attempts": 1},
                response_checksum_validation="when_required",
                signature_version=None if has_identity else UNSIGNED,
                s3={"addressing_style": "path" if endpoint else "auto"},
            ),
        )
        client._endpoint.http_session = _Bounded(client._endpoint.http_session)
        client.meta.events.register_last("before-parameter-build.s3", _ask_for_region_once)
        return client
    except (BotoCoreError, ValueError) as error:
        raise secret.unusable(f"`endpoint` or `region`: {text_of(error)}", EXPECTED) from None


def _ask_for_region_once(model: Any, context: dict[str, Any], **_: Any) -> None:
    # botocore answers a redirect with HeadBucket, and a redirect of that with another one.
    if model.name == "HeadBucket":
        context["s3_redirect"]["redirected"] = True


class _Bounded:
    """botocore's session, whose answers are bounded, except for the content of objects.

    It never connects to a forbidden address. Other sessions ask for a pod's identity.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        pools = session._manager.pool_classes_by_scheme
        session._manager.pool_classes_by_scheme = checked_pools(pools)

    def send(self, request: Any) -> Any:
        is_object = request.stream_output
        request.stream_output = True
        check_url(request.url)
        try:
            answer = self._session.send(request)
            if answer.status_code >= 300:
                answer._content = _of_error(answer.raw)
            elif not is_object:
                answer._content = whole(answer.raw.stream(CHUNK), request.url)
                check_xml(answer._content)
        except HTTPError as error:
            raise HTTPClientError(error=error) from None
        except HTTPClientError as error:
            # The check of the address, within it.
            if isinstance(cause := error.kwargs.get("error"), LoadError):
                raise cause from None
            raise
        return answer

    def close(self) -> None:
        self._session.close()


def _of_error(raw: Any) -> bytes:
    with closing(raw):
        body = of_error(raw.stream(CHUNK))
    try:
        check_xml(body)
    except ValueError:
        return b""
    return body


def _extent(response: Any, asked: ByteRange) -> tuple[int, int | None]:
    """Return the start of the answer's bytes and the size of the object; ValueError for neither."""
    if (content_range := response.get("ContentRange")) is None:
        total = response.get("ContentLength")
        if total is not None and not 0 <= total < 10**_DIGITS:
            raise ValueError("an object of an impossible size")
        return 0, total
    given = CONTENT_RANGE.fullmatch(content_range)
    if given is None or int(given.group(1)) != asked.start:
        raise RangeError(f"asked for bytes from {asked.start} on, S3 sent {content_range[:80]!r}")
    return asked.start, whole_number(given.group(2))


def _authorities(ca: str | None) -> str | None:
    """Write a file with this authority and the system's, or boto3's; None: boto3's own."""
    if ca is None:
        return None
    system = ssl.get_default_verify_paths().cafile or get_cert_path(True)
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        file.write(Path(system).read_text("utf-8"))
        file.write(f"\n{ca}\n")
    return file.name


def _chunks(body: Any) -> Iterator[bytes]:
    try:
        while chunk := body.read(_READ):
            yield chunk
    except BotoCoreError as error:
        raise TransientError(text_of(error)) from None


def _unreachable(error: BotoCoreError, uri: str) -> Exception:
    if isinstance(error, SSLError):
        return LoadError(
            Reason.FETCH_FAILED,
            f"{shown_uri(uri)}: {text_of(error)}",
            "put the PEM of the endpoint's authority under `ca.crt` into the Secret",
            SOURCE_SECRET,
        )
    return UnreachableError(f"cannot reach S3: {text_of(error)}")
