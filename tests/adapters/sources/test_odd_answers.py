"""Answers as no standard has them, which browsers read all the same."""

import asyncio
import contextlib
import gzip
import random
import time
import zlib

import pytest
from aiohttp import web

from tocsin.errors import Fault, SourceError
from tocsin.sources.http.answer import LONGEST_HEAD, decode, mend
from tocsin.sources.http.client import HttpClient

DOCUMENT = b"<rss version='2.0'><channel><title>Gallium notices</title></channel></rss>" * 9
STATUS = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(DOCUMENT)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
IN_CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(DOCUMENT), DOCUMENT)
PACKED = gzip.compress(DOCUMENT)
RAW = zlib.compress(DOCUMENT)[2:-4]


def _answered(*octets, requests=1):
    """Return the result of reading a server that sends *octets* one after the other, or why it was refused."""

    async def play():
        async def serve(reader, writer):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                for _ in range(requests):
                    await reader.readuntil(b"\r\n\r\n")
                    for part in octets:
                        writer.write(part)
                        await writer.drain()
                        await asyncio.sleep(0)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**20)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/feed"
        async with server, HttpClient() as http:
            try:
                return [await http.fetch(url, allow_private=True) for _ in range(requests)][-1].body
            except SourceError as error:
                return error
            finally:
                await asyncio.sleep(0.01)

    return asyncio.run(play())


def _named(names, body):
    lines = b"".join(b"Content-Encoding: %b\r\n" % name for name in names.split(b"|") if name)
    return STATUS + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("named", [b"UTF-8", b"none", b"identity, identity", b"aws-chunked", b"binary", b"gzip", b"br"])
def test_a_plain_document_is_plain_whatever_its_server_names(named):
    """An encoding that was named and not applied is overlooked, as browsers overlook it."""
    assert _answered(_named(named, DOCUMENT)) == DOCUMENT


@pytest.mark.parametrize(
    ("named", "body"),
    [
        pytest.param(b"x-gzip", PACKED, id="the old name"),
        pytest.param(b"GZip", PACKED, id="capitals"),
        pytest.param(b"gzip, utf-8", PACKED, id="with a charset"),
        pytest.param(b"aws-chunked|gzip", PACKED, id="in two lines"),
        pytest.param(b"", PACKED, id="not named"),
        pytest.param(b"br", PACKED, id="named as something else"),
        pytest.param(b"gzip|gzip", PACKED, id="named twice"),
        pytest.param(b"gzip, gzip", gzip.compress(PACKED), id="packed twice"),
        pytest.param(b"gzip", PACKED + b"\0" * 16, id="zeros behind"),
        pytest.param(b"gzip", PACKED + b"\r\n<!-- cached -->", id="junk behind"),
        pytest.param(b"gzip", gzip.compress(DOCUMENT[:60]) + gzip.compress(DOCUMENT[60:]), id="two members"),
        pytest.param(b"gzip", zlib.compress(DOCUMENT), id="gzip that is zlib"),
        pytest.param(b"gzip", RAW, id="gzip that is raw deflate"),
        pytest.param(b"deflate", zlib.compress(DOCUMENT), id="deflate that is zlib"),
        pytest.param(b"deflate", RAW, id="deflate that is raw"),
        pytest.param(b"deflate", PACKED, id="deflate that is gzip"),
    ],
)
def test_the_octets_say_how_a_document_is_packed(named, body):
    """Every body that can be decompressed is decompressed."""
    assert _answered(_named(named, body)) == DOCUMENT


