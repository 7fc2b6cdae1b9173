"""The HTTP client against a real server."""

import asyncio
import contextlib
import gzip
import socket
import threading
import zlib
from datetime import timedelta

import pytest
from aiohttp import web

from tocsin.errors import Fault, SourceError
from tocsin.sources.http.client import Limits


def _fault(visit, scene, **options):
    with pytest.raises(SourceError) as caught:
        visit(scene, **options)
    return caught.value


def test_a_document_is_fetched_with_our_name_and_nothing_more(visit):
    """Owners of servers can see who asks and write to them, and cookies do not track us."""

    async def scene(site, http):
        site.answers["/feed"] = web.Response(body=b"<rss/>", headers={"X-Two": "a", "Set-Cookie": "a=b"})
        first = await http.fetch(f"{site.base}/feed", headers={"X-Own": "1"}, allow_private=True)
        await http.fetch(f"{site.base}/feed", allow_private=True)
        return site, first

    site, fetched = visit(scene)
    assert (fetched.status, fetched.body, fetched.unchanged) == (200, b"<rss/>", False)
    assert fetched.final_url == f"{site.base}/feed"
    assert fetched.headers["x-two"] == "a"
    asked, again = site.requests
    assert asked.headers["User-Agent"].startswith("tocsin/")
    assert "desk@example.org" in asked.headers["User-Agent"]
    assert asked.headers["Accept-Encoding"] == "gzip, deflate"
    assert asked.headers["X-Own"] == "1"
    assert "Referer" not in asked.headers
    assert "Cookie" not in again.headers
    assert "X-Own" not in again.headers


def test_a_client_without_contact_names_itself(visit):
    """The name alone is still honest."""

    async def scene(site, http):
        site.answers["/"] = web.Response(body=b"x")
        await http.fetch(site.base, allow_private=True)
        return site.requests[0].headers["User-Agent"]

    assert "(" not in visit(scene, contact="")


def test_validators_are_sent_as_they_were_given(visit):
    """A server that gets back its own words can say that nothing is new."""

    async def scene(site, http):
        site.answers["/feed"] = web.Response(status=304, headers={"ETag": 'W/"b"'})
        fetched = await http.fetch(f"{site.base}/feed", etag='W/"a-gzip"', last_modified="Mon", allow_private=True)
        return site.requests[0].headers, fetched

    asked, fetched = visit(scene)
    assert (asked["If-None-Match"], asked["If-Modified-Since"]) == ('W/"a-gzip"', "Mon")
    assert fetched.unchanged
    assert (fetched.body, fetched.headers["etag"]) == (b"", 'W/"b"')


def test_an_empty_answer_to_a_condition_means_unchanged(visit):
    """Some servers say 200 and send nothing where they mean 304."""

    async def scene(site, http):
        site.answers["/feed"] = web.Response(body=b"")
        return await http.fetch(f"{site.base}/feed", etag='"a"', allow_private=True)

    assert visit(scene).unchanged


@pytest.mark.parametrize(
    ("answer", "fault", "status"),
    [
        pytest.param(web.Response(body=b""), Fault.NOT_A_FEED, 200, id="nothing"),
        pytest.param(web.Response(status=304), Fault.STATUS, 304, id="304 without a condition"),
        pytest.param(web.Response(status=206, body=b"x"), Fault.STATUS, 206, id="part"),
        pytest.param(web.Response(status=404), Fault.STATUS, 404, id="not found"),
        pytest.param(web.Response(status=410), Fault.GONE, 410, id="gone"),
        pytest.param(web.Response(status=403), Fault.AUTH, 403, id="forbidden"),
        pytest.param(web.Response(status=500), Fault.STATUS, 500, id="broken"),
        pytest.param(
            web.Response(body=b"\x1f\x9d\x90\x3c\xe4\x4c", headers={"Content-Encoding": "compress"}),
            Fault.NOT_A_FEED,
            200,
            id="compress",
        ),
        pytest.param(
            web.Response(body=b"\x8f\x02\x80<rss/>\x03", headers={"Content-Encoding": "br"}),
            Fault.NOT_A_FEED,
            200,
            id="brotli",
        ),
        pytest.param(
            web.Response(body=b"\x00\xff no gzip", headers={"Content-Encoding": "gzip"}),
            Fault.NETWORK,
            200,
            id="bad gzip",
        ),
    ],
)
def test_an_answer_that_is_no_document_is_an_error(visit, answer, fault, status):
    """A source that answers wrongly is unwell, not silent."""

    async def scene(site, http):
        site.answers["/feed"] = answer
        await http.fetch(f"{site.base}/feed", allow_private=True)

    error = _fault(visit, scene)
    assert (error.fault, error.status) == (fault, status)


def test_the_server_says_when_to_come_back(visit):
    """An operator who asks for an hour gets an hour."""

    async def scene(site, http):
        site.answers["/feed"] = web.Response(status=429, headers={"Retry-After": "3600"})
        await http.fetch(f"{site.base}/feed", allow_private=True)

    error = _fault(visit, scene)
    assert (error.fault, error.retry_after) == (Fault.RATE_LIMITED, timedelta(hours=1))


