"""One world: servers, a clock, a folder with a database, and the lives of the daemon in it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from chaos.clock import SLEEP, WorldClock
from chaos.evidence import Cut, Evidence, Told, read
from chaos.life import Order
from chaos.nursery import Nursery
from chaos.script import CANARIES, CONFIG, DESK, FEEDS, NAMES, RECIPIENTS, RULES, SECOND, Step
from chaos.servers import Item, Ledger, Mailbox, Web

#: Real seconds after which something that should have happened did not.
PATIENCE = 60.0
#: The leases of these worlds, in real seconds.
LEASE = 1.5


@dataclass(slots=True, kw_only=True)
class Life:
    """A process of the daemon."""

    pid: int
    order: Order
    log: Path

    def said(self) -> str:
        """What it printed so far."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""


class World:
    """Everything around the daemon, in *folder*; *nursery* gives it lives."""

    def __init__(self, folder: Path, nursery: Nursery, *, delay: float = 0.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.nursery = nursery
        self.clock = WorldClock.begin(folder / "clock.json")
        self.ledger = Ledger(self.clock)
        self.web = Web(self.ledger, delay)
        self.mailbox = Mailbox(self.ledger, NAMES)
        self.published: list[Told] = []
        self.cuts: list[Cut] = []
        self.lives: list[Life] = []
        self.zombies = 0
        self.hung: list[tuple[datetime, datetime]] = []
        self._wanted: list[Callable[[sqlite3.Connection], bool]] = []
        self._write_files()

    @property
    def database(self) -> Path:
        """The daemon's database."""
        return self.folder / "tocsin.db"

    @property
    def trace(self) -> Path:
        """Where lives write the points that they pass, a line each."""
        return self.folder / "trace"

    def close(self) -> None:
        """End what lives, and the servers."""
        self.web.hanging.clear()
        for life in self.lives:
            self.end(life)
        self.web.close()
        self.mailbox.close()

    # ---- lives -------------------------------------------------------------------------------------------------

    def start(self, order: Order | None = None) -> Life:
        """Begin a life; *order* says where it ends."""
        order = order or Order(folder="", env={})
        env = {
            "MAIL": f"mailto://127.0.0.1:{self.mailbox.port}?from=bell@example.org&to={DESK},{SECOND}",
            **{
                name.upper(): f"mailto://127.0.0.1:{self.mailbox.port}?from=bell@example.org&to={address}"
                for address, name in NAMES.items()
            },
            "HOOK": f"slack+http://127.0.0.1:{self.web.port}/hook/{CANARIES[0]}",
            "UNUSED": CANARIES[1],
        }
        order = replace(order, folder=str(self.folder), env=env, trace=str(self.trace), lease=order.lease or LEASE)
        log = self.folder / f"life{len(self.lives)}.log"
        life = Life(pid=self.nursery.start(order, log), order=order, log=log)
        self.lives.append(life)
        return life

    def end(self, life: Life, how: int = signal.SIGKILL, point: str = "") -> int:
        """End a life; its exit status. A death of which a *point* is given is noted with what the database says then."""
        if not isinstance(self.nursery.status(life.pid), int):
            os.kill(life.pid, how)
        self.until(lambda: isinstance(self.nursery.status(life.pid), int), f"the end of process {life.pid}")
        if point:
            self.note_cut(point)
        status = self.nursery.status(life.pid)
        assert isinstance(status, int)
        return status

    def note_cut(self, point: str) -> None:
        """Keep what the database says while nobody works on it."""
        if self.database.exists():
            self.cuts.append(Cut(point=point, tables=read(self.database)[0]))

    def is_up(self, life: Life) -> bool:
        """Whether a life lasts, and is through with its beginning."""
        return self.nursery.status(life.pid) is None and " started " in f"{life.said()} "

    # ---- what happens ------------------------------------------------------------------------------------------

    def act(self, step: Step) -> None:
        """Let *step* happen."""
        self.web.answers.extend(step.hook)
        self.mailbox.answers.extend(step.mail)
        self.web.broken = (self.web.broken | set(step.broken)) - set(step.mended)
        self.mailbox.refused = (self.mailbox.refused | set(step.refused)) - set(step.heard)
        if step.later:
            self.clock.jump(step.later)
        now = self.clock.now()
        for feed, guid, title in step.items:
            known = [item for item in self.web.feeds.get(feed, ()) if item.guid == guid]
            published = known[0].published if known else now
            others = [item for item in self.web.feeds.get(feed, ()) if item.guid != guid]
            self.web.feeds[feed] = [Item(feed=feed, guid=guid, title=title, published=published), *others]
            self._wanted.append(_has(_ENTRY, title, feed))
        for instrument, price in step.prices:
            self.web.prices[instrument] = (price, now)
            self._wanted.append(_has(_QUOTE, instrument, price))
        if step.pack:
            self._write_rules(RULES + step.pack)
        elif step.pack_mended:
            self._write_rules(RULES)
        for feed in step.broken:
            self._wanted.append(_has("select count(*) from source where name = ? and errors > 0", feed))
        for address in step.heard:
            self._wanted.append(_has(_HEARD, NAMES[address]))
        if step.stood_in:
            self._wanted.append(_has("select count(*) from delivery where stands_for is not null"))
        for rule in step.own:
            self._wanted.append(_has("select count(*) from alert where rule = ?", rule))
        self.published.extend(step.told)

    def settled(self) -> bool:
        """Whether all that happened is in the database, and nothing that is due by now is still to be sent."""
        try:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=1)) as database:
                self._wanted = [wanted for wanted in self._wanted if not wanted(database)]
                now = f"{self.clock.now():%Y-%m-%d %H:%M:%S.%f}"
                away = json.dumps([NAMES[address] for address in self.mailbox.refused])
                return not self._wanted and database.execute(_UNSENT, (away, now)).fetchone() == (0,)
        except sqlite3.Error:  # it is being made, or recovered
            return False

    def until(self, holds: Callable[[], object], what: str, patience: float = PATIENCE) -> object:
        """Wait until *holds* is true, and return it; fail after *patience* seconds with what the last lives said."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if found := holds():
                return found
            time.sleep(0.01)
        said = "\n".join(
            f"--- {life.log.name} {life.order.side} {life.order.call}\n{life.said()}" for life in self.lives[-3:]
        )
        raise AssertionError(f"waited {patience:g} s in vain: {what}\n{said[-6000:]}")

    # ---- what was written down ---------------------------------------------------------------------------------

    def evidence(self, *, late: int) -> Evidence:
        """All of it; no life may work on the database."""
        tables, sound = read(self.database)
        return Evidence(
            tables=tables,
            accepted=tuple(self.ledger.accepted),
            published=tuple(self.published),
            polls=tuple(self.ledger.polls),
            cuts=tuple(self.cuts),
            recipients=RECIPIENTS,
            versions=dict(self.ledger.versions),
            late=late,
            log="".join(life.said() for life in self.lives),
            canaries=CANARIES,
            sound=sound,
            zombies=self.zombies,
            hung=tuple(self.hung),
            quiet=(("night", *SLEEP),),
        )

    def _write_files(self) -> None:
        (self.folder / "rules").mkdir()
        self._write_rules(RULES)
        labels = {"ministry": ", labels: {tier: primary}"}
        feeds = "\n".join(
            f'  {name}: {{feed: "http://127.0.0.{n + 2}:{self.web.port}/{name}", every: 1s, allow_private: true'
            f"{labels.get(name, '')}}}"
            for n, name in enumerate(FEEDS)
        )
        config = CONFIG.format(feeds=feeds, web=self.web.port)
        (self.folder / "config.yaml").write_text(config, encoding="utf-8")
        for name in FEEDS:
            old = self.clock.now() - timedelta(hours=1)
            self.web.feeds[name] = [Item(feed=name, guid="old", title="Yesterday in short", published=old)]
        self.web.prices["tin"] = ("100", self.clock.now())

    def _write_rules(self, text: str) -> None:
        (self.folder / "rules" / "metals.yaml").write_text(text, encoding="utf-8")


_ENTRY = (
    "select (select count(*) from entry join source on source.id = source_id where entry.title = ?1 and name = ?2)"
    " + (select count(*) from revision where title = ?1)"
)
_QUOTE = "select count(*) from series where instrument = ?1 and ?2 = (select price from quote where instrument = ?1 order by at desc limit 1)"
_HEARD = "select not exists (select 1 from delivery where receiver = ?1 and state in ('ready', 'retry', 'sending'))"
_UNSENT = (
    "select count(*) from delivery where receiver not in (select value from json_each(?))"
    " and (state in ('ready', 'retry', 'sending') or (state = 'held' and due_at <= ?))"
)


def _has(query: str, *values: str) -> Callable[[sqlite3.Connection], bool]:
    return lambda database: bool(database.execute(query, values).fetchone()[0])
