"""The page on a real listener on loopback, with a real store, and clients that do as browsers and programs do."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.hand_clock import NOON, HandClock
from tocsin.config.additions import propose
from tocsin.config.build import make_source
from tocsin.config.config import load_config
from tocsin.config.feeds import FeedConfig
from tocsin.config.loading import load_rules
from tocsin.ingest.config import IngestConfig
from tocsin.ingest.judging import judge
from tocsin.ingest.pushes import PushIntake
from tocsin.model.counters import Counters
from tocsin.model.entries import Batch, Cursor, Entry
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.protocols import Runtime, runner
from tocsin.replay.replay import EVERYBODY
from tocsin.rules.ruleset import RuleSet
from tocsin.sources.http.client import HttpClient
from tocsin.store import Store
from tocsin.store.values import JudgedBatch, PollRecord
from tocsin.web.daemon import Daemon
from tocsin.web.health import Health
from tocsin.web.listener import Listener
from tocsin.web.wall.keys import derive, own_secret, secret_beside
from tocsin.web.wall.sessions import new_code
from tocsin.web.wall.site import LOGIN_KEY

CONFIG = """\
timezone: Europe/London
database: sqlite:///tocsin.db
rules: [./rules]
sources:
  wire: {feed: "https://me:s3cret@example.org/feed"}
  desk: {push: true, labels: {tier: primary}, accept_labels: [company]}
instruments:
  GAL: {class: metal, currency: USD, sources: [yahoo:GAL], labels: {mineral: gallium}}
receivers:
  here: {console: true, operator: true}
"""
PACK = """\
tocsin: 1
pack: {id: metals, version: 1.0.0}
lists: {mineral: {gallium: [gallium], cobalt: [cobalt]}}
rules:
  - id: ban
    title: "{mineral}: ban"
    severity: high
    news: {match: $mineral NEAR/8 (ban~ OR halt~)}
    key: [mineral]
    fires: [China bans gallium exports]
    quiet: [China exports gallium]
