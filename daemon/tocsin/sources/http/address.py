"""Check of the network addresses that a source may reach.

Feeds name addresses, and who writes a feed or its DNS must not make the daemon fetch from the machine it runs on, from
the network behind it or from the metadata service of its cloud. The check is about addresses, never about names: it is
asked for the address a socket is about to connect to.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from tocsin.errors import Fault, SourceError

_Network = IPv4Network | IPv6Network


def _networks(**names: str) -> tuple[tuple[_Network, str], ...]:
    """Return networks, each with the reason why it is not reached."""
    return tuple(
        (ip_network(one), reason.replace("_", "-")) for reason, all_of in names.items() for one in all_of.split()
    )


#: Never reachable, whatever a source may. RFC 6890 and the IANA registries of special-purpose addresses.
_FORBIDDEN = _networks(
    metadata="169.254.169.254/32 100.100.100.200/32 168.63.129.16/32 192.0.0.192/32 fd00:ec2::254/128 fd20:ce::254/128",
    link_local="169.254.0.0/16 fe80::/10",
    unspecified="0.0.0.0/8 ::/128",
    multicast="224.0.0.0/4 ff00::/8",
    reserved="192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 2001:db8::/32 3fff::/20",
)
#: Reachable for a source with `allow_private`.
_PRIVATE = _networks(
    loopback="127.0.0.0/8 ::1/128",
    private="10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 198.18.0.0/15 fc00::/7 fec0::/10",
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291, deprecated
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that is assigned
#: Names that mean something inside only; a proxy may resolve them where we cannot.
_INSIDE = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa")


def check(address: str, *, allow_private: bool = False) -> str:
    """Return why *address* may not be reached, in a word or two; empty when it may.

    *address* is an IPv4 or IPv6 address as a socket names it, a scope behind `%` included. An IPv6 address that
    carries an IPv4 address (mapped, 6to4, Teredo, NAT64) is judged by that one. *allow_private* permits loopback and
    private networks; link-local, metadata, multicast and reserved addresses stay forbidden.
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return "unreadable"
    return _judge(ip, allow_private=allow_private)


def _judge(ip: IPv4Address | IPv6Address, *, allow_private: bool) -> str:
    tables = _FORBIDDEN if allow_private else _FORBIDDEN + _PRIVATE
    if reason := next((reason for network, reason in tables if ip in network), ""):
        return reason
    if isinstance(ip, IPv4Address) or any(ip in network for network, _ in _PRIVATE):
        return ""
    inner = _carried(ip)
    if inner:
        return next(filter(None, (_judge(each, allow_private=allow_private) for each in inner)), "")
    return "" if ip in _GLOBAL_UNICAST else "reserved"


def _carried(ip: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses to which packets for *ip* may go; none for a plain IPv6 address."""
    if ip.ipv4_mapped:
        return (ip.ipv4_mapped,)
    if ip.sixtofour:
        return (ip.sixtofour,)
    if ip.teredo:
        return ip.teredo
    if ip in _NAT64 or ip in _COMPATIBLE:
        return (IPv4Address(int(ip) & 0xFFFF_FFFF),)
    return ()


async def check_name(host: str) -> None:
    """Check that *host* is no address inside, as far as can be known here.

    A name that only the proxy can resolve is left to it, unless it is one that means something inside only.

    Raises:
        SourceError: BLOCKED_ADDRESS.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        if "." not in host or host.endswith(_INSIDE):
            raise SourceError(
                f"{host} is a name inside; the proxy is not asked for it", fault=Fault.BLOCKED_ADDRESS
            ) from None
        return
    for *_, address in found:
        if reason := check(str(address[0])):
            raise SourceError(
                f"{host} has a {reason} address; the proxy is not asked for it", fault=Fault.BLOCKED_ADDRESS
            )
