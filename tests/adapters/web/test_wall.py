"""The wall in front of every page, as those see it who try to get past."""

import asyncio
import socket

import aiohttp
import pytest

SECRET = "0123456789abcdef0123456789abcdef"
TOKENS = f"""\
tokens:
  panel: {{secret: "read-{SECRET}"}}
  robot: {{secret: "act-{SECRET}", may: act}}
  feed: {{secret: "ingest-{SECRET}", may: ingest}}
"""
OWN = {"Sec-Fetch-Site": "same-origin"}


def bearer(kind):
    """The header of a program with the token of this kind."""
    return {"Authorization": f"Bearer {kind}-{SECRET}"}


@pytest.mark.parametrize("path", ["/", "/sources", "/changes?since=1", "/nothing", "/api/v1/alerts", "/metrics"])
def test_without_a_login_there_is_nothing_to_see(serve, path):
    """Loopback is no login: every process on the machine has it. What does not exist looks like what does."""
    answer = serve(lambda page: page.get(path), log_in=False)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "wire" not in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/static/style.css", "/login"])
def test_monitors_and_the_login_need_no_login(serve, path):
    """They show nothing of the news."""
    assert serve(lambda page: page.get(path), log_in=False).status == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param(lambda value: value, 200, id="as it was given"),
        pytest.param(lambda value: value[:-1] + ("A" if value[-1] != "A" else "B"), 401, id="another signature"),
        pytest.param(lambda value: "x" + value, 401, id="another time"),
        pytest.param(lambda value: value.rpartition(".")[0], 401, id="no signature"),
        pytest.param(lambda value: "é" * 9, 401, id="not ASCII"),
        pytest.param(lambda value: "A" * 7000, 401, id="long"),
    ],
)
def test_a_cookie_is_signed(serve, change, status):
    """Nobody makes one for themselves."""

    async def scene(page):
        name, value = next(iter(page.cookies.items()))
        page.cookies[name] = change(value)
        return await page.get("/sources")

    assert serve(scene).status == status


def test_a_session_ends_after_thirty_days(serve):
    """A browser that was lost is a stranger in the end."""

    async def scene(page):
        page.real.move(days=30, seconds=-5)
        before = await page.get("/sources")
        page.real.move(seconds=10)
        return before.status, (await page.get("/sources")).status

    assert serve(scene) == (200, 401)


@pytest.mark.parametrize("after", [{"seconds": 2}, {"hours": -1}], ids=["soon", "the clock was set back"])
def test_an_end_of_all_sessions_reaches_a_running_daemon(serve, after):
    """`tocsin web logout-all` writes a number, which is noticed within seconds; a new login works."""

    async def scene(page):
        before = await page.get("/sources")
        page.store.act.end_sessions()
        page.real.move(**after)
        ended = await page.get("/sources")
        await page.log_in()
        return before.status, ended.status, (await page.get("/sources")).status

    assert serve(scene) == (200, 401, 200)


def test_a_link_that_was_printed_before_an_end_of_all_sessions_is_dead(serve):
    """Whoever ends all sessions may do so because somebody read the link."""

    async def scene(page):
        code = page.code()
        page.store.act.end_sessions()
        return [(await page.post("/login", {"code": one})).status for one in (code, page.code())]

    assert serve(scene, log_in=False) == [403, 303]


def test_the_cookie_of_another_service_is_none(serve):
    """A browser sends the cookies of a host to every port, and two services may have one secret."""

    async def scene(page):
        ((name, value),) = page.cookies.items()
        page.cookies = {f"{name}0": value, name: ""}
        renamed = await page.get("/sources")
        page.cookies = {name: value}
        return renamed.status, (await page.get("/sources")).status, name

    renamed, own, name = serve(scene, web=f"secret: {SECRET}")
    assert (renamed, own) == (401, 200)
    assert name.startswith("tocsin-")


def test_the_cookie_is_for_this_site_and_out_of_reach_of_scripts(serve):
    """It goes nowhere else, and nothing on a page can read it."""

    async def scene(page):
        return await page.post("/login", {"code": page.code()}), page.listener.address

    answer, address = serve(scene, log_in=False)
    name, *attributes = answer.cookie.replace("=", ";", 1).split(";")
    assert name == f"tocsin-{address.port}"
    assert {part.strip() for part in attributes[1:]} == {"HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Lax"}


