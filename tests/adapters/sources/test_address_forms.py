"""Every way to write an address that a feed may not reach, and names that change what they mean."""

import asyncio
import socket

import pytest
from aiohttp import web

from tocsin.errors import Fault, SourceError
from tocsin.sources.http.client import HttpClient, Limits

BLOCKED = Fault.BLOCKED_ADDRESS

#: The authority of a URL, with the port that the server has, and what becomes of it.
LOOPBACK = [
    pytest.param("127.0.0.1:{port}", BLOCKED, id="plain"),
    pytest.param("127.1:{port}", None, id="short"),
    pytest.param("127.0.1:{port}", None, id="short, three parts"),
    pytest.param("0177.0.0.1:{port}", None, id="octal"),
    pytest.param("0x7f.0.0.1:{port}", BLOCKED, id="hex"),
    pytest.param("0x7f.0x0.0x0.0x1:{port}", BLOCKED, id="hex, all parts"),
    pytest.param("2130706433:{port}", None, id="decimal"),
    pytest.param("0x7f000001:{port}", None, id="hex, one part"),
    pytest.param("017700000001:{port}", None, id="octal, one part"),
    pytest.param("0:{port}", None, id="zero"),
    pytest.param("0.0.0.0:{port}", BLOCKED, id="unspecified"),
    pytest.param("127.0.0.1.:{port}", BLOCKED, id="a dot behind"),
    pytest.param("localhost.:{port}", BLOCKED, id="a dot behind a name"),
    pytest.param("LOCALHOST:{port}", BLOCKED, id="capitals"),
    pytest.param("①②⑦.⓪.⓪.①:{port}", BLOCKED, id="digits in circles"),
    pytest.param("127。0。0。1:{port}", BLOCKED, id="ideographic dots"),
    pytest.param("１２７.0.0.1:{port}", BLOCKED, id="wide digits"),
    pytest.param("[::1]:{port}", BLOCKED, id="v6"),
    pytest.param("[0:0:0:0:0:0:0:1]:{port}", BLOCKED, id="v6 in full"),
    pytest.param("[::]:{port}", BLOCKED, id="v6 unspecified"),
    pytest.param("[::1%25lo]:{port}", None, id="v6 with a zone"),
    pytest.param("[::1%lo]:{port}", None, id="v6 with a bare zone"),
    pytest.param("[::127.0.0.1]:{port}", BLOCKED, id="v4-compatible"),
    pytest.param("[::ffff:127.0.0.1]:{port}", BLOCKED, id="v4-mapped"),
    pytest.param("[::ffff:7f00:1]:{port}", BLOCKED, id="v4-mapped in hex"),
    pytest.param("[::ffff:0:7f00:1]:{port}", BLOCKED, id="v4-translated"),
    pytest.param("[64:ff9b::7f00:1]:{port}", BLOCKED, id="NAT64"),
    pytest.param("[64:ff9b:1::7f00:1]:{port}", BLOCKED, id="NAT64 of a network"),
    pytest.param("[2002:7f00:1::]:{port}", BLOCKED, id="6to4"),
    pytest.param("[2001:0:808:808::80ff:fffe]:{port}", BLOCKED, id="Teredo"),
    pytest.param("news.invalid@127.0.0.1:{port}", BLOCKED, id="a host as user"),
    pytest.param("news.invalid:80@127.0.0.1:{port}", BLOCKED, id="a host and port as user"),
    pytest.param("a@b@127.0.0.1:{port}", None, id="two users"),
    pytest.param("news.invalid\\@127.0.0.1:{port}", None, id="a backslash"),
    pytest.param("127.0.0.1:{port}\\@news.invalid", None, id="a backslash behind"),
    pytest.param("127.0.0.1:{port}#@news.invalid", BLOCKED, id="a fragment"),
    pytest.param("127.0.0.1:{port}%2f@news.invalid", None, id="an escaped slash"),
    pytest.param("news.invalid%00@127.0.0.1:{port}", None, id="an escaped NUL"),
    pytest.param("127.0.0.1\t:{port}", BLOCKED, id="a tab"),
    pytest.param("127.0.0.1%0d%0aX:{port}", None, id="an escaped line end"),
]


