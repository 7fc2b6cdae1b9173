"""Proxies, certificates, redirects that last, credentials: the client against real servers."""

import asyncio
import base64
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from aiohttp import web

from tocsin.errors import Fault, SourceError
from tocsin.model.entries import Cursor
from tocsin.sources.feeds.feed import FeedSource
from tocsin.sources.http.address import check_name
from tocsin.sources.http.client import HttpClient

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FEED = b"<rss version='2.0'><channel><title>T</title><ttl>60</ttl><item><guid>1</guid><title>A</title></item></channel></rss>"


async def at_once(call, /, *args, **kwargs):
    """Run a blocking call here and now."""
    return call(*args, **kwargs)


class Proxy:
    """A proxy that answers itself, and remembers what it was asked."""

    def __init__(self, answer=b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes"):
        self.answer = answer
        self.asked = []
        self.url = ""

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://me:word@127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.decode())
        writer.write(self.answer)
        await writer.drain()
        writer.close()


def through(scene, **options):
    """Play *scene* with a proxy and a client that uses it."""

    async def play():
        async with Proxy(**options) as proxy, HttpClient(proxy=proxy.url, gap=timedelta()) as http:
            return proxy, await scene(http)

    return asyncio.run(play())


def test_other_peoples_servers_are_asked_through_the_proxy():
    """With its name and password, which the server never sees; the proxy itself may stand in the own network."""
    proxy, fetched = through(lambda http: http.fetch("http://198.41.0.4/feed"))
    assert fetched.body == b"yes"
    (asked,) = proxy.asked
    assert asked.startswith("GET http://198.41.0.4/feed HTTP/1.1")
    assert f"Proxy-Authorization: Basic {base64.b64encode(b'me:word').decode()}" in asked


def test_a_private_source_is_asked_without_the_proxy(visit):
    """Few proxies lead back inside."""

    async def scene(site, _):
        site.answers["/feed"] = web.Response(body=b"inside")
        async with HttpClient(proxy="http://127.0.0.1:9", gap=timedelta()) as http:
            return await http.fetch(f"{site.base}/feed", allow_private=True)

    assert visit(scene).body == b"inside"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://169.254.169.254/latest/",
        "http://[::1]/",
        "http://2130706433/",
        "http://db.internal/",
        "http://intranet/",
    ],
)
def test_a_proxy_is_no_way_around_the_address_check(url):
    """The proxy could reach what we may not; a feed must not be able to ask for it."""

    async def scene(http):
        with pytest.raises(SourceError):
            await http.fetch(url)

    proxy, _ = through(scene)
    assert proxy.asked == []


def test_a_redirect_inside_is_not_asked_of_the_proxy():
    """Every hop is checked, not only the first."""
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with pytest.raises(SourceError) as caught:
        through(lambda http: http.fetch("http://198.41.0.4/feed"), answer=answer)
    assert caught.value.fault is Fault.BLOCKED_ADDRESS


def test_a_name_that_only_the_proxy_knows_is_left_to_it():
    """Many networks behind a proxy have no names of the world."""
    asyncio.run(check_name("feeds.invalid"))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "the proxy answered 407"),
        (None, "the proxy in http.proxy cannot be reached"),
    ],
    ids=["refuses", "is not there"],
)
def test_a_proxy_that_fails_is_named(answer, words, unused_port):
    """The operator looks at the proxy, not at a server that was never asked. The password is not shown."""

    async def scene():
        if answer is None:
            async with HttpClient(proxy=f"http://me:word@127.0.0.1:{unused_port}") as http:
                await http.fetch("https://198.41.0.4/")
        async with Proxy(answer) as proxy, HttpClient(proxy=proxy.url) as http:
            await http.fetch("https://198.41.0.4/")

    with pytest.raises(SourceError) as caught:
        asyncio.run(scene())
    assert words in str(caught.value)
    assert "word" not in str(caught.value)


def test_a_ca_file_is_trusted_beside_the_systems_own(tmp_path, visit):
    """A server inside with a certificate of its own house is believed, and only with that file."""
    house = trustme.CA()
    house.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    house.issue_cert("127.0.0.1").configure_cert(context)

    async def answer(_):
        return web.Response(body=b"trusted")

    async def scene(_site, _http):
        runner = web.AppRunner(web.Application())
        runner.app.router.add_get("/", answer)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        url = f"https://127.0.0.1:{runner.addresses[0][1]}/"
        try:
            async with HttpClient(ca_file=tmp_path / "ca.pem", gap=timedelta()) as http:
                trusted = await http.fetch(url, allow_private=True)
            async with HttpClient(gap=timedelta()) as http:
                with pytest.raises(SourceError) as caught:
                    await http.fetch(url, allow_private=True)
        finally:
            await runner.cleanup()
        return trusted.body, str(caught.value)

    words = "127.0.0.1 shows a certificate of nobody who is known here: an intermediate one is missing, or"
    body, refused = visit(scene)
    assert (body, refused.partition(" its authority")[0]) == (b"trusted", words)


