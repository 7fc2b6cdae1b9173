"""Servers that mean no good: each is left within a bound of octets, of time or of requests."""

import asyncio
import contextlib
import socket
import struct
import time
import zlib

import pytest
from aiohttp import web

from tocsin.errors import Fault, SourceError
from tocsin.sources.http.client import HttpClient, Limits

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
#: What one fetch may take here; far less than in truth, so that nobody waits.
LIMITS = Limits(connect=1, read=1, total=0.4, size=200_000)
#: Seconds of a test after which a bound does not hold.
PATIENCE = 10


async def _fetch(script, *, limits=LIMITS, scheme="http"):
    """Return the result of a fetch from a server that runs *script* on each connection, and the number of octets that it sent."""
    sent = 0
    serving = set()

    async def serve(reader, writer):
        serving.add(asyncio.current_task())

        async def send(octets):
            nonlocal sent
            writer.write(octets)
            await writer.drain()
            sent += len(octets)

        try:
            if scheme == "http":
                await reader.readuntil(b"\r\n\r\n")
            await script(send, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    began = time.monotonic()
    try:
        async with HttpClient(limits=limits) as http, asyncio.timeout(PATIENCE):
            await http.fetch(f"{scheme}://127.0.0.1:{port}/feed", allow_private=True)
    except SourceError as error:
        return error, sent, time.monotonic() - began
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await asyncio.sleep(0.01)
    raise AssertionError("that was no document")


async def _endless(send, _):
    await send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await send(b"1000\r\n" + b"<item>  " * 512 + b"\r\n")


async def _endless_without_length(send, _):
    await send(HEAD + b"\r\n")
    while True:
        await send(b"<item>  " * 512)


async def _endless_headers(send, _):
    await send(HEAD)
    while True:
        await send(b"X: " + b"x" * 1000 + b"\r\n")


async def _endless_header(send, _):
    await send(HEAD + b"X: ")
    while True:
        await send(b"x" * 1000)


def _bomb(name, bits):
    """A hundred megabytes in a hundred kilobytes."""

    async def send_bomb(send, _):
        packer = zlib.compressobj(9, zlib.DEFLATED, bits)
        await send(HEAD + b"Content-Encoding: %s\r\n\r\n" % name)
        await send(packer.compress(b"\0" * 100_000_000) + packer.flush())

    return send_bomb


async def _long(send, _):
    await send(HEAD + b"Content-Length: 9999999999\r\n\r\n")
    while True:
        await send(b"x" * 1000)


@pytest.mark.parametrize(
    ("script", "fault", "most"),
    [
        # The system takes some megabytes off the server's hands before anybody reads them.
        pytest.param(_endless, Fault.TOO_LARGE, 12_000_000, id="endless chunks"),
        pytest.param(_endless_without_length, Fault.TOO_LARGE, 12_000_000, id="endless without a length"),
        pytest.param(_long, Fault.TOO_LARGE, 12_000_000, id="a length that is too much"),
        pytest.param(_endless_headers, Fault.NETWORK, 12_000_000, id="endless headers"),
        pytest.param(_endless_header, Fault.NETWORK, 12_000_000, id="an endless header"),
        pytest.param(_bomb(b"gzip", 31), Fault.TOO_LARGE, 200_000, id="gzip bomb"),
        pytest.param(_bomb(b"deflate", 15), Fault.TOO_LARGE, 200_000, id="deflate bomb"),
        pytest.param(_bomb(b"deflate", -15), Fault.TOO_LARGE, 200_000, id="raw deflate bomb"),
    ],
)
def test_an_endless_answer_is_left_after_so_many_octets(script, fault, most):
    """No server can fill our memory or our line, neither openly nor by compression."""
    error, sent, _ = asyncio.run(_fetch(script, limits=Limits(size=200_000)))
    assert error.fault is fault
    assert sent < most


async def _drip_body(send, _):
    await send(HEAD + b"Content-Length: 100000\r\n\r\n")
    while True:
        await send(b"<")
        await asyncio.sleep(0.02)


async def _drip_chunks(send, _):
    await send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await send(b"1\r\n<\r\n")
        await asyncio.sleep(0.02)


async def _drip_headers(send, _):
    await send(HEAD + b"X: ")
    while True:
        await send(b"x")
        await asyncio.sleep(0.02)


async def _say_nothing(send, _):
    await asyncio.sleep(PATIENCE)


async def _continue_for_ever(send, _):
    while True:
        await send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "script", [_drip_body, _drip_chunks, _drip_headers, _say_nothing, _continue_for_ever], ids=lambda f: f.__name__
)
def test_a_server_that_drips_is_left_when_its_time_is_over(script):
    """A byte now and then keeps every read alive; the whole fetch has a bound of its own."""
    error, _, took = asyncio.run(_fetch(script))
    assert (error.fault, str(error)) == (Fault.NETWORK, "127.0.0.1 did not answer in time")
    assert LIMITS.total <= took < PATIENCE


