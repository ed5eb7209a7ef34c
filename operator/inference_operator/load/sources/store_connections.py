"""Checked addresses for the libraries of object stores; the namespace's Secret names them.

The libraries get the identity of a pod by other sessions, which are not checked: it comes from the
metadata service.
"""

import socket
import sys
from typing import Any
from urllib.parse import unquote, urlsplit

from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.poolmanager import pool_classes_by_scheme

from inference_operator.api.problem import SOURCE_SECRET
from inference_operator.api.reasons import Reason
from inference_operator.domain.addresses import ForbiddenAddressError, check_host, is_this_machine
from inference_operator.load.failure import LoadError
from inference_operator.load.sources.credentials import Secret
from inference_operator.load.transfer.connections import connect

Pools = dict[str, type]


def endpoint_of(secret: Secret, expected: str, *keys: str) -> str | None:
    """Return the Secret's address of the service; LoadError where it is not an address."""
    endpoint = secret.first(*keys)
    if endpoint is not None and not _is_address(endpoint):
        raise secret.unusable(
            "`endpoint` is not an address such as http://HOST:PORT or https://HOST:PORT, without a"
            " user or a query",
            expected,
        )
    return endpoint


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_complete = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_complete = is_complete and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    plain = text.isascii() and text.isprintable() and not set(text) & set(" @?#\\")
    return is_complete and plain


def checked_pools(pools: Pools) -> Pools:
    """Return urllib3's pools by scheme, or a library's, with checked addresses."""
    return {scheme: _checked(pool) for scheme, pool in pools.items()}


def check_url(url: str) -> None:
    """Raise LoadError for a host that is a forbidden address: a proxy would connect to it."""
    host = unquote(urlsplit(url).hostname or "")
    try:
        check_host(host, loopback=is_this_machine(host))
    except ForbiddenAddressError as error:
        raise _forbidden(host, error) from None


class CheckedAdapter(HTTPAdapter):
    """An adapter for requests that never connects to a forbidden address."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = checked_pools(pool_classes_by_scheme)


def _checked(pool: Any) -> type:
    connection = pool.ConnectionCls
    checked = type(f"Checked{connection.__name__}", (_Checked, connection), {})
    return type(f"Checked{pool.__name__}", (pool,), {"ConnectionCls": checked})


class _Checked:
    """A connection of urllib3 to an address that may be connected to."""

    def _new_conn(self: Any) -> socket.socket:
        host, port = self._dns_host.strip("[]"), self.port
        loopback = is_this_machine(host)
        try:
            made = connect((host, port), self.timeout, self.source_address, loopback=loopback)
        except ForbiddenAddressError as error:
            # Not an error that urllib3 treats as a broken connection.
            raise _forbidden(host, error) from None
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"connecting to {self.host} timed out") from error
        except OSError as error:
            raise NewConnectionError(self, f"cannot connect: {error}") from error
        for option in self.socket_options or ():
            made.setsockopt(*option)
        sys.audit("http.client.connect", self, self.host, self.port)
        return made


def _forbidden(host: str, error: ForbiddenAddressError) -> LoadError:
    return LoadError(Reason.FETCH_FAILED, f"{host}: {error} in the Secret", path=SOURCE_SECRET)