@pytest.mark.parametrize(
    ("name", "encoder"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", lambda body: zlib.compress(body)[2:-4])],
    ids=["gzip", "deflate", "raw deflate"],
)
def test_a_compressed_document_is_decoded(visit, name, encoder):
    """Compression spares other people's lines."""

    async def scene(site, http):
        site.answers["/feed"] = web.Response(body=encoder(b"<rss/>" * 9), headers={"Content-Encoding": name})
        return await http.fetch(f"{site.base}/feed", allow_private=True)

    assert visit(scene).body == b"<rss/>" * 9


@pytest.mark.parametrize("kind", ["said", "chunked", "bomb"])
def test_a_document_that_is_too_large_is_given_up(visit, kind):
    """No server can fill our memory, neither openly nor by compression."""
    bodies = {
        "said": web.Response(body=b"x" * 2001),
        "bomb": web.Response(body=gzip.compress(b"x" * 5_000_000), headers={"Content-Encoding": "gzip"}),
    }

    async def chunks(request):
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(30):
                await response.write(b"x" * 100)
        return response

    async def scene(site, http):
        site.answers["/feed"] = bodies.get(kind, chunks)
        await http.fetch(f"{site.base}/feed", allow_private=True)

    size = 6000 if kind == "bomb" else 2000
    assert _fault(visit, scene, limits=Limits(size=size)).fault is Fault.TOO_LARGE


def test_a_document_that_breaks_off_is_an_error(visit):
    """Half a document must not pass for the whole one."""

    async def scene(site, http):
        async def short(request):
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"<rss>")
            request.transport.close()
            return response

        site.answers["/feed"] = short
        await http.fetch(f"{site.base}/feed", allow_private=True)

    assert _fault(visit, scene).fault is Fault.NETWORK


@pytest.mark.parametrize("limits", [Limits(read=0.05), Limits(total=0.05)], ids=["between reads", "in all"])
def test_a_slow_server_is_left(visit, limits):
    """One slow server must not hold a place for ever."""

    async def scene(site, http):
        never = asyncio.Event()

        async def slow(_):
            await never.wait()

        site.answers["/feed"] = slow
        try:
            await http.fetch(f"{site.base}/feed", allow_private=True)
        finally:
            never.set()

    error = _fault(visit, scene, limits=limits)
    assert (error.fault, str(error)) == (Fault.NETWORK, "127.0.0.1 did not answer in time")


def test_redirects_are_followed_and_the_last_address_is_told(visit):
    """Relative links are relative to where the document really is."""

    async def scene(site, http):
        site.answers["/old"] = web.Response(status=301, headers={"Location": "/mid?sig=a%2Fb"})
        site.answers["/mid"] = web.Response(status=307, headers={"Location": f"{site.base}/new"})
        site.answers["/new"] = web.Response(body=b"x")
        own = {"Authorization": "Bearer word"}
        fetched = await http.fetch(f"{site.base}/old", headers=own, etag='"a"', allow_private=True)
        return site, fetched

    site, fetched = visit(scene)
    assert fetched.final_url == f"{site.base}/new"
    assert [request.raw_path for request in site.requests] == ["/old", "/mid?sig=a%2Fb", "/new"]
    assert all(request.headers["Authorization"] == "Bearer word" for request in site.requests)
    assert all(request.headers["If-None-Match"] == '"a"' for request in site.requests)


def test_secrets_do_not_follow_to_another_host(visit):
    """A redirect must not carry a source's credentials to a stranger."""

    async def scene(site, http):
        site.answers["/old"] = web.Response(status=302, headers={"Location": f"http://localhost:{site.port}/new"})
        site.answers["/new"] = web.Response(body=b"x")
        own = {"Authorization": "Bearer word", "X-Api-Key": "word", "Accept-Language": "zh"}
        await http.fetch(f"{site.base}/old", headers=own, allow_private=True)
        return site.requests[1].headers

    headers = visit(scene)
    assert "Authorization" not in headers
    assert "X-Api-Key" not in headers
    assert headers["Accept-Language"] == "zh"


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("/feed", "more than 5 redirects"),
        ("ftp://example.com/", "not a web address"),
        ("file:///etc/passwd", "not a web address"),
        ("http://[::1", "not a web address"),
        ("", "not a web address"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_an_error(visit, location, words):
    """A circle or another scheme is not followed."""

    async def scene(site, http):
        site.answers["/feed"] = web.Response(status=302, headers={"Location": location} if location else {})
        try:
            await http.fetch(f"{site.base}/feed", allow_private=True)
        finally:
            assert len(site.requests) <= 6

    error = _fault(visit, scene)
    assert error.fault is Fault.BAD_REDIRECT
    assert words in str(error)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "169.254.169.254", "0.0.0.0"],
)
def test_an_address_inside_is_not_reached(visit, host):
    """However it is written, a feed's address cannot make the daemon talk to its own machine or cloud."""

    async def scene(site, http):
        site.answers["/feed"] = web.Response(body=b"inside")
        try:
            await http.fetch(f"http://{host}:{site.port}/feed")
        finally:
            assert not site.requests

    error = _fault(visit, scene)
    assert error.fault is Fault.BLOCKED_ADDRESS
    assert ("allow_private" in str(error)) == ("loopback" in str(error))


