"""Addresses behind a name: those of all pods, if the name is that of a headless Service."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

from serving.settings.places import IPV4

Resolve = Callable[[str], Awaitable[tuple[str, ...]]]
MOST_ADDRESSES = 1000


async def resolve(address: str) -> tuple[str, ...]:
    """Return each `IP:PORT` behind `HOST:PORT`, sorted; those of `ipv4:IP:PORT,...` as they are.

    Only IPv4 is returned if there is any: a pod may have one address of each family, and must count
    once.

    Raises:
        OSError: if the name has no address.
    """
    if address.startswith(IPV4):
        return tuple(sorted(address.removeprefix(IPV4).split(",")))
    host, _, port = address.rpartition(":")
    loop = asyncio.get_running_loop()
    try:
        entries = await loop.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host} is no name of a host") from error
    four = {f"{entry[4][0]}:{port}" for entry in entries if entry[0] == socket.AF_INET}
    six = {f"[{entry[4][0]}]:{port}" for entry in entries if entry[0] == socket.AF_INET6}
    return tuple(sorted(four or six)[:MOST_ADDRESSES])