def test_behind_tls_the_cookie_is_secure_and_belongs_to_the_path(serve):
    """Below a path the cookie is for that path, named by it."""

    async def scene(page):
        headers = {"Host": "ops.example.org", "Origin": "https://ops.example.org"}
        form = {"code": page.code()}
        return await page.ask("POST", "/alarm/login", data=form, headers=headers)

    answer = serve(scene, web="url: https://ops.example.org/alarm", log_in=False)
    assert answer.status == 303
    assert answer.headers["Location"] == "/alarm/"
    assert answer.cookie.startswith("tocsin-alarm=")
    assert {"Secure", "Path=/alarm/"} <= {part.strip() for part in answer.cookie.split(";")}


# ---- the one-time link ----------------------------------------------------------------------------------------------


def test_a_code_works_once(serve):
    """A link that lies in a history or a chat lets nobody else in."""

    async def scene(page):
        code = page.code()
        first = await page.post("/login", {"code": code})
        page.cookies.clear()
        return first.status, await page.post("/login", {"code": code})

    first, second = serve(scene, log_in=False)
    assert (first, second.status) == (303, 403)
    assert "used already" in second.text
    assert second.cookie == ""


def test_a_code_is_used_by_the_button_alone(serve):
    """Programs that look into messages open links, as often as they like."""

    async def scene(page):
        code = page.code()
        for method in ("GET", "HEAD", "GET"):
            assert (await page.ask(method, f"/login?code={code}")).status == 200
        return await page.post("/login", {"code": code})

    assert serve(scene, log_in=False).status == 303


@pytest.mark.parametrize(
    "code", ["", "x", "a.b.c.d", "." * 50, "A" * 9000], ids=["none", "word", "parts", "dots", "long"]
)
def test_a_code_that_was_not_given_is_refused(serve, code):
    """A guess is a failed login, and no fault."""
    assert serve(lambda page: page.post("/login", {"code": code}), log_in=False).status == 403


def test_a_code_expires_after_five_minutes(serve):
    """The person who asked for it is there."""

    async def scene(page):
        good, late = page.code(), page.code()
        page.real.move(minutes=4, seconds=59)
        first = await page.post("/login", {"code": good})
        page.real.move(seconds=2)
        return first.status, (await page.post("/login", {"code": late})).status

    assert serve(scene, log_in=False) == (303, 403)


def test_a_hostile_code_is_shown_as_text(serve):
    """It comes from an address that anybody may have written."""
    answer = serve(lambda page: page.get('/login?code="><script>alert(1)</script>'), log_in=False)
    assert "<script>alert" not in answer.text


# ---- failed logins --------------------------------------------------------------------------------------------------


def test_failures_of_one_client_wait_and_what_is_right_never_does(serve):
    """A guess costs time from the sixth on. Sessions, codes and tokens wait for nobody else's guesses, nor for their own."""

    async def scene(page):
        async def guess():
            return (await page.post("/login", {"code": "guess"})).status

        early = [await guess() for _ in range(5)]
        none = list(page.slept)
        late, waited = await guess(), list(page.slept)
        page.slept.clear()
        right = [
            (await page.get("/sources")).status,
            (await page.get("/sources", headers=bearer("read"))).status,
            (await page.post("/login", {"code": page.code()})).status,
        ]
        unhurt = list(page.slept)
        page.real.move(minutes=2)
        await guess()
        return early, none, late, waited, right, unhurt, list(page.slept)

    assert serve(scene, web=TOKENS) == ([403] * 5, [], 403, [5.0], [200, 200, 303], [], [])


def test_wrong_tokens_are_failed_logins_too(serve):
    """A program with an old token asks again and again, and must not cost more than one that sleeps."""

    async def scene(page):
        answers = [await page.get("/sources", headers={"Authorization": f"Bearer {n}"}) for n in range(7)]
        return {answer.status for answer in answers}, page.slept

    assert serve(scene, web=TOKENS, log_in=False) == ({401}, [5.0, 5.0])


def test_failures_of_one_client_are_not_those_of_another(serve):
    """Behind a proxy a scanner at one address slows down nobody at another."""

    async def scene(page):
        async def guess(address):
            headers = {"X-Tocsin-Proxy": SECRET, "X-Forwarded-For": address, **OWN}
            await page.ask("POST", "/login", data={"code": "guess"}, headers=headers)
            return len(page.slept)

        return [await guess("192.0.2.1") for _ in range(7)], [await guess("192.0.2.2") for _ in range(5)]

    assert serve(scene, web=f"proxy: {{secret: {SECRET}}}", log_in=False) == ([0, 0, 0, 0, 0, 1, 2], [2] * 5)


