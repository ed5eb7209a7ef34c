"""Checks of redirects that a session follows, and of the addresses that it connects to.

An encrypted request stays encrypted. Link-local addresses are refused, and so is a redirect from
another host to a loopback address: the operator's own network has private services.
"""

import socket
from contextvars import ContextVar
from types import SimpleNamespace
from urllib.parse import urljoin, urlsplit

import aiohttp

from inference_operator.api.shown_uri import shown_uri
from inference_operator.domain.addresses import (
    ForbiddenAddressError,
    check_address,
    check_host,
    is_this_machine,
)

# True if the current request may connect to this machine.
_LOOPBACK: ContextVar[bool] = ContextVar("loopback", default=True)


class InsecureRedirectError(aiohttp.ClientError):
    """An https address redirects to one that is not, or an address to one that is forbidden."""


def checked_connector() -> aiohttp.TCPConnector:
    """Return a session's connector, which refuses forbidden addresses after name resolution."""
    return aiohttp.TCPConnector(socket_factory=_open)


def checked_redirects() -> aiohttp.TraceConfig:
    """Return a session's trace: an insecure redirect raises InsecureRedirectError."""
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_begin)
    trace.on_request_redirect.append(_check)
    return trace


def _open(address: aiohttp.AddrInfoType) -> socket.socket:
    """Return a socket for the resolved address of a connection."""
    family, kind, protocol, _, (ip, *_) = address
    check_address(str(ip), loopback=_LOOPBACK.get())
    return socket.socket(family, kind, protocol)


async def _begin(
    _: object, context: SimpleNamespace, start: aiohttp.TraceRequestStartParams
) -> None:
    context.is_here = is_this_machine(start.url.host or "")
    _LOOPBACK.set(True)


async def _check(
    _: object, context: SimpleNamespace, redirect: aiohttp.TraceRequestRedirectParams
) -> None:
    answer = redirect.response
    address = urljoin(str(answer.url), answer.headers.get("Location", ""))
    to = urlsplit(address)
    if answer.url.scheme == "https" and to.scheme != "https":
        answer.close()
        raise InsecureRedirectError(
            f"it redirects to {shown_uri(address)}, and only https is followed: let it, or the"
            " proxy before it, redirect to https"
        )
    _LOOPBACK.set(context.is_here)
    try:
        check_host(to.hostname or "", loopback=context.is_here)
    except ForbiddenAddressError as error:
        answer.close()
        raise InsecureRedirectError(f"it redirects to {shown_uri(address)}: {error}") from None
