"""Upload of one file by PUT over https, also to a Service of the cluster."""

import http.client
import re
import socket
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from inference_operator.api.quoting import beginning
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.cli.port_forward import port_forward
from inference_operator.cli.push import PushError, Upload
from inference_operator.domain.http_credentials import Credentials, CredentialsError, trust
from inference_operator.load.failure import LoadError
from inference_operator.load.sources.credentials import Secret, http_credentials
from inference_operator.load.transfer.transport import READ_TIMEOUT_SECONDS

_SERVICE = re.compile(r"([a-z0-9-]+)\.([a-z0-9-]+)\.svc(\.cluster\.local)?\.?", re.ASCII)
_ANSWER = 4096


class _Forwarded(http.client.HTTPSConnection):
    """A connection to another address than that of its host, whose certificate it demands."""

    def __init__(self, host: str, reached: tuple[str, int], **options: Any) -> None:
        super().__init__(host, **options)
        self._reached = reached
        # http.client's own seam: it makes each of its sockets by this.
        self._create_connection = self._connect

    def _connect(self, _: Any, timeout: Any, source_address: Any) -> socket.socket:
        return socket.create_connection(self._reached, timeout, source_address)


def push_https(upload: Upload) -> None:
    """Send the file with the Secret's credentials; redirects are not followed."""
    if upload.path.is_dir():
        raise PushError(f"{upload.path}: found a folder, expected a file; pack it as .tar.gz")
    uri = upload.source.text
    parts = urlsplit(uri)
    try:
        host, port = parts.hostname or "", 443 if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise PushError(f"{shown_uri(uri)}: found no usable port, expected 1 to 65535; correct it")
    held = Credentials()
    if upload.secret_name:
        held = http_credentials(Secret(upload.secret_name, upload.secret))
    with ExitStack() as stack:
        reached = (host, port)
        if (service := _SERVICE.fullmatch(host)) is not None:
            name, namespace = service.group(1), service.group(2)
            forward = port_forward(upload.context, namespace, name, port)
            reached = stack.enter_context(forward)
        connection = _connection(f"{host}:{port}", reached, held)
        stack.callback(connection.close)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        _put(connection, target, upload, held)


def _connection(host: str, reached: tuple[str, int], held: Credentials) -> _Forwarded:
    try:
        context = trust(held.ca)
    except CredentialsError as error:
        raise PushError(str(error)) from None
    return _Forwarded(host, reached, timeout=READ_TIMEOUT_SECONDS, context=context)


def _put(connection: _Forwarded, target: str, upload: Upload, held: Credentials) -> None:
    headers = {"Content-Length": str(upload.size), "Content-Type": "application/octet-stream"}
    if held.authorization:
        headers["Authorization"] = held.authorization
    shown = shown_uri(upload.source.text)
    try:
        with upload.path.open("rb") as file:
            connection.request("PUT", target, file, headers)
        response = connection.getresponse()
        text = beginning(response.read(_ANSWER).decode("utf-8", "replace"), 200)
    except (OSError, http.client.HTTPException) as error:
        raise LoadError(Reason.FETCH_FAILED, f"{shown}: {error or type(error).__name__}") from None
    if not 200 <= response.status < 300:
        remedy = "use a server that takes PUT, and a --secret that may write"
        message = f"{shown} answered {response.status} {text or response.reason}"
        raise LoadError(Reason.FETCH_FAILED, message, remedy)