def test_no_more_than_a_few_answers_wait(serve):
    """A flood of guesses holds a bounded number of connections; a right code still passes."""

    async def scene(page):
        full, release = asyncio.Event(), asyncio.Event()

        async def sleep(_):
            if len(page.slept) == 20:
                full.set()
            await release.wait()

        page.sleep = sleep
        for _ in range(5):
            await page.post("/login", {"code": "guess"})
        waiting = [asyncio.create_task(page.post("/login", {"code": "guess"})) for _ in range(20)]
        await asyncio.wait_for(full.wait(), 20)
        refused = await page.post("/login", {"code": "guess"})
        right = await page.post("/login", {"code": page.code()})
        release.set()
        return refused.status, refused.headers["Retry-After"], right.status, {(await one).status for one in waiting}

    assert serve(scene, log_in=False) == (429, "5", 303, {403})


# ---- hosts and origins ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("LOCALHOST:{port}", 200),
        ("[::1]:{port}", 200),
        ("ops.example.org", 200),
        ("ops.example.org:443", 200),
        ("evil.example", 421),
        ("evil.example:{port}", 421),
        ("127.0.0.1.evil.example:{port}", 421),
        ("127.0.0.1", 421),
        ("localhost:1", 421),
        ("", 421),
    ],
)
def test_only_our_own_names_are_served(serve, host, status):
    """A page of evil.example, whose name leads to 127.0.0.1 a moment later, must read nothing (DNS rebinding)."""

    async def scene(page):
        headers = {"Host": host.format(port=page.listener.address.port)}
        return await page.get("/login", headers=headers), await page.get("/healthz", headers=headers)

    login, health = serve(scene, web="url: https://ops.example.org", log_in=False)
    assert login.status == status
    assert health.status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 303, id="own page"),
        pytest.param({"Origin": "http://{host}"}, 303, id="own page, an older browser"),
        pytest.param({"Origin": "https://ops.example.org"}, 303, id="own page, behind the proxy"),
        pytest.param({"Sec-Fetch-Site": "none", "Origin": "http://{host}"}, 303, id="sent by hand"),
        pytest.param({}, 403, id="neither header"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="another host of the site"),
        pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": "http://{host}"}, 403, id="another site that lies"),
        pytest.param({"Origin": "https://evil.example"}, 403, id="another origin"),
        pytest.param({"Origin": "null"}, 403, id="no origin"),
        pytest.param({"Origin": "https://ops.example.org.evil.example"}, 403, id="a name that begins like ours"),
        pytest.param({"Origin": "http://127.0.0.1:1"}, 403, id="another service of this machine"),
        pytest.param({"Origin": "http://ops.example.org"}, 403, id="our name without TLS"),
    ],
)
def test_only_our_own_pages_may_act(serve, headers, status):
    """The browser of a person who is logged in also shows pages of others."""

    async def scene(page):
        own = {name: value.format(host=page.host) for name, value in headers.items()}
        return await page.ask("POST", "/logout", headers=own)

    assert serve(scene, web="url: https://ops.example.org").status == status


# ---- programs and proxies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param(bearer("read"), 200, id="read"),
        pytest.param(bearer("act"), 200, id="act"),
        pytest.param(bearer("ingest"), 403, id="ingest"),
        pytest.param({"Authorization": f"bearer  read-{SECRET} "}, 200, id="another spelling"),
        pytest.param({"Authorization": "Bearer "}, 401, id="empty"),
        pytest.param({"Authorization": "Bearer wrong"}, 401, id="wrong"),
        pytest.param({"Authorization": f"Basic read-{SECRET}"}, 401, id="basic"),
        pytest.param({"Authorization": f"Bearer {'x' * 6000}"}, 401, id="long"),
    ],
)
def test_a_token_sees_what_it_may(serve, headers, status):
    """A token that hands in items is on a machine that need not know the news."""
    assert serve(lambda page: page.get("/sources", headers=headers), web=TOKENS, log_in=False).status == status


def test_without_tokens_none_is_good(serve):
    """An empty token must not equal one that is not there."""
    assert serve(lambda page: page.get("/", headers={"Authorization": "Bearer "}), log_in=False).status == 401


PROXY = f"proxy: {{secret: {SECRET}}}"