def test_a_handshake_that_never_ends_is_left_when_its_time_is_over():
    """TLS drips as well."""
    error, _, took = asyncio.run(_fetch(_say_nothing, scheme="https"))
    assert error.fault is Fault.NETWORK
    assert took < PATIENCE


async def _reset(_, writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _reset_in_body(send, writer):
    await send(HEAD + b"Content-Length: 100000\r\n\r\n<rss>")
    await asyncio.sleep(0.02)
    await _reset(send, writer)


def _saying(octets):
    async def say(send, _):
        await send(octets)

    return say


@pytest.mark.parametrize(
    ("script", "scheme"),
    [
        pytest.param(_reset, "http", id="reset at once"),
        pytest.param(_reset_in_body, "http", id="reset in the body"),
        pytest.param(_saying(b""), "http", id="closed at once"),
        pytest.param(_saying(HEAD + b"Content-Length: 99\r\n\r\n<rss/>"), "http", id="shorter than said"),
        pytest.param(_saying(HEAD + b"Content-Length: -5\r\n\r\n<rss/>"), "http", id="a negative length"),
        pytest.param(_saying(HEAD + b"Content-Length: 6\r\nContent-Length: 7\r\n\r\n<rss/>"), "http", id="two lengths"),
        pytest.param(_saying(HEAD + b"Content-Length: six\r\n\r\n<rss/>"), "http", id="a length in words"),
        pytest.param(_saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n<rss/>"), "http", id="broken chunks"),
        pytest.param(
            _saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\n6\r\n<rss/>\r\n"), "http", id="without the last chunk"
        ),
        pytest.param(_saying(b"SSH-2.0-x\r\n\r\n"), "http", id="another protocol"),
        pytest.param(_saying(b"\0" * 5000), "http", id="zeros"),
        pytest.param(_saying(b"HTTP/1.1 999999 X\r\n\r\n"), "http", id="no status"),
        pytest.param(_saying(HEAD + b"X\0Y: z\r\n\r\n"), "http", id="NUL in a header"),
        pytest.param(_saying(b"\x16\x03\x01\xff\xff" + b"x" * 900), "https", id="TLS garbage"),
        pytest.param(_saying(HEAD + b"\r\n<rss/>"), "https", id="no TLS"),
    ],
)
def test_a_server_that_breaks_off_or_lies_is_a_network_fault(script, scheme):
    """Half a document never passes for a whole one, and no nonsense passes for one."""
    error, _, took = asyncio.run(_fetch(script, limits=Limits(total=5), scheme=scheme))
    assert error.fault is Fault.NETWORK or scheme == "https"
    assert took < 5


def test_what_follows_a_document_is_no_part_of_it():
    """Octets beyond the declared length belong to no answer, and do not reach a later request."""

    async def play():
        async def serve(reader, writer):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(HEAD + b"Content-Length: 6\r\n\r\n<rss/>" + HEAD + b"Content-Length: 6\r\n\r\n<bad/>")
                    await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        found = []
        async with server, HttpClient() as http:
            for _ in range(3):
                with contextlib.suppress(SourceError):
                    found.append((await http.fetch(url, allow_private=True)).body)
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        return found

    assert b"<bad/>" not in asyncio.run(play())


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(lambda path: path, id="to itself"),
        pytest.param(lambda path: "/a" if path == "/b" else "/b", id="to and fro"),
        pytest.param(lambda path: f"{path}x", id="on and on"),
        pytest.param(lambda path: f"//127.0.0.1:{{port}}{path}?", id="by another name"),
    ],
)
def test_a_redirect_loop_is_six_requests(visit, step):
    """A server cannot keep us walking."""

    async def scene(site, http):
        async def move(request):
            return web.Response(status=302, headers={"Location": step(request.path).format(port=site.port)})

        for path in ("/a", "/b", *("/a" + "x" * n for n in range(1, 9))):
            site.answers[path] = move
        with pytest.raises(SourceError) as caught:
            await http.fetch(f"{site.base}/a", allow_private=True)
        return caught.value.fault, len(site.requests)

    assert visit(scene) == (Fault.BAD_REDIRECT, 6)
