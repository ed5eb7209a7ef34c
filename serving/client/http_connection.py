"""Connection to one address over HTTP: the official client, with a time to connect and with TLS."""

import socket
import ssl
from ipaddress import ip_address

import aiohttp
from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from tritonclient.http.aio import InferenceServerClient

from serving.client.bounded_response import bounded
from serving.settings.places import IPV4
from serving.settings.triton import TargetSettings, TritonSettings

CONNECTIONS = 100
"""The most connections to one server; more calls wait for one."""


class HttpConnection(InferenceServerClient):  # type: ignore[misc]
    """The official client, which by itself waits a minute for a server that is gone.

    The URL keeps the name of the target, whatever the address: it is what TLS checks.
    """

    def __init__(
        self,
        address: str,
        target: TargetSettings,
        settings: TritonSettings,
        context: ssl.SSLContext | None,
    ) -> None:
        super(InferenceServerClient, self).__init__()
        self._url = f"{'https' if target.tls else 'http'}://{_name_of(address, target)}"
        self._verbose = False
        host = address.rpartition(":")[0].strip("[]")
        self._conn = aiohttp.TCPConnector(
            ssl=context or True, limit=CONNECTIONS, resolver=_Fixed(host), use_dns_cache=False
        )
        self._stub = aiohttp.ClientSession(
            connector=self._conn,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.connect_timeout),
            auto_decompress=False,
            headers={"accept-encoding": "identity"},
            response_class=bounded(settings.most_message_bytes),
        )


def context_of(target: TargetSettings) -> ssl.SSLContext | None:
    """Return what checks the server's certificate; None without TLS.

    Raises:
        ValueError: if the file of authorities cannot be read.
    """
    if not target.tls:
        return None
    try:
        return ssl.create_default_context(cafile=target.ca_file or None)
    except OSError as error:
        raise unreadable(target, error) from error


def unreadable(target: TargetSettings, error: OSError) -> ValueError:
    """Return the error of a file of authorities that cannot be used."""
    return ValueError(
        f"triton.targets of {target.address}: ca_file: found {target.ca_file!r}"
        f" ({error.strerror or error}), expected a PEM file of authorities; correct the path"
    )


class _Fixed(AbstractResolver):
    """The one host, by name or number, that stands for every name."""

    def __init__(self, host: str) -> None:
        self._ip = host

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if not _is_ip(self._ip):
            return await ThreadedResolver().resolve(self._ip, port, family)
        own = socket.AF_INET6 if ":" in self._ip else socket.AF_INET
        return [
            ResolveResult(
                hostname=host,
                host=self._ip,
                port=port,
                family=own,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None: ...


def _name_of(address: str, target: TargetSettings) -> str:
    """Return host and port of the URL."""
    port = address.rpartition(":")[2]
    if target.authority:
        return f"{target.authority.partition(':')[0]}:{port}"
    return address if target.address.startswith(IPV4) else target.address


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