@pytest.mark.parametrize(
    ("web", "headers", "status"),
    [
        pytest.param("", {"X-Forwarded-User": "root"}, 401, id="from loopback"),
        pytest.param(PROXY, {"X-Forwarded-User": "root"}, 401, id="without the secret"),
        pytest.param(PROXY, {"X-Forwarded-User": "root", "X-Tocsin-Proxy": "guess"}, 401, id="with a wrong one"),
        pytest.param("", {"X-Forwarded-User": "root", "X-Tocsin-Proxy": ""}, 401, id="with none, as configured"),
        pytest.param(PROXY, {"X-Forwarded-User": "ann", "X-Tocsin-Proxy": SECRET}, 200, id="from the proxy"),
        pytest.param(PROXY, {"X-Tocsin-Proxy": SECRET}, 401, id="from the proxy, which names nobody"),
        pytest.param(PROXY, {"X-Forwarded-User": " ", "X-Tocsin-Proxy": SECRET}, 401, id="a blank name"),
    ],
)
def test_only_the_proxy_names_a_user(serve, web, headers, status):
    """A header is a claim, and any process of the machine can send one."""
    answer = serve(lambda page: page.get("/sources", headers=headers), web=web, log_in=False)
    assert answer.status == status
    assert ("ann · " in answer.text) == (status == 200)


def test_of_two_named_users_none_is_believed(serve):
    """A proxy that adds its header to that of the client lets the client be anybody."""
    headers = [("X-Tocsin-Proxy", SECRET), ("X-Forwarded-User", "root"), ("X-Forwarded-User", "ann")]

    async def scene(page):
        async with page.session.get(f"http://{page.host}/sources", headers=headers) as response:
            return response.status

    assert serve(scene, web=PROXY, log_in=False) == 401


def test_a_client_cannot_escape_its_delay_by_a_header(serve):
    """The proxy adds the address that it saw at the end; what stands before it is the client's own word."""

    async def scene(page):
        for n in range(6):
            headers = {"X-Tocsin-Proxy": SECRET, "X-Forwarded-For": f"192.0.2.{n}, 198.51.100.7", **OWN}
            await page.ask("POST", "/login", data={"code": "guess"}, headers=headers)
        return page.slept

    assert serve(scene, web=PROXY, log_in=False) == [5.0]


# ---- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["..%2f..%2fpage.py", "../templates/base.html", "%2e%2e/page.py", "style.css%00.js", "STYLE.CSS", "", "style.css/"],
)
def test_static_files_are_those_of_a_list(serve, name):
    """A path never reaches the file system."""

    async def scene(page):
        from yarl import URL

        address = URL(f"http://{page.host}/static/{name}", encoded=True)
        async with page.session.get(address, allow_redirects=False) as response:
            return response.status

    assert serve(scene, log_in=False) in (401, 404)


def test_a_large_body_is_refused(serve):
    """Said beforehand or found out on the way."""

    async def chunks():
        for _ in range(40):
            yield b"x" * 10_000

    async def scene(page):
        said = await page.ask("POST", "/login", data=b"x" * 300_000, headers=OWN)
        found = await page.ask("POST", "/login", data=chunks(), headers=OWN)
        return said.status, found.status, (await page.get("/sources")).status

    assert serve(scene) == (413, 413, 200)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/x-www-form-urlencoded; charset=nothing", b"code=a", 403),
        ("application/x-www-form-urlencoded", b"code=%ff%ed%a0%80\xff", 403),
        ("application/x-www-form-urlencoded", b"a=&" * 200, 400),
        ("application/json", b'{"code": 1}', 415),
        ("text/plain", b"code=a", 415),
        ("multipart/form-data", b"--x\r\n\r\n", 415),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n", 415),
    ],
    ids=["no codec", "no UTF-8", "many fields", "JSON", "text", "no boundary", "no end"],
)
def test_a_form_is_read_as_our_pages_send_it(serve, caplog, kind, body, status):
    """Who is not logged in chooses neither the codec nor the parser, and leaves no traceback in the log."""
    headers = {**OWN, "Content-Type": kind}
    answer = serve(lambda page: page.ask("POST", "/login", data=body, headers=headers), log_in=False)
    assert answer.status == status
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("{post}Content-Encoding: gzip\r\nContent-Length: 8\r\n\r\n\x1f\x00\x08junk!", b"415"),
        ("{post}Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n", b"400"),
        ("{post}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", b"400"),
        ("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nx y: z\r\n\r\n", b"400"),
    ],
    ids=["compressed", "no chunks", "two lengths", "TLS", "no header"],
)
def test_what_is_no_request_is_refused(serve, caplog, sent, status):
    """In a word and without a traceback, as anybody who reaches the port can send it."""

    async def scene(page):
        address = page.listener.address
        reader, writer = await asyncio.open_connection(address.host, address.port)
        head = f"POST /login HTTP/1.1\r\nHost: {page.host}\r\nSec-Fetch-Site: same-origin\r\n"
        writer.write(sent.replace("{post}", head).encode("latin-1"))
        line = await asyncio.wait_for(reader.readline(), 10)
        writer.close()
        return line

    assert serve(scene, log_in=False).split()[1] == status
    assert "Traceback" not in caplog.text


