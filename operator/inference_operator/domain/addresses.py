"""Checks of addresses in untrusted text: to some of them, nothing may be sent."""

import ipaddress
import unicodedata
from collections.abc import Iterator

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Services of clouds that hand out the machine's credentials, at addresses of other ranges.
# Amazon's (also for the identities of pods), Scaleway's, Oracle's and Google's over IPv6; those of
# Alibaba, Azure and Oracle.
_METADATA = tuple(
    map(
        ipaddress.ip_network,
        (
            "fd00:ec2::/32",
            "fd00:42::/32",
            "fd00:c1::a9fe:a9fe",
            "fd20:ce::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
        ),
    )
)
# Characters that resolvers accept as the dot between the parts of a name.
_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
# Networks of IPv6 that lead to the IPv4 address in their last 32 bits.
_EMBEDDING = tuple(
    map(
        ipaddress.ip_network,
        ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96", "::/96"),
    )
)
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")


class ForbiddenAddressError(OSError):
    """A host is, or resolves to, an address to which nothing may be sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        # aiohttp shows this text of an error.
        self.strerror = message


def check_address(address: str, *, loopback: bool = True) -> None:
    """Raise ForbiddenAddressError if nothing may be sent to the IP address. `loopback`: whether
    this machine itself is allowed. Private networks are allowed: clusters have them."""
    for reached in _meant(ipaddress.ip_address(address)):
        if kind := _kind(reached, loopback):
            raise ForbiddenAddressError(
                f"the address {address} is {kind}, from which artifacts are not fetched: name a"
                " host with another address"
            )


def check_host(host: str, *, loopback: bool = True) -> None:
    """Check a host that is an IP address, in any form; names pass. A proxy resolves the host by
    itself, so that only this check sees it."""
    host = unicodedata.normalize("NFKC", host.translate(_DOTS)).strip("[]").rstrip(".")
    try:
        check_address(host, loopback=loopback)
    except ForbiddenAddressError:
        raise
    except ValueError:
        if (number := _ipv4_number(host)) is not None:
            check_address(str(ipaddress.IPv4Address(number)), loopback=loopback)


def is_this_machine(host: str) -> bool:
    """Return whether the host names the machine itself: localhost, or a loopback address."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _ipv4_number(host: str) -> int | None:
    """Return the number of an IPv4 address in any form that resolvers accept: 2852039166,
    0xa9fea9fe, 169.16689662. Return None for everything else."""
    parts = host.lower().split(".")
    if len(parts) > 4 or len(host) > 64:
        return None
    address = 0
    for index, part in enumerate(parts):
        hexadecimal, octal = part.startswith("0x"), part.startswith("0")
        try:
            number = int(part, 16 if hexadecimal else 8 if octal else 10)
        except ValueError:
            return None
        # The last part fills all bytes that are left.
        bytes_left = 4 - index if index == len(parts) - 1 else 1
        if not 0 <= number < 256**bytes_left:
            return None
        address = address * 256**bytes_left + number
    return address


def _meant(address: _Address) -> tuple[_Address, ...]:
    """Return the address, and the IPv4 addresses that it leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    addresses: list[_Address] = [address]
    addresses.extend(each for each in (address.ipv4_mapped, address.sixtofour) if each is not None)
    addresses.extend(address.teredo or ())
    # `::` and `::1` are themselves, not IPv4 addresses.
    if int(address) > 1 and any(address in network for network in _EMBEDDING):
        addresses.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address in _LOCAL_NAT64:
        addresses.extend(_translated(address.packed))
    return tuple(addresses)


def _translated(address: bytes) -> Iterator[ipaddress.IPv4Address]:
    """Yield the targets of a translator's address, for prefixes of any length (RFC 6052)."""
    for ipv4 in (address[6:8] + address[9:11], address[7:8] + address[9:12], address[9:13]):
        # These bytes begin with zeros in an address of another length.
        if ipv4[0]:
            yield ipaddress.IPv4Address(ipv4)


def _kind(address: _Address, loopback: bool) -> str:
    """Return the reason that forbids the address; empty if it is allowed."""
    if address.is_link_local or _is_metadata(address):
        return "link-local or a cloud's metadata service"
    if address.is_multicast or address == ipaddress.IPv4Address("255.255.255.255"):
        return "a multicast or broadcast address"
    if address.is_unspecified or address in _THIS_NETWORK:
        return "the unspecified address"
    if address.is_loopback and not loopback:
        return "loopback, which a redirect from another host may not lead to"
    return ""


def _is_metadata(address: _Address) -> bool:
    return any(_without_scope(address) in network for network in _METADATA)


def _without_scope(address: _Address) -> _Address:
    return ipaddress.IPv6Address(int(address)) if address.version == 6 else address
