"""Which addresses a page may be read from: those that anybody on the internet could reach."""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

# RFC 6052, section 2.1: addresses that a gateway of the network translates to the IPv4 address in the last 32 bits.
_NAT64: Final = IPv6Network("64:ff9b::/96")
# RFC 8215: the same within one network.
_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")
# Reported, Azure docs (what-is-ip-address-168-63-129-16): public by its number, but the platform's own on each host.
_AZURE: Final = ip_address("168.63.129.16")

Endpoint = tuple[str, int]
"""An address and a port."""


def is_public(text: str) -> bool:
    """Whether an address belongs to the internet: not private, loopback, link-local, shared, multicast or reserved."""
    address = _meant(ip_address(text))
    if isinstance(address, IPv6Address) and address in _LOCAL_NAT64:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address == _AZURE)


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for, else itself."""
    if not isinstance(address, IPv6Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class Gate:
    """Makes the sockets of a client, to public addresses and the endpoints of `open_to` only.

    It sees the very address that is connected to, however it was found: by a redirect, or by a name that meant another
    one a moment ago. Refuses with OSError, and `refused` is then set.
    """

    def __init__(self, open_to: Collection[Endpoint] = ()) -> None:
        self._open_to = open_to
        self.refused = False

    def __call__(self, info: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
        """A socket for what `getaddrinfo` has given."""
        family, kind, protocol, _, (host, port, *_) = info
        if not is_public(host) and (host, port) not in self._open_to:
            self.refused = True
            raise PermissionError("not a public address")
        return socket.socket(family, kind, protocol)