@pytest.mark.parametrize("host", ["2130706433", "0"])
def test_a_number_is_no_host(visit, host):
    """A number that the system would take for an address is not even looked up."""

    async def scene(site, http):
        try:
            await http.fetch(f"http://{host}:{site.port}/feed")
        finally:
            assert not site.requests

    assert _fault(visit, scene).fault is Fault.NETWORK


def test_a_redirect_inside_is_not_followed(visit):
    """A source that may reach the operator's network may still not reach what is forbidden to all."""

    async def scene(site, http):
        site.answers["/feed"] = web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/"})
        await http.fetch(f"{site.base}/feed", allow_private=True)

    assert _fault(visit, scene).fault is Fault.BLOCKED_ADDRESS


def test_an_open_connection_gives_no_rights(visit):
    """A connection made for a source with more rights is not used for one with fewer."""

    async def scene(site, http):
        site.answers["/feed"] = web.Response(body=b"inside")
        await http.fetch(f"{site.base}/feed", allow_private=True)
        await http.fetch(f"{site.base}/feed")

    assert _fault(visit, scene).fault is Fault.BLOCKED_ADDRESS


def test_a_server_that_is_not_there_is_unreachable(visit, unused_port):
    """The message says what happened and contains no part of a secret address."""

    async def scene(_, http):
        await http.fetch(f"http://user:word@127.0.0.1:{unused_port}/secret?key=word", allow_private=True)

    error = _fault(visit, scene)
    assert error.fault is Fault.UNREACHABLE
    assert "127.0.0.1" in str(error)
    assert "word" not in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    "url", ["feed.xml", "ftp://e.com/", "http://", "http://e.com:99999/", "http://no such host.invalid/"]
)
def test_an_address_that_cannot_be_asked_is_an_error(visit, url):
    """A mistake in the configuration is reported like any other failure."""

    async def scene(_, http):
        await http.fetch(url)

    assert _fault(visit, scene).fault is Fault.NETWORK


def test_a_server_without_tls_is_a_network_fault(visit):
    """A wrong scheme is reported as such, not as a crash."""

    async def scene(site, http):
        await http.fetch(site.base.replace("http", "https"), allow_private=True)

    assert _fault(visit, scene).fault is Fault.NETWORK


def test_an_answer_that_is_no_http_is_a_network_fault(visit):
    """Any program may listen at a feed's address."""

    async def scene(_, http):
        async def babble(reader, writer):
            await reader.readline()
            writer.write(b"SSH-2.0-x\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(babble, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await http.fetch(f"http://127.0.0.1:{port}/", allow_private=True)

    assert _fault(visit, scene).fault is Fault.NETWORK


def test_one_document_is_not_asked_for_twice_at_once(visit):
    """Requests to one place take turns."""

    async def scene(site, http):
        active = most = 0

        async def count(_):
            nonlocal active, most
            active += 1
            most = max(most, active)
            await asyncio.sleep(0)
            active -= 1
            return web.Response(body=b"x")

        site.answers["/feed"] = count
        await asyncio.gather(*(http.fetch(f"{site.base}/feed", allow_private=True) for _ in range(4)))
        return most, len(site.requests)

    assert visit(scene) == (1, 4)


def test_servers_that_hang_leave_connections_to_the_others(visit):
    """However many servers accept a request and say nothing, the next one is asked."""

    async def scene(site, http):
        end = asyncio.Event()

        async def hang(_):
            await end.wait()
            return web.Response(body=b"x")

        names = [str(number) for number in range(150)]
        site.answers = {f"/{name}": hang for name in names} | {"/news": web.Response(body=b"x")}
        slow = [asyncio.create_task(http.fetch(f"{site.base}/{name}", allow_private=True)) for name in names]
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(10):
                return await http.fetch(f"{site.base}/news", allow_private=True)
        finally:
            end.set()
            await asyncio.gather(*slow)

    assert visit(scene).body == b"x"


def test_names_that_nobody_answers_for_hold_up_no_other(visit, monkeypatch):
    """Twenty feeds of a dead name server keep twenty threads busy, and the news of the others goes on."""
    end, look_up = threading.Event(), socket.getaddrinfo

    def slow(host, *args, **options):
        if "dead" in host:
            end.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return look_up(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    async def scene(site, http):
        site.answers["/feed"] = web.Response(body=b"x")
        dead = [asyncio.create_task(http.fetch(f"http://dead{n}.example/")) for n in range(20)]
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(10):
                return (await http.fetch(f"http://localhost:{site.port}/feed", allow_private=True)).body
        finally:
            end.set()
            await asyncio.gather(*dead, return_exceptions=True)

    assert visit(scene) == b"x"