@pytest.mark.parametrize(
    ("named", "body", "words"),
    [
        pytest.param(b"gzip", PACKED[:-20], "broke off in the middle of compressed data", id="cut short"),
        pytest.param(b"", PACKED[:40], "broke off in the middle of compressed data", id="cut short and not named"),
        pytest.param(b"gzip", b"", "answered with nothing", id="empty"),
        pytest.param(b"gzip", b"\x07\xff" * 99, "compressed data that is damaged", id="something else"),
        pytest.param(b"gzip", PACKED[:40] + b"\0" * 90, "damaged", id="damaged"),
        pytest.param(b"br", b"\x0b\x02\x80<rss/>\x03", "not asked for (br)", id="brotli"),
        pytest.param(b"", b"\x28\xb5\x2f\xfd\x04\x00", "not asked for (zstd)", id="zstd"),
        pytest.param(b"gzip", gzip.compress(b"") * 1001, "more than 1000 compressed parts", id="countless members"),
        pytest.param(b"gzip, br", gzip.compress(b"\x0b\x02\x80<rss/>\x03"), "not asked for (br)", id="brotli in gzip"),
    ],
)
def test_what_cannot_be_unpacked_is_refused_with_its_reason(named, body, words):
    """Half a document never passes for a whole one, and the operator reads what was wrong."""
    assert words in str(_answered(_named(named, body)))


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(STATUS + b"garbage\r\n" + LENGTH, id="a line without a colon"),
        pytest.param(STATUS + b": nothing\r\n" + LENGTH, id="a line without a name"),
        pytest.param(STATUS + b"X Name: x\r\n" + LENGTH, id="a blank in a name"),
        pytest.param(STATUS + b"Content-Length : %d\r\n" % len(DOCUMENT), id="a blank before the colon"),
        pytest.param(STATUS + "X-Caf\u00e9: x\r\n".encode() + LENGTH, id="a letter with a mark in a name"),
        pytest.param(STATUS + b"garbage\r\n and its end\r\n" + LENGTH, id="a folded line that is none"),
        pytest.param(STATUS + b"X-Name: a\r\n\tb\r\n" + LENGTH, id="a folded line"),
        pytest.param(STATUS + LENGTH + LENGTH, id="one length twice"),
        pytest.param(STATUS + b"Content-Length: %d, %d\r\n" % (len(DOCUMENT), len(DOCUMENT)), id="one length listed"),
        pytest.param(STATUS + b"Transfer-Encoding: identity\r\n" + LENGTH, id="a coding that is none"),
        pytest.param(b"HTTP/2 200 OK\r\n" + LENGTH, id="another version"),
        pytest.param(b"HTTP/1.1 200\r\n" + LENGTH, id="no phrase"),
        pytest.param(b"HTTP/1.1 200 OK\n" + LENGTH.replace(b"\r", b""), id="bare line feeds"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\njunk\r\n\r\n" + STATUS + LENGTH, id="an interim answer"),
        pytest.param(STATUS + b"Set-Cookie: a=b\r\n" * 400 + LENGTH, id="many lines"),
        pytest.param(STATUS + b"X-Policy: %b\r\n" % (b"x" * 200_000) + LENGTH, id="a very long line"),
        pytest.param(STATUS, id="no length and no type"),
        pytest.param(b"HTTP/1.0 200 OK\r\n", id="an old version"),
    ],
)
def test_a_header_line_that_is_none_costs_nobody_the_document(head):
    """Browsers drop such a line; so does the client, however the octets are cut into packets."""
    assert _answered(head + b"\r\n" + DOCUMENT) == DOCUMENT
    pieces = [head[place : place + 997] for place in range(0, len(head), 997)]
    assert _answered(*pieces, b"\r", b"\n" + DOCUMENT) == DOCUMENT


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(CHUNKED, IN_CHUNKS, id="as it should be"),
        pytest.param(CHUNKED + LENGTH, IN_CHUNKS, id="with a length"),
        pytest.param(b"Content-Length: 3\r\n" + CHUNKED, IN_CHUNKS, id="with a wrong length before"),
        pytest.param(CHUNKED.upper(), IN_CHUNKS, id="capitals"),
        pytest.param(CHUNKED, IN_CHUNKS.replace(b"\r\n", b"  \r\n", 1), id="blanks behind a size"),
        pytest.param(CHUNKED, IN_CHUNKS.replace(b"\r\n", b";name=value\r\n", 1), id="an extension"),
        pytest.param(CHUNKED, b"000" + IN_CHUNKS, id="zeros before a size"),
        pytest.param(CHUNKED, IN_CHUNKS[:-2] + b"X-Sum: 1\r\n\r\n", id="a trailer"),
        pytest.param(CHUNKED, b"%x\r\n%b\r\n0\r\n\r\n" % (len(PACKED), PACKED), id="packed"),
    ],
)
def test_a_document_in_chunks_is_put_together(head, body):
    """Chunks outrank a length (RFC 9112, 6.3)."""
    assert _answered(STATUS + head + b"\r\n" + body) == DOCUMENT


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(STATUS + b"Content-Length: 9999\r\n\r\n<rss/>", "broke off before the end", id="short"),
        pytest.param(STATUS + CHUNKED + b"\r\n6\r\n<rss/>\r\n", "broke off before the end", id="no last chunk"),
        pytest.param(b"", "broke off before the end", id="nothing"),
        pytest.param(
            STATUS + b"Content-Length: 6\r\nContent-Length: 7\r\n\r\n<rss/>", "headers that", id="two lengths"
        ),
        pytest.param(STATUS + b"X: \0\r\n\r\n<rss/>", "headers that cannot be read", id="NUL"),
        pytest.param(b"ICY 200 OK\r\n\r\n<rss/>", "headers that cannot be read", id="another protocol"),
        pytest.param(STATUS + b"X: " + b"x" * LONGEST_HEAD + b"\r\n\r\n", "headers that", id="an endless line"),
        pytest.param(STATUS + b"X: x\r\n" * 1100 + b"\r\n", "headers that cannot be read", id="endless lines"),
    ],
)
def test_what_nobody_can_read_is_refused_with_its_reason(answer, words):
    """A server that breaks off and one that writes nonsense need different remedies."""
    error = _answered(answer)
    assert error.fault is Fault.NETWORK
    assert words in str(error)


