"""Subscriptions to hubs (WebSub): what we ask, what we confirm, and what a call does."""

from __future__ import annotations

import asyncio
import hmac
import ssl
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import trustme
from aiohttp import web

from tocsin.config.config import parse_config
from tocsin.errors import ConfigError
from tocsin.hints import Hub
from tocsin.model.entries import Cursor
from tocsin.sources.http.client import HttpClient
from tocsin.store.values import Fetch, PollRecord, Rest
from tocsin.web.hubs import REFUSED, RENEWED, Subscriber
from tocsin.web.wall.hub_callbacks import callback, shared_secret
from tocsin.web.wall.keys import derive
from tocsin.web.wall.site import HUB_KEY

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOPIC = "https://paper.example/feed"
URL = "https://ops.example.org/alarm"
WEB = f"url: {URL}\nwebsub: true\n"
HOST = {"Host": "ops.example.org"}
KEY = b"k" * 32


async def _hub(answer, tmp_path, scene):
    """Run a scene with a subscriber and a hub, by TLS on loopback, that answers with a status."""
    asked = []

    async def handle(request):
        asked.append({name: values[0] for name, values in parse_qs(await request.text()).items()})
        return web.Response(status=answer)

    house = trustme.CA()
    house.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    house.issue_cert("127.0.0.1").configure_cert(context)
    runner = web.AppRunner(web.Application())
    runner.app.router.add_post("/", handle)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        async with HttpClient(ca_file=tmp_path / "ca.pem", gap=timedelta()) as http:
            subscriber = Subscriber(http, url=URL, key=KEY, private={"inside"}, allow_private=True)
            hub = Hub(url=f"https://127.0.0.1:{runner.addresses[0][1]}/", topic=TOPIC)
            await scene(subscriber, hub)
    finally:
        await runner.cleanup()
    return asked


async def _offer(subscriber, source, hub, now):
    subscriber.offer(source, hub, now)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*(task for task in others if task.get_name().startswith("hub of")))


def test_a_hub_is_asked_once_a_day_and_told_where_to_call(tmp_path):
    """A subscription that is renewed every day never ends, whatever the hub grants."""

    async def scene(subscriber, hub):
        for now in (NOW, NOW + timedelta(hours=1), NOW + RENEWED):
            await _offer(subscriber, "paper", hub, now)
        await _offer(subscriber, "inside", hub, NOW)
        await _offer(subscriber, "open", Hub(url="http://127.0.0.1:1/", topic=TOPIC), NOW)

    asked = asyncio.run(_hub(202, tmp_path, scene))
    assert len(asked) == 2
    assert asked[0] == {
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.callback": f"{URL}/{callback(KEY, 'paper', TOPIC)}",
        "hub.lease_seconds": "864000",
        "hub.secret": shared_secret(KEY, "paper"),
    }


def test_a_hub_that_refuses_is_asked_again_later(tmp_path):
    """The source is polled in its rhythm all the time."""

    async def scene(subscriber, hub):
        for now in (NOW, NOW + timedelta(hours=1), NOW + REFUSED):
            await _offer(subscriber, "paper", hub, now)

    assert len(asyncio.run(_hub(500, tmp_path, scene))) == 2


CONFIG = """\
database: sqlite:///tocsin.db
rules: [./rules]
sources:
  paper: {feed: https://paper.example/feed}
receivers:
  here: {console: true, operator: true}
"""


def _where(page, source="paper", topic=TOPIC, secret=""):
    """The path at which the hub of a source calls."""
    return f"{urlsplit(URL).path}/{callback(derive(secret or page.secret, HUB_KEY), source, topic)}"


def _due(page):
    """When the source is polled next, and why."""
    view = page.store.read.source("paper").source
    return view.due_at, view.reasons


