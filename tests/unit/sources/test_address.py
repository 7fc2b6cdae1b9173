"""Which addresses a source may reach."""

import pytest

from tocsin.sources.http.address import check


@pytest.mark.parametrize(
    ("address", "reason", "allowed"),
    [
        ("8.8.8.8", "", ""),
        ("2606:4700::1111", "", ""),
        ("127.0.0.1", "loopback", ""),
        ("127.8.9.1", "loopback", ""),
        ("::1", "loopback", ""),
        ("10.1.2.3", "private", ""),
        ("172.31.0.1", "private", ""),
        ("192.168.1.7", "private", ""),
        ("100.64.0.1", "private", ""),
        ("198.18.0.9", "private", ""),
        ("fd12::1", "private", ""),
        ("fec0::1", "private", ""),
        ("169.254.169.254", "metadata", "metadata"),
        ("100.100.100.200", "metadata", "metadata"),
        ("168.63.129.16", "metadata", "metadata"),
        ("192.0.0.192", "metadata", "metadata"),
        ("fd00:ec2::254", "metadata", "metadata"),
        ("fd20:ce::254", "metadata", "metadata"),
        ("169.254.3.4", "link-local", "link-local"),
        ("fe80::1%eth0", "link-local", "link-local"),
        ("0.0.0.0", "unspecified", "unspecified"),
        ("::", "unspecified", "unspecified"),
        ("224.0.0.1", "multicast", "multicast"),
        ("ff02::1", "multicast", "multicast"),
        ("255.255.255.255", "reserved", "reserved"),
        ("192.88.99.1", "reserved", "reserved"),
        ("203.0.113.9", "reserved", "reserved"),
        ("2001:db8::1", "reserved", "reserved"),
        ("4000::1", "reserved", "reserved"),
        ("64:ff9b:1::a00:1", "reserved", "reserved"),
        ("::ffff:0:7f00:1", "reserved", "reserved"),
        ("240.0.0.1", "reserved", "reserved"),
        ("192.0.2.1", "reserved", "reserved"),
        ("198.51.100.1", "reserved", "reserved"),
        ("239.255.255.250", "multicast", "multicast"),
        ("169.254.169.254%eth0", "metadata", "metadata"),
        ("::1%lo", "loopback", ""),
        ("127.1", "unreadable", "unreadable"),
        ("0177.0.0.1", "unreadable", "unreadable"),
        ("2130706433", "unreadable", "unreadable"),
        ("", "unreadable", "unreadable"),
        ("no address", "unreadable", "unreadable"),
    ],
    ids=lambda value: value or "fine",
)
def test_an_address_is_judged_by_its_network(address, reason, allowed):
    """A feed cannot make the daemon fetch from its own machine; the operator may allow his own network, never more."""
    assert check(address) == reason
    assert check(address, allow_private=True) == allowed


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:8.8.8.8", ""),
        ("::ffff:169.254.169.254", "metadata"),
        ("::10.0.0.1", "private"),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b::808:808", ""),
        ("64:ff9b::a9fe:a9fe", "metadata"),
        ("::a9fe:a9fe", "metadata"),
        ("2002:a9fe:a9fe::", "metadata"),
        ("2002:c0a8:107::1", "private"),
        ("2001:0:7f00:1:0:0:f7f7:f7f7", "loopback"),
        ("::ffff:a00:1%eth0", "private"),
        ("2002:7f00:1::", "loopback"),
        ("2002:808:808::1", ""),
        ("2001:0:808:808:0:0:80ff:fffe", "loopback"),
        ("2001:0:808:808:0:0:f7f7:f7f7", ""),
    ],
)
def test_an_address_inside_an_address_is_found(address, reason):
    """Writing 127.0.0.1 as an IPv6 address is no way in, and IPv6-only networks still reach the world by NAT64."""
    assert check(address) == reason