def test_a_mended_answer_is_the_last_of_its_connection():
    """The end of an answer is doubtful after a repair, so nothing after it is taken for the next one."""
    assert mend(STATUS + b"X : y\r\n\r\n") == STATUS + b"X: y\r\nConnection: close\r\n\r\n"
    assert mend(STATUS + b"X:y\r\n\r\n") == STATUS + b"X:y\r\n\r\n"


def test_one_connection_serves_several_answers():
    """The head of every answer of a connection is looked at."""
    assert _answered(STATUS + b"X: y\r\n" + LENGTH + b"\r\n" + DOCUMENT, requests=3) == DOCUMENT


@pytest.mark.no_cover
def test_no_head_takes_more_than_linear_time():
    """Four times the blanks or the folded lines cost about four times the work."""

    def cost(line, times):
        head = STATUS + line * times + b"\r\n\r\n"
        began = time.process_time()
        for _ in range(5):
            mend(head)
        return time.process_time() - began

    for line in (b"X: " + b" " * 60 + b"x", b"X: y\r\n z\r\n", b"garbage\r\n", b"Content-Length: 1\r\n"):
        assert cost(line, 8000) < 12 * cost(line, 2000) + 0.05


@pytest.mark.parametrize("wbits", [31, 15, -15], ids=["gzip", "zlib", "raw"])
def test_a_bomb_within_a_bomb_is_left_at_the_bound(wbits):
    """However often it is packed, no layer grows beyond what a document may have."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    bomb = packer.compress(b"\0" * 50_000_000) + packer.flush()
    assert len(decode(bomb, ["gzip"], 100_000)) == 100_001
    assert len(decode(gzip.compress(bomb), ["gzip"], 100_000)) <= 100_001


def test_no_octets_do_more_than_be_refused():
    """For hostile input too, the result is a document or a reason."""
    chance = random.Random(7)
    for _ in range(2000):
        body = chance.choice([b"", b"\x1f\x8b\x08", b"\x78\x9c"]) + chance.randbytes(chance.randrange(60))
        with contextlib.suppress(SourceError):
            assert len(decode(body, chance.sample(["gzip", "deflate", "br", "x"], 2), 1000)) <= 1001


def _cookie_site(site, *, back="/feed?checked=1", cookie="seen=1; Path=/"):
    async def feed(request):
        if request.cookies.get("seen"):
            return web.Response(body=DOCUMENT)
        return web.Response(status=302, headers={"Location": back, "Set-Cookie": cookie})

    site.answers["/feed"] = feed


def test_a_cookie_goes_with_the_redirects_of_one_fetch(visit):
    """A site that redirects to itself until its cookie comes back is read, and the cookie is gone with the fetch."""

    async def scene(site, http):
        _cookie_site(site)
        for _ in range(2):
            answer = await http.fetch(f"{site.base}/feed", headers={"cookie": "mine=2"}, allow_private=True)
        return answer.body, [dict(request.cookies) for request in site.requests]

    assert visit(scene) == (DOCUMENT, [{"mine": "2"}, {"mine": "2", "seen": "1"}] * 2)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"cookie": "seen=1; Path=/other"}, id="another path"),
        pytest.param({"cookie": "seen=1; Secure"}, id="secure"),
        pytest.param({"cookie": "seen=" + "x" * 5000}, id="very long"),
        pytest.param({"back": "http://localhost:{port}/feed"}, id="another host"),
    ],
)
def test_a_cookie_goes_no_further_than_it_says(visit, options):
    """A cookie of one host is sent to no other host, and a long one is not sent at all."""

    async def scene(site, http):
        _cookie_site(site, **{name: value.replace("{port}", str(site.port)) for name, value in options.items()})
        with contextlib.suppress(SourceError):
            await http.fetch(f"{site.base}/feed", allow_private=True)
        return [bool(request.cookies) for request in site.requests[:2]]

    assert visit(scene) == [False, False]