def _ready(page):
    """Make the row of the source, polled now and due in an hour."""
    now = page.clock.now()
    page.store.sync_sources([("paper", TOPIC, "feed")], now)
    [lease] = page.store.claim_sources(now, timedelta(minutes=5), 1)
    fetch = Fetch(at=now, status=200)
    record = PollRecord(due_at=now + timedelta(hours=1), reasons=("its rhythm",), fetch=fetch)
    page.store.complete_unchanged([Rest(lease=lease, cursor=Cursor(), record=record)], now)


def test_what_we_asked_for_is_confirmed_and_nothing_else(serve):
    """A hub must not be made to send us what somebody else asked it for."""

    async def scene(page):
        good = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "c4nary", "hub.lease_seconds": "864000"}
        wrong = (
            {"hub.topic": "https://evil.example/"},
            {"hub.mode": "unsubscribe"},
            {"hub.challenge": ""},
            {"hub.challenge": "x" * 5000},
        )
        answers = [
            await page.ask("GET", f"{_where(page)}?{urlencode(good | one)}", headers=HOST) for one in ({}, *wrong)
        ]
        answers.append(await page.ask("GET", f"{_where(page, secret='other')}?{urlencode(good)}", headers=HOST))
        answers.append(await page.ask("GET", f"{_where(page, 'gone')}?{urlencode(good)}", headers=HOST))
        return answers

    first, *others = serve(scene, web=WEB, config=CONFIG, log_in=False)
    assert (first.status, first.text) == (200, "c4nary")
    assert [answer.status for answer in others] == [404, 404, 404, 404, 404, 410]


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha512"])
def test_a_signed_call_polls_the_source_at_once(serve, method):
    """News is there seconds after the hub has it, and many calls are one poll."""

    async def scene(page):
        _ready(page)
        body = b"<feed>news</feed>"
        signature = hmac.new(shared_secret(derive(page.secret, HUB_KEY), "paper").encode(), body, method).hexdigest()
        headers = {**HOST, "X-Hub-Signature": f"{method}={signature}"}
        statuses = [(await page.ask("POST", _where(page), data=body, headers=headers)).status for _ in range(3)]
        return statuses, _due(page), page.clock.now(), page.calls

    statuses, due, now, calls = serve(scene, web=WEB, config=CONFIG, log_in=False)
    assert statuses == [202] * 3
    assert due == (now + timedelta(seconds=10), ("its hub says that it has news",))
    assert "wake" in calls


@pytest.mark.parametrize(
    ("signature", "where", "status"),
    [
        ("sha256=00", {}, 202),
        ("", {}, 202),
        ("md5=00", {}, 202),
        ("sha256=é", {}, 202),
        ("sha256=00", {"secret": "other"}, 404),
        ("sha256=00", {"source": "gone"}, 410),
    ],
)
def test_any_other_call_changes_nothing(serve, signature, where, status):
    """Whoever learns of an address can neither send news nor learn the secret."""

    async def scene(page):
        _ready(page)
        before = _due(page)
        headers = {**HOST, "X-Hub-Signature": signature}
        answer = await page.ask("POST", _where(page, **where), data=b"<feed/>", headers=headers)
        return answer.status, before == _due(page)

    assert serve(scene, web=WEB, config=CONFIG, log_in=False) == (status, True)


def test_without_the_key_nobody_is_called(serve):
    """A reload that removes the key ends what hubs were told."""

    async def scene(page):
        return (await page.ask("POST", _where(page), data=b"", headers=HOST)).status

    assert serve(scene, web=f"url: {URL}\n", config=CONFIG, log_in=False) == 410


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("{websub: true}", "needs a url that begins with https://"),
        ("{websub: true, url: http://ops.example.org}", "needs a url that begins with https://"),
        ("{websub: true, url: https://ops.example.org, listen: off}", "needs the page: remove listen: off"),
    ],
)
def test_a_hub_has_to_reach_the_page(tmp_path, keys, words):
    """The first mistake: a page that only people inside can open."""
    with pytest.raises(ConfigError, match=words):
        parse_config(f"{CONFIG.replace('rules: [./rules]', '')}web: {keys}\n", tmp_path / "config.yaml", {})