def test_a_slow_body_ends(serve, monkeypatch):
    """A client that sends an octet a minute does not hold a connection for ever."""
    monkeypatch.setattr("tocsin.web.middlewares.BODY_WITHIN", 0.05)

    async def scene(page):
        address = page.listener.address
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(
            f"POST /login HTTP/1.1\r\nHost: {page.host}\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 9\r\n\r\nc".encode()
        )
        line = await asyncio.wait_for(reader.readline(), 10)
        writer.close()
        return line

    assert b" 408 " in serve(scene, log_in=False)


def test_a_slow_head_ends(serve, monkeypatch):
    """Nor does one that never gets to the end of its request."""
    monkeypatch.setattr("tocsin.web.server.HEAD_WITHIN", 0.1)

    async def scene(page):
        address = page.listener.address
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: ")
        found = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return found

    assert serve(scene, log_in=False) == b""


@pytest.mark.parametrize("ends", ["its time", "the listener"])
def test_a_client_that_takes_no_answer_is_left(serve, monkeypatch, caplog, ends):
    """It would hold answers in memory for days; others are served meanwhile, and a stop waits for nobody."""
    monkeypatch.setattr("tocsin.web.slow_readers.TAKEN_WITHIN", 0.2 if ends == "its time" else 600.0)
    monkeypatch.setattr("tocsin.web.server.DRAIN", 0.1)

    async def scene(page):
        loop, address = asyncio.get_running_loop(), page.listener.address
        request = f"GET /static/style.css HTTP/1.1\r\nHost: {page.host}\r\n\r\n".encode()
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            await loop.sock_connect(client, (address.host, address.port))
            asking = asyncio.create_task(loop.sock_sendall(client, request * 100_000))
            other = [(await page.get("/sources")).status for _ in range(5)]
            if ends == "the listener":
                await page.listener.close()
            with pytest.raises(ConnectionError):
                await asyncio.wait_for(asking, 20)
        return other

    assert serve(scene) == [200] * 5
    assert "Traceback" not in caplog.text


def test_connections_are_counted(serve, monkeypatch):
    """Those that are too many are closed, and the others work on."""
    monkeypatch.setattr("tocsin.web.server.MOST_CONNECTIONS", 3)

    async def scene(page):
        address = page.listener.address
        held = [await asyncio.open_connection(address.host, address.port) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(aiohttp.ClientError):
            await page.get("/healthz")
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        for _ in range(100):
            try:
                return (await page.get("/healthz")).status
            except aiohttp.ClientError:
                await asyncio.sleep(0.01)
        return None

    assert serve(scene, log_in=False) == 200


# ---- every answer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/sources", "/nothing", "/static/style.css", "/login", "/healthz", "/api/v1/none"]
)
def test_every_answer_carries_the_headers_of_security(serve, path):
    """Errors too: they show what was asked for."""
    headers = serve(lambda page: page.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == ("max-age=300" if path.startswith("/static") else "no-store")
    assert "aiohttp" not in headers["Server"]


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param("\x16\x03 / HTTP/1.1\r\n\r\n", id="no HTTP"),
        pytest.param("GET /healthz HTTP/1.1\r\nHost: {host}\r\nExpect: tea\r\n\r\n", id="an expectation"),
        pytest.param("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n", id="nobody logged in"),
    ],
)
@pytest.mark.parametrize("listener", ["page", "metrics"])
def test_no_answer_tells_a_version(serve, unused_port, request_, listener):
    """Neither do those that no page makes. Whoever looks for a flaw would begin with it."""

    async def scene(page):
        address = page.listener.address if listener == "page" else page.listener.metrics_address
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(request_.format(host=address).encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        writer.close()
        return head.decode()

    head = serve(scene, web=f"metrics: 127.0.0.1:{unused_port}", log_in=False)
    assert "\r\nServer: tocsin\r\n" in head
    assert "\r\nContent-Security-Policy: default-src 'none'" in head
    assert "\r\nX-Content-Type-Options: nosniff\r\n" in head


def test_a_fault_of_the_api_is_a_document(serve):
    """Programs read it, so it is no page."""
    answer = serve(lambda page: page.get("/api/v1/none"))
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert '"status": 404' in answer.text


def test_below_a_path_every_address_is_below_it(serve):
    """Behind a proxy the root belongs to others."""

    async def scene(page):
        return await page.get("/alarm/sources"), await page.get("/sources")

    inside, outside = serve(scene, web="url: http://ops.example.org/alarm")
    assert inside.status == 200
    assert 'href="/alarm/sources"' in inside.text
    assert 'href="/sources"' not in inside.text
    assert outside.status == 404