@pytest.mark.parametrize(("authority", "fault"), LOOPBACK)
def test_no_form_of_loopback_is_reached(visit, authority, fault):
    """However it is written, a source without the right reaches nothing on this machine; None: for another reason, too."""

    async def scene(site, http):
        site.answers["/feed"] = site.answers["/"] = web.Response(body=b"inside")
        with pytest.raises(SourceError) as caught:
            await http.fetch(f"http://{authority.format(port=site.port)}/feed")
        return caught.value.fault, len(site.requests)

    found, requests = visit(scene, limits=Limits(connect=2, total=4))
    assert requests == 0
    assert found is (fault or found)


METADATA = [
    pytest.param("169.254.169.254", id="plain"),
    pytest.param("169.254.43518", id="short"),
    pytest.param("0xa9.0xfe.0xa9.0xfe", id="hex"),
    pytest.param("0251.0376.0251.0376", id="octal"),
    pytest.param("[::ffff:169.254.169.254]", id="v4-mapped"),
    pytest.param("[::a9fe:a9fe]", id="v4-compatible"),
    pytest.param("[64:ff9b::a9fe:a9fe]", id="NAT64"),
    pytest.param("[2002:a9fe:a9fe::1]", id="6to4"),
    pytest.param("[fd00:ec2::254]", id="v6"),
    pytest.param("[fe80::a9fe:a9fe]", id="link-local"),
    pytest.param("user@169.254.169.254", id="a user"),
    pytest.param("169.254.169.254.", id="a dot behind"),
    pytest.param("100.100.100.200", id="of another cloud"),
    pytest.param("168.63.129.16", id="of a third cloud"),
    pytest.param("224.0.0.1", id="multicast"),
    pytest.param("0.0.0.0", id="unspecified"),
]


@pytest.mark.parametrize("authority", METADATA)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_leads_where_nobody_may_go(visit, authority, status):
    """Not even from a server of the operator's own: a hole there is no way to the keys of his cloud."""

    async def scene(site, http):
        site.answers["/feed"] = web.Response(status=status, headers={"Location": f"http://{authority}/latest/"})
        with pytest.raises(SourceError) as caught:
            await http.fetch(f"{site.base}/feed", allow_private=True)
        return caught.value

    error = visit(scene)
    # Not even asked for, as no address at all, or refused when it came to the socket.
    assert "InvalidUrlClientError" in str(error) or error.fault is BLOCKED


class _Network(asyncio.SelectorEventLoop):
    """A loop with a name server of its own, from which no packet leaves this machine."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = list(answers)
        self.reached = []

    async def getaddrinfo(self, host, port, **_):
        """The next answer; the last one for ever."""
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    async def sock_connect(self, sock, address):
        """Loopback for real; whoever else is refused."""
        self.reached.append(address[0])
        if not address[0].startswith("127."):
            raise ConnectionRefusedError(111, "refused")
        await super().sock_connect(sock, address)


def _ask(*answers, times=1, allow_private=False):
    """Bodies or faults of fetches by name with these answers of the name server, and where it was connected to."""

    async def answer(_):
        return web.Response(body=b"inside")

    async def play():
        runner = web.AppRunner(web.Application())
        runner.app.router.add_get("/feed", answer)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        found = []
        for _ in range(times):
            async with HttpClient() as http:  # each with an empty memory of names
                try:
                    url = f"http://news.example:{runner.addresses[0][1]}/feed"
                    found.append((await http.fetch(url, allow_private=allow_private)).body)
                except SourceError as error:
                    found.append(error.fault)
        await runner.cleanup()
        return found

    loop = _Network(*answers)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(play()), loop.reached


def test_a_name_that_changes_its_meaning_gains_nothing():
    """An address is judged when it is connected to: there is no moment between check and use."""
    found, reached = _ask(["93.184.216.34"], ["127.0.0.1"], ["10.0.0.1"], times=3)
    assert [fault is BLOCKED for fault in found] == [False, True, True]
    assert reached == ["93.184.216.34"]


def test_a_name_with_several_addresses_is_judged_by_each():
    """One public address among them opens no door to the private one."""
    found, reached = _ask(["93.184.216.34", "127.0.0.1", "169.254.169.254"])
    assert isinstance(found[0], Fault)
    assert reached == ["93.184.216.34"]


def test_a_forbidden_address_does_not_hide_a_good_one():
    """A network whose name server also knows link-local addresses still has its feed."""
    found, reached = _ask(["169.254.1.1", "127.0.0.1"], allow_private=True)
    assert found == [b"inside"]
    assert reached == ["127.0.0.1"]
