from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tools.read_page.addresses import Gate, is_public


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101", "::ffff:8.8.8.8"]
)
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1", "192.0.2.1"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "2001::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"),
        *("2002:7f00:1::", "2002:a00:1::1", "::127.0.0.1", "fec0::1"),
    ],
)
def test_what_is_not_the_internet_is_not(address: str) -> None:
    assert not is_public(address)


def test_a_gate_makes_no_socket_to_what_is_not_public() -> None:
    gate = Gate()
    with pytest.raises(PermissionError):
        gate((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80)))
    assert gate.refused


def test_a_gate_is_open_to_one_endpoint_and_not_to_its_neighbours() -> None:
    gate = Gate([("127.0.0.1", 8080)])
    gate((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 8080))).close()
    for endpoint in (("127.0.0.1", 8081), ("127.0.0.2", 8080)):
        with pytest.raises(PermissionError):
            gate((socket.AF_INET, socket.SOCK_STREAM, 6, "", endpoint))


@given(st.ip_addresses(v=4))
def test_an_address_is_no_more_public_in_the_clothes_of_another_version(address: object) -> None:
    public = is_public(str(address))
    mapped = f"::ffff:{address}"
    assert is_public(mapped) == public
