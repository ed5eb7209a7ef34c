"""Connections of `load` to hosts that users name: resolved, checked, and only then opened."""

import http.client
import socket
import ssl
import urllib.request
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from inference_operator.domain.addresses import (
    check_address,
    check_host,
    is_this_machine,
)

CONNECT_TIMEOUT_SECONDS = 10.0
"""Limit for one address to accept a connection. Its answers may take longer."""


def connect(
    address: tuple[str, int],
    timeout: float | None = None,
    source_address: tuple[str, int] | None = None,
    *,
    loopback: bool = True,
) -> socket.socket:
    """Connect to the first address of the host that may be connected to.

    ForbiddenAddressError where none may. The checked address itself is used: a second answer of a
    name server could have another one.
    """
    host, port = address
    given = timeout if isinstance(timeout, int | float) else socket.getdefaulttimeout()
    limit = CONNECT_TIMEOUT_SECONDS if given is None else min(given, CONNECT_TIMEOUT_SECONDS)
    failure: OSError | None = None
    for *_, (ip, *_rest) in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        try:
            check_address(str(ip), loopback=loopback)
            made = socket.create_connection((str(ip), port), limit, source_address)
            made.settimeout(given)
            return made
        except TimeoutError:
            failure = TimeoutError(f"no connection within {limit:g} s")
        except OSError as error:
            failure = error
    raise failure or OSError(f"{host} has no address")


class _Plain(http.client.HTTPConnection):
    """HTTP with checked addresses."""

    def __init__(self, *args: Any, loopback: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        _check_with(self, loopback)


class _Encrypted(http.client.HTTPSConnection):
    """HTTPS with checked addresses."""

    def __init__(self, *args: Any, loopback: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        _check_with(self, loopback)


def _check_with(connection: http.client.HTTPConnection, loopback: bool) -> None:
    def opened(*args: Any) -> socket.socket:
        return connect(*args, loopback=loopback)

    # http.client's own seam: it makes each of its sockets by this.
    connection._create_connection = opened  # type: ignore[attr-defined]


class CheckedHttp(urllib.request.HTTPHandler):
    """Opens http addresses."""

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_Plain, loopback=_allows_loopback(req)), req)


class CheckedHttps(urllib.request.HTTPSHandler):
    """Opens https addresses, with one trust for all."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self._trust = context

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        connection = partial(_Encrypted, loopback=_allows_loopback(req), context=self._trust)
        return self.do_open(connection, req)


def _allows_loopback(request: urllib.request.Request) -> bool:
    """Return whether loopback is allowed: first address, redirect from this machine, or proxy.

    ForbiddenAddressError for a host that is a forbidden address, which a proxy would connect to.
    """
    # urllib marks what follows a redirect as not verified by the user.
    is_first = not request.unverifiable
    from_here = is_first or is_this_machine(request.origin_req_host)
    host = unquote(urlsplit(request.full_url).hostname or "")
    check_host(host, loopback=from_here)
    is_proxied = request.has_proxy() or getattr(request, "_tunnel_host", None) is not None
    return from_here or is_proxied
