"""A name server on loopback with one name, whose addresses a test changes: a headless Service."""

import asyncio
import socket
import struct
from ipaddress import IPv4Address
from typing import Self

from hack.services.server_process import free_ports

_QUERY_END = 12
_TYPE_A, _CLASS_IN = 1, 1
_HOST, _NAME = "127.0.0.1", "pods.test"


class NameServer(asyncio.DatagramProtocol):
    """`async with NameServer() as names:` ... `names.addresses = {"127.0.0.1"}`. UDP, A records."""

    def __init__(self) -> None:
        self.addresses: set[str] = set()
        self.questions = 0
        (self._port,) = free_ports(1)
        self._transport: asyncio.DatagramTransport | None = None

    def target(self, port: int) -> str:
        """Return what gRPC's own resolver asks this server for."""
        return f"dns://{_HOST}:{self._port}/{_NAME}:{port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        where = (_HOST, self._port)
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=where, family=socket.AF_INET
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._transport is not None
        self._transport.close()

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Answer one question; other types than A have no records."""
        assert self._transport is not None
        self.questions += 1
        end = data.index(b"\0", _QUERY_END) + 5
        kind, _ = struct.unpack("!HH", data[end - 4 : end])
        records = sorted(self.addresses) if kind == _TYPE_A else []
        head = data[:2] + struct.pack("!HHHHH", 0x8180, 1, len(records), 0, 0)
        answers = b"".join(
            struct.pack("!HHHIH", 0xC00C, _TYPE_A, _CLASS_IN, 0, 4) + IPv4Address(each).packed
            for each in records
        )
        self._transport.sendto(head + data[_QUERY_END:end] + answers, address)