"""
#: A headline that meets the rule, and tries to run, to turn the text around and to fill the page.
HOSTILE = '<script>alert(1)</script> "China bans gallium exports" \u202e' + "x" * 10_000
HEALTH = Health(version="1.2.3", started=NOON, loaded=NOON, alive=True, rules=3)
#: What a browser sends with a form of our own page.
OWN = {"Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str
    cookie: str = ""  # Set-Cookie as it was sent


@dataclass
class Served:
    """A listener, and a browser in front of it, whose cookies are kept in *cookies*."""

    listener: Listener
    store: Store
    clock: HandClock
    real: HandClock
    session: aiohttp.ClientSession
    secret: str
    calls: list[str]
    slept: list[float]
    counters: Counters
    rules: RuleSet
    cookies: dict[str, str] = field(default_factory=dict)
    health: Health = HEALTH
    #: Waits in the place of a delay, which otherwise passes at once.
    sleep: Callable[[float], Awaitable[Any]] | None = None
    #: True where a server on loopback stands for one of the internet.
    private: bool = False

    @property
    def host(self) -> str:
        """Host and port of the listener."""
        assert self.listener.address
        return "localhost" if self.listener.address.path else str(self.listener.address)

    @property
    def daemon(self) -> Daemon:
        """The daemon as pages see it."""
        return self.listener.daemon

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        """Ask as this browser does; redirects are not followed."""
        headers = dict(options.pop("headers", {}))
        if self.cookies:
            headers.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        async with self.session.request(
            method, f"http://{self.host}{path}", headers=headers, allow_redirects=False, **options
        ) as response:
            text = await response.text()
            for name, morsel in response.cookies.items():
                self.cookies[name] = morsel.value
            cookie = response.headers.get("Set-Cookie", "")
            return Answer(response.status, dict(response.headers), text, cookie)

    async def get(self, path: str, **options: Any) -> Answer:
        """Open a page."""
        return await self.ask("GET", path, **options)

    async def post(self, path: str, form: Mapping[str, str] | None = None, **options: Any) -> Answer:
        """Send a form of our own page."""
        return await self.ask("POST", path, data=form or {}, headers={**OWN, **options.pop("headers", {})}, **options)

    def code(self, user: str = "ann") -> str:
        """What `tocsin web link` prints behind `code=`."""
        return new_code(
            user, derive(self.secret, LOGIN_KEY), epoch=self.store.read.session_epoch(), now=self.real.now()
        )

    async def log_in(self, user: str = "ann", base: str = "") -> None:
        """Log this browser in."""
        answer = await self.post(f"{base}/login", {"code": self.code(user)})
        assert answer.status == 303, answer

    def bring(
        self,
        *news: str | Entry,
        source: str = "wire",
        to: Sequence[str] = ("here",),
        receivers: Sequence[ReceiverInfo] = (),
        **fields: Any,
    ) -> None:
        """Commit *news*, as entries or as headlines with *fields*, as a poll of *source*, judged and decided as by the daemon.

        Each alert is a message *to* these receivers, or to *receivers*.
        """
        known = {view.name for view in self.store.read.sources()}
        self.store.sync_sources(
            [(name, "https://example.org/feed", "feed") for name in sorted(known | {source})], self.clock.now(), {}
        )
        found = tuple(receivers) or tuple(ReceiverInfo(name=name, recipients=("",)) for name in to)
        policy = Policy(routes=(Route(to=tuple(one.name for one in found)),), receivers=found)
        if source not in known:
            self._commit(source, [], policy)  # the first poll is a silent baseline
            self.clock.move(minutes=1)
        entries = [one if isinstance(one, Entry) else self.entry(one, source=source, **fields) for one in news]
        self._commit(source, entries, policy)

    def entry(self, title: str, **fields: Any) -> Entry:
        """An entry with this headline that is new now."""
        now = self.clock.now()
        values = {"source": "wire", "summary": f"More on this: {title}", "link": "https://example.org/x", **fields}
        return Entry(id=f"{title} {now}", keys=(), title=title, first_seen=now, published=now, **values)

    def _commit(self, source: str, entries: list[Entry], policy: Policy) -> None:
        now = self.clock.now()
        self.real.move(minutes=6)  # leases of the polls before have ended
        lease = next(one for one in self.store.claim_sources(now, timedelta(minutes=5), 99) if one.name == source)
        batch = Batch(source=source, entries=tuple(entries), cursor=Cursor(), changed=True)
        found = JudgedBatch(batch=batch, judged=judge(self.rules, entries, now))
        self.store.commit(lease, found, policy.decide, now, PollRecord(due_at=now))


Scene = Callable[[Served], Awaitable[Any]]


@pytest.fixture(scope="session")
def play() -> Callable[..., Any]:
    """Run a coroutine to its end."""
    return asyncio.run


@pytest.fixture
def serve(tmp_path: Path, empty: Path, play: Callable[..., Any]) -> Callable[..., Any]:
    """Run `scene(served)` on a listener: `serve(scene, web="tokens: {...}", log_in=False)`; *config* is all but `web:`."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "pack.yaml").write_text(PACK, encoding="utf-8")
    shutil.copy(empty, tmp_path / "tocsin.db")
    path = tmp_path / "config.yaml"

    def run(
        scene: Scene, *, web: str = "", listen: str = "127.0.0.1:0", log_in: bool = True, config: str = CONFIG
    ) -> Any:
        first = listen.replace(":0", ":1")  # the system chooses a port for tests alone
        lines = "".join(f"  {line}\n" for line in [f"listen: {first}", *web.splitlines()])
        path.write_text(f"{config}web:\n{lines}", encoding="utf-8")
        parsed = load_config(path, {})
        assert parsed.web is not None
        site = parsed.web.model_copy(update={"listen": parsed.web.listen.replace(":1", ":0")})
        parsed = replace(parsed, web=site)
        clock, real = HandClock(), HandClock()
        calls: list[str] = []
        slept: list[float] = []
        counters = Counters()

        async def failed(words: str) -> None:
            calls.append(words)

        async def served_scene() -> Any:
            async def poll(source: FeedConfig) -> Batch:
                async with HttpClient(gap=timedelta(0)) as http:
                    reachable = replace(source, allow_private=served.private)
                    return await make_source(reachable, http, asyncio.to_thread).poll(Cursor(), clock.now())

            async def sleep(seconds: float) -> None:
                slept.append(seconds)
                real.move(seconds=seconds)
                if served.sleep:
                    await served.sleep(seconds)

            store = Store.open(parsed.database, real_now=real.now)
            with ThreadPoolExecutor(1) as writer:
                runtime = Runtime(
                    clock=clock, write=runner(writer), work=runner(writer), random=lambda: 0.5, counters=counters
                )
                intake = PushIntake(store, runtime, committed=lambda: calls.append("committed"))
                loaded = load_rules(parsed.rules)
                daemon = Daemon(
                    store=store,
                    config=parsed,
                    rules=loaded,
                    clock=clock,
                    write=runner(writer),
                    health=lambda: served.health,
                    counters=counters,
                    reload=lambda: calls.append("reload"),
                    wake=lambda: calls.append("wake"),
                    poll=poll,
                    propose=partial(propose, path, {}),
                    push=lambda push: intake.take(push, IngestConfig(rules=served.rules, policy=EVERYBODY, sources={})),
                    real=real,
                )
                listener = Listener(daemon, failed=failed, sleep=sleep)
                try:
                    await listener.adopt(parsed, loaded)
                    assert listener.address, calls
                    secret = site.secret.reveal() or own_secret(secret_beside(tmp_path / "tocsin.db"))
                    where = listener.address.path
                    connector = aiohttp.UnixConnector(str(where)) if where else None
                    jar = aiohttp.DummyCookieJar()
                    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session:
                        served = Served(
                            listener, store, clock, real, session, secret, calls, slept, counters, loaded.rules
                        )
                        if log_in:
                            await served.log_in(base=site.base)
                        return await scene(served)
                finally:
                    await listener.close()
                    store.close()

        return play(served_scene())

    return run
