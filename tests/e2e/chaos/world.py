"""One world: servers, a clock, a folder with a database, and the lives of the daemon in it."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from adapters.postgres import Server
from chaos.clock import SLEEP, WorldClock
from chaos.databases import AwayError, FileDatabase, ServerDatabase, WorldDatabase
from chaos.evidence import Cut, Evidence, Told
from chaos.life import Order
from chaos.nursery import Nursery
from chaos.people import NUMBERS
from chaos.script import CANARIES, CONFIG, DESK, FEEDS, HOSTS, NAMES, RECIPIENTS, RULES, SECOND, Step
from chaos.servers import Item, Ledger, Mailbox, Web
from chaos.watch import Watch
from chaos.wire import Wire

#: Real seconds after which something that should have happened did not.
PATIENCE = 120.0
#: The leases of these worlds, in real seconds.
LEASE = 1.5
AN_HOUR = 3600.0
#: Real seconds between two looks at what is waited for.
_PAUSE = 0.02
#: Real seconds that a message takes where tries could meet.
SLOWNESS = 0.05
#: Lives that keep their wires, the last ones.
_ON_THE_WIRE = 20


@dataclass(slots=True, kw_only=True)
class Life:
    """A process of the daemon, on a *wire* to its server if it has one."""

    pid: int
    order: Order
    log: Path
    wire: Wire | None = None

    def said(self) -> str:
        """What it printed so far."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""


