"""Where nothing is sent."""

import pytest

from inference_operator.domain.addresses import (
    ForbiddenAddressError,
    check_address,
    check_host,
    is_this_machine,
)

FORBIDDEN = [
    "169.254.169.254",
    "169.254.170.2",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd00:42::42",
    "fd00:c1::a9fe:a9fe",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::a9fe:a9fe",
    "64:ff9b:1:a9fe:a9:fe00::",
    "64:ff9b:1:a9:fe:a9fe::",
    "64:ff9b:1:0:a9:fea9:fe00:0",
    "::ffff:0:169.254.169.254",
    "2002:a9fe:a9fe::1",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "::ffff:0.0.0.0",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
]
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]
ALLOWED = [
    "10.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "100.64.0.1",
    "fd00::1",
    "93.184.216.34",
    "2a00::1",
    "fd00:ec3::1",
    "64:ff9b:1::10.0.0.1",
]


@pytest.mark.parametrize("address", FORBIDDEN)
@pytest.mark.parametrize("loopback", [True, False])
def test_nothing_is_sent_to_the_machine_beneath(address: str, loopback: bool) -> None:
    with pytest.raises(ForbiddenAddressError, match="from which artifacts are not fetched"):
        check_address(address, loopback=loopback)


@pytest.mark.parametrize("address", LOOPBACK)
def test_this_machine_is_allowed_where_it_is_meant(address: str) -> None:
    check_address(address)
    with pytest.raises(ForbiddenAddressError, match="loopback"):
        check_address(address, loopback=False)


@pytest.mark.parametrize("address", ALLOWED)
def test_networks_of_clusters_are_allowed(address: str) -> None:
    check_address(address, loopback=False)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[fe80::1]",
        "2852039166",
        "0xa9fea9fe",
        "0xA9.0xFE.0xA9.0xFE",
        "169.16689662",
        "169.254.169.254.",
        "0251.0376.0251.0376",
        "0xa9fea9fe.",
        "2852039166.",
        "[fe80::1%25eth0]",
        "\u2460\uff16\uff19.254.169.254",
        "169\u3002254\uff0e169\uff61254",
        "\u0661\u0666\u0669.254.169.254",
    ],
)
def test_an_address_in_another_form_is_still_the_address(host: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        check_host(host)


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0177.0.0.1"])
def test_this_machine_in_another_form_is_still_this_machine(host: str) -> None:
    check_host(host)
    with pytest.raises(ForbiddenAddressError):
        check_host(host, loopback=False)


@pytest.mark.parametrize("host", ["models.example", "localhost", "", "a b", "10.0.0.1", "\x00"])
def test_names_pass(host: str) -> None:
    check_host(host, loopback=False)


def test_this_machine_has_several_names() -> None:
    assert all(
        map(is_this_machine, ("localhost", "LOCALHOST.", "a.localhost", "127.3.2.1", "[::1]"))
    )
    assert not any(map(is_this_machine, ("models.example", "10.0.0.1", "localhost.example", "")))