def _shown(kind: str, house: trustme.CA) -> ssl.SSLContext:
    """The context of a server whose certificate has that fault; *house* is trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime.now(UTC) - timedelta(days=2)
    match kind:
        case "expired":
            house.issue_cert("127.0.0.1", not_before=past, not_after=past + timedelta(days=1)).configure_cert(context)
        case "not valid yet":
            later = past + timedelta(days=9)
            house.issue_cert("127.0.0.1", not_before=later, not_after=later + timedelta(days=1)).configure_cert(context)
        case "another name":
            house.issue_cert("127.0.0.2").configure_cert(context)
        case "signed itself":
            _load(context, trustme.CA(), [])
        case "not trusted here":
            other = trustme.CA()
            _load(context, other.issue_cert("127.0.0.1"), [other.cert_pem])
        case "an intermediate one is missing":
            _load(context, house.create_child_ca().issue_cert("127.0.0.1"), [])
    return context


def _load(context: ssl.SSLContext, shown: trustme.CA | trustme.LeafCert, others: list[trustme.Blob]) -> None:
    first = shown.cert_pem if isinstance(shown, trustme.CA) else shown.cert_chain_pems[0]
    key = shown.private_key_pem.bytes()
    with trustme.Blob(b"".join([key, first.bytes(), *(one.bytes() for one in others)])).tempfile() as path:
        context.load_cert_chain(path)


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("expired", "its owner has to renew it"),
        ("not valid yet", "the clock of this machine"),
        ("another name", "use the name"),
        ("signed itself", "ca_file"),
        ("not trusted here", "ca_file"),
        ("an intermediate one is missing", "ca_file"),
    ],
)
def test_each_fault_of_a_certificate_has_its_own_words(tmp_path, visit, kind, remedy):
    """Each case has another remedy."""
    house = trustme.CA()
    house.cert_pem.write_to_path(tmp_path / "ca.pem")

    async def scene(_site, _http):
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=_shown(kind, house))
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with server, HttpClient(ca_file=tmp_path / "ca.pem", gap=timedelta()) as http:
            with pytest.raises(SourceError) as caught:
                await http.fetch(url, allow_private=True)
        return caught.value

    error = visit(scene)
    assert kind in str(error)
    assert remedy in error.remedy
    assert error.fault is Fault.NETWORK


@pytest.mark.parametrize(
    ("statuses", "moved"), [((308,), True), ((301, 308), True), ((301, 302), False), ((307,), False), ((), False)]
)
def test_only_a_chain_of_permanent_redirects_is_a_move(visit, statuses, moved):
    """One temporary hop, and the old address is still the right one."""

    async def scene(site, http):
        for n, status in enumerate(statuses):
            site.answers[f"/{n}"] = web.Response(status=status, headers={"Location": f"/{n + 1}"})
        site.answers[f"/{len(statuses)}"] = web.Response(body=b"x")
        return await http.fetch(f"{site.base}/0", allow_private=True)

    assert visit(scene).moved is moved


def feed(site, http, path="/old", **options):
    """A feed at *path* with credentials."""
    headers = {"Authorization": "Basic bWU6d29yZA==", "Accept-Language": "zh"}
    return FeedSource(
        "wire", f"{site.base}{path}", http=http, run=at_once, labels={}, allow_private=True, headers=headers, **options
    )


def test_a_feed_that_moved_is_asked_where_it_is_without_its_secrets(visit):
    """Secrets of the old server are not sent to the new one, neither during the redirect nor afterwards."""

    async def scene(site, http):
        new = f"http://localhost:{site.port}/new"
        site.answers["/old"] = web.Response(status=308, headers={"Location": new})
        site.answers["/new"] = web.Response(body=FEED, headers={"ETag": '"1"', "Cache-Control": "max-age=900"})
        source = feed(site, http)
        first = await source.poll(Cursor(), NOW)
        await source.poll(Cursor(moved_to=first.answer.moved_to), NOW)
        return new, first, site.requests

    new, first, requests = visit(scene)
    assert first.answer.moved_to == new
    assert (first.answer.status, first.answer.fresh, first.answer.validators) == (200, timedelta(minutes=15), True)
    assert first.answer.poll_hints.ttl == timedelta(hours=1)
    assert not first.answer.secured
    assert [request.path for request in requests] == ["/old", "/new", "/new"]
    assert ["Authorization" in request.headers for request in requests] == [True, False, False]
    assert requests[2].headers["Accept-Language"] == "zh"


def test_a_feed_with_a_secret_address_is_followed_and_not_remembered(visit):
    """The new address may repeat the secret, and the database is copied to places where it must not be."""

    async def scene(site, http):
        site.answers["/old"] = web.Response(status=301, headers={"Location": "/new?token=word"})
        site.answers["/new"] = web.Response(body=FEED)
        return await feed(site, http, secret=True).poll(Cursor(), NOW)

    batch = visit(scene)
    assert (batch.answer.moved_to, len(batch.entries)) == ("", 1)


def test_a_304_says_how_long_it_lasts_and_nothing_of_the_document(visit):
    """Hints are read from every answer."""

    async def scene(site, http):
        site.answers["/old"] = web.Response(status=304, headers={"Cache-Control": "max-age=60", "ETag": '"1"'})
        return await feed(site, http).poll(Cursor(etag='"1"', validated_at=NOW), NOW)

    answer = visit(scene).answer
    assert (answer.status, answer.fresh, answer.validators, answer.poll_hints) == (
        304,
        timedelta(minutes=1),
        True,
        None,
    )


def test_a_whole_host_is_left_alone_after_any_wish_for_quiet(visit):
    """A 500 with Retry-After counts as much as a 429; the next feed of that host is not asked at all."""

    async def scene(_site, _http):
        answer = b"HTTP/1.1 500 No\r\nRetry-After: 120\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        async with Proxy(answer) as proxy, HttpClient(proxy=proxy.url, gap=timedelta()) as http:
            errors = []
            for path in ("one", "two"):
                with pytest.raises(SourceError) as caught:
                    await http.fetch(f"http://198.41.0.4/{path}")
                errors.append((caught.value.fault, caught.value.retry_after > timedelta(seconds=110)))
            return len(proxy.asked), errors

    assert visit(scene) == (1, [(Fault.STATUS, True), (Fault.BUSY, True)])