class World:
    """Everything around *workers* daemons, in *folder*; *nursery* gives them lives.

    Their database is on *server*, or a file if there is none. Leases last *lease* real seconds. With *hosts* feeds have
    addresses on few public hosts, which one asks by turns. If it is *misdated* the machines of daemons are an hour apart. Several daemons have slow receivers, so that tries could meet.
    """

    def __init__(
        self,
        folder: Path,
        nursery: Nursery,
        *,
        delay: float = 0.0,
        server: Server | None = None,
        workers: int = 1,
        lease: float = LEASE,
        hosts: bool = False,
        misdated: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.nursery = nursery
        self.workers = workers
        self.database: WorldDatabase = ServerDatabase(server) if server else FileDatabase(folder)
        self.clock = WorldClock.begin(folder / "clock.json")
        self.ledger = Ledger(self.clock)
        slowness = 0.0 if workers == 1 else SLOWNESS
        self.web = Web(self.ledger, delay, slowness)
        self.mailbox = Mailbox(self.ledger, NAMES, slowness)
        self.published: list[Told] = []
        self.cuts: list[Cut] = []
        self.lives: list[Life] = []
        self._hung_up = 0
        #: Those that work now, or did a moment ago.
        self.crew: list[Life] = []
        self.zombies = 0
        self.hung: list[tuple[datetime, datetime]] = []
        self.lease = lease
        #: What new lives begin with: the file of their configuration, and the migrations of their program.
        self.config = "config.yaml"
        self.migrations = ""
        self._hosts = hosts
        self._misdated = misdated
        self._watch = Watch(self.database) if workers > 1 and isinstance(self.database, ServerDatabase) else None
        self._wanted: list[Callable[[WorldDatabase], bool]] = []
        self._configs: list[str] = []
        self._rules = RULES
        self._write_config("")
        self._begin()

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
        if self._watch:
            self._watch.close()
        self.database.close()

    # ---- lives -------------------------------------------------------------------------------------------------

    def start(self, order: Order | None = None) -> Life:
        """Begin a life; *order* says where it ends."""
        order = order or Order(folder="", env={})
        address, wire = self.database.address()
        order = replace(
            order,
            folder=str(self.folder),
            env=self.env(address),
            trace=str(self.trace),
            lease=order.lease or self.lease,
            wrong=AN_HOUR if self._misdated and len(self.lives) % 2 else 0.0,
            config=order.config or self.config,
            migrations=order.migrations or self.migrations,
        )
        log = self.folder / f"life{len(self.lives)}.log"
        life = Life(pid=self.nursery.start(order, log), order=order, log=log, wire=wire)
        self.lives.append(life)
        self._hang_up()
        return life

    def _hang_up(self) -> None:
        """Close the wires of lives that ended long ago: a campaign has a thousand."""
        while self._hung_up < len(self.lives) - _ON_THE_WIRE and not self.is_alive(self.lives[self._hung_up]):
            if wire := self.lives[self._hung_up].wire:
                wire.close()
            self._hung_up += 1

    def env(self, address: str) -> dict[str, str]:
        """The environment of a life whose database is at *address*."""
        return {
            "DATABASE": address,
            "MAIL": f"mailto://127.0.0.1:{self.mailbox.port}?from=bell@example.org&to={DESK},{SECOND}",
            **{
                name.upper(): f"mailto://127.0.0.1:{self.mailbox.port}?from=bell@example.org&to={address}"
                for address, name in NAMES.items()
            },
            "HOOK": f"slack+http://127.0.0.1:{self.web.port}/hook/{CANARIES[0]}",
            "UNUSED": CANARIES[1],
        }

    def staff(self, order: Order | None = None) -> list[Life]:
        """Begin as many lives as are lacking, each by *order*; all that work then."""
        self.crew = [life for life in self.crew if self.is_alive(life)]
        self.crew += [self.start(order) for _ in range(self.workers - len(self.crew))]
        return self.crew

    def tend(self) -> bool:
        """Begin again what could not start while the server was away, as a service manager does; nothing else may end."""
        for life in self.crew:
            if not self.is_alive(life):
                status = self.nursery.status(life.pid)
                assert status == 1, f"a daemon ended with {status}:\n{life.said()}"
                assert " started " not in life.said(), f"a daemon that worked has ended:\n{life.said()}"
        return bool(self.staff())

    def dismiss(self, point: str = "") -> None:
        """End every life; those that ended already, too."""
        for life in self.crew:
            self.end(life, point=point if self.is_alive(life) else "")
        self.crew = []

    def is_alive(self, life: Life) -> bool:
        """Whether a life goes on, stopped or not."""
        return not isinstance(self.nursery.status(life.pid), int)

    def any_ended(self, how: int | str) -> Life | None:
        """One of those that worked a moment ago whose status is this: an exit status, minus a signal, or "stopped"."""
        return next((life for life in self.crew if self.nursery.status(life.pid) == how), None)

    def end(self, life: Life, how: int = signal.SIGKILL, point: str = "") -> int:
        """End a life; its exit status. A death of which a *point* is given is noted with what the database says then."""
        if self.is_alive(life):
            os.kill(life.pid, how)
        self.until(lambda: not self.is_alive(life), f"the end of process {life.pid}")
        if point:
            self.note_cut(point)
        status = self.nursery.status(life.pid)
        assert isinstance(status, int)
        return status

    def note_cut(self, point: str) -> None:
        """Keep what the database says when a life is over."""
        at = self.clock.now()
        ended = [life for life in self.lives[-2 * self.workers :] if life.wire and not self.is_alive(life)]
        # What a life sent before its end is still done by its server.
        self.until(lambda: all(life.wire is None or life.wire.quiet for life in ended), "the end of its sessions")
        if tables := self.database.read()[0]:
            self.cuts.append(Cut(point=point, tables=tables, at=at))

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
        for what, of in step.said:
            self._say(what, of)
        if step.later:
            # A try that was refused just now would otherwise seem to have taken that long.
            self.until(lambda: not self.crew or not self._is_sending(), "the end of every try")
            self.clock.jump(step.later)
        now, items = self.clock.now(), (*step.items, *step.beside)
        # One asks the servers of public hosts by turns.
        self.web.answer_together({feed for feed, _, _ in items} if step.together and not self._hosts else ())
        for feed, guid, title in items:
            known = [item for item in self.web.feeds.get(feed, ()) if item.guid == guid]
            published = known[0].published if known else now
            others = [item for item in self.web.feeds.get(feed, ()) if item.guid != guid]
            self.web.feeds[feed] = [Item(feed=feed, guid=guid, title=title, published=published), *others]
            self._wanted.append(_has(_ENTRY, title=title, feed=feed))
        for instrument, price in step.prices:
            self.web.prices[instrument] = (price, now)
            self._wanted.append(_has(_QUOTE, instrument=instrument, price=price))
        if step.pack:
            self._write_rules(RULES + step.pack)
        elif step.pack_mended:
            self._write_rules(RULES)
        for feed in step.broken:
            self._wanted.append(_has("select count(*) from source where name = :feed and errors > 0", feed=feed))
        for address in step.heard:
            self._wanted.append(_has(_HEARD, receiver=NAMES[address]))
        if step.stood_in:
            self._wanted.append(_has("select count(*) from delivery where stands_for is not null"))
        for rule in step.own:
            self._wanted.append(_has("select count(*) from alert where rule = :rule", rule=rule))
        self.published.extend(step.told)

    def _say(self, what: str, of: str) -> None:
        """Let a person say *what* of something that the database knows."""
        query = NUMBERS.get(what)
        numbers = [number for (number,) in self.database.ask(query, of=of)] if query else []
        assert numbers or not query, f"there is nothing to say {what} of: {of}"
        self._command(Order(folder="", env={}, said=(what, of, numbers)))

    def _command(self, order: Order) -> None:
        """Let a person do what *order* says."""
        person = self.start(order)
        self.until(lambda: not self.is_alive(person), f"the end of a command: {order.said or order.command}")
        assert self.nursery.status(person.pid) == 0, person.said()

    def settled(self) -> bool:
        """Whether all that happened is in the database, and nothing that is due by now is still to be sent."""
        try:
            self._wanted = [wanted for wanted in self._wanted if not wanted(self.database)]
            if self._wanted:
                return False
            unsent = self.database.ask(_UNSENT, now=f"{self.clock.now():%Y-%m-%d %H:%M:%S.%f}")
        except AwayError:
            return False
        return {receiver for (receiver,) in unsent} <= {NAMES[address] for address in self.mailbox.refused}

    def _is_sending(self) -> bool:
        try:
            return bool(self.database.ask("select 1 from delivery where state = 'sending' limit 1"))
        except AwayError:
            return True

    def until(self, holds: Callable[[], object], what: str, patience: float = PATIENCE) -> object:
        """Wait until *holds* is true, and return it; fail after *patience* seconds with what the last lives said."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if found := holds():
                return found
            time.sleep(_PAUSE)
        said = "\n".join(
            f"--- {life.log.name} {life.order.side} {life.order.call}\n{life.said()}" for life in self.lives[-3:]
        )
        raise AssertionError(f"waited {patience:g} s in vain: {what}\n{said[-6000:]}")

    # ---- what was written down ---------------------------------------------------------------------------------

    def evidence(self, *, late: int) -> Evidence:
        """All of it; no life may work on the database."""
        tables, sound = self.database.read()
        looks = tuple(self._watch.looks) if self._watch else ()
        assert not self._watch or any(look.leases for look in looks), "no look at the database saw a lease"
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
            calls=tuple(self.ledger.calls),
            looks=looks,
        )

    # ---- configurations --------------------------------------------------------------------------------------

    def reconfigure(self) -> str:
        """Write a configuration that no life has had, whose rules find the same; its file."""
        number = len(self._configs)
        self._write_config(f"config{number}/")
        return f"config{number}/config.yaml"

    def activate(self, config: str) -> None:
        """Make *config* the active one again, as a person does."""
        command = ("workers", "activate", "--config", str(self.folder / config))
        self._command(Order(folder="", env={}, command=command))

    def _write_config(self, at: str) -> None:
        (self.folder / at / "rules").mkdir(parents=True)
        self._configs.append(at)
        self._write_rules(self._rules)
        labels = {"ministry": ", labels: {tier: primary}"}
        private = {name: f"127.0.0.{n + 2}:{self.web.port}" for n, name in enumerate(FEEDS)}
        feeds = "\n".join(
            f'  {name}: {{feed: "http://{HOSTS[name] if self._hosts else private[name]}/{name}", every: 1s'
            f"{'' if self._hosts else ', allow_private: true'}{labels.get(name, '')}}}"
            for name in FEEDS
        )
        config = CONFIG.format(feeds=feeds, web=self.web.port)
        if self._hosts:
            config += f'http: {{proxy: "http://127.0.0.1:{self.web.port}"}}\n'
        (self.folder / at / "config.yaml").write_text(config, encoding="utf-8")

    def _begin(self) -> None:
        for name in FEEDS:
            old = self.clock.now() - timedelta(hours=1)
            self.web.feeds[name] = [Item(feed=name, guid="old", title="Yesterday in short", published=old)]
        self.web.prices["tin"] = ("100", self.clock.now())

    def _write_rules(self, text: str) -> None:
        self._rules = text
        for number, at in enumerate(self._configs):
            # What they find is the same, and each rule has a hash of its own: another cooldown.
            own = _COOLDOWN.sub(
                lambda found, more=number: f"cooldown: {_UNITS[found[2]] * int(found[1]) + more}s", text
            )
            (self.folder / at / "rules" / "metals.yaml").write_text(own, encoding="utf-8")


_COOLDOWN = re.compile(r"cooldown: (\d+)([hm])")
_UNITS = {"h": 3600, "m": 60}
_ENTRY = (
    "select (select count(*) from entry join source on source.id = source_id where entry.title = :title and name = :feed)"
    " + (select count(*) from revision where title = :title)"
)
_QUOTE = (
    "select count(*) from series where instrument = :instrument"
    " and :price = (select price from quote where instrument = :instrument order by at desc limit 1)"
)
_HEARD = "select 1 - count(*) from (select 1 from delivery where receiver = :receiver and state in ('ready', 'retry', 'sending') limit 1) as one"
_UNSENT = (
    "select distinct receiver from delivery"
    " where state in ('ready', 'retry', 'sending') or (state = 'held' and due_at <= :now)"
)


def _has(query: str, **values: str) -> Callable[[WorldDatabase], bool]:
    return lambda database: bool(database.ask(query, **values)[0][0])
