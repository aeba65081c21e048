"""Which addresses a page may be read from: those that anybody on the internet could reach."""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

# RFC 6052, section 2.1: addresses that a gateway of the network translates to the IPv4 address in the last 32 bits.
_NAT64: Final = IPv6Network("64:ff9b::/96")
# What Python takes for public, in this version or another, and is not.
_INSIDE: Final = (
    ip_network("192.0.0.0/24"),  # RFC 6890: protocol assignments; the metadata of Oracle's cloud
    ip_network("168.63.129.16"),  # reported, Azure docs: the platform's own service on each of its machines
    ip_network("64:ff9b:1::/48"),  # RFC 8215: like NAT64 within one network
    ip_network("fec0::/10"),  # RFC 3879: site-local, deprecated but still around
)

Endpoint = tuple[str, int]
"""An address and a port."""


def is_public(text: str) -> bool:
    """Whether an address belongs to the internet: not private, loopback, link-local, shared, multicast or reserved."""
    address = _meant(ip_address(text))
    outside = not any(address in network for network in _INSIDE)
    return outside and address.is_global and not (address.is_multicast or address.is_reserved)


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
