"""A database on which a worker decides, beside others where several share it: locked, and its leases those of the living."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from tocsin import __version__
from tocsin.errors import OvertakenError
from tocsin.store import generations, maintenance, sending
from tocsin.store.db.database import Database
from tocsin.store.db.transactions import Serial
from tocsin.store.inbound import articles, hosts, sources
from tocsin.store.inbound.decisions import Decide, Deciding
from tocsin.store.inbound.stories import OpenStories
from tocsin.store.opened import OpenedDatabase
from tocsin.store.values import Voided

#: Real seconds for the check of the database at the start, within which a service must be ready.
CHECKED_WITHIN = 2.0


class SharedDatabase(OpenedDatabase):
    """An open database as one of its workers uses it. It is *standing_by* while the configuration of another one is active."""

    def __init__(
        self, database: Database, *, real_now: Callable[[], datetime] | None = None, program: str = __version__
    ) -> None:
        super().__init__(database, real_now=real_now, program=program)
        self._opened = OpenStories()
        self._generation: str | None = None
        self.standing_by = False

    def lock(self, now: datetime, *, alone: bool = False) -> Voided:
        """Lock the database for this worker, check it, guard its files, and void the leases of workers that are gone.

        On a server other workers may share it, unless this one wants to be *alone*.

        *now* is the Clock's time, because the record of a void lease must compare with all other times of a delivery.
        Due times from before the Clock was set back are repaired, see `rewind`.

        Raises:
            LockedError: another process works on it, and it cannot be shared.
            DamagedError: pages of it cannot be read.
        """
        (self.database.lock if alone else self.database.join)()
        checked = self.database.check(CHECKED_WITHIN)
        self.database.guard()
        with self.database.write() as session:
            voided = self._void(session, now)
            maintenance.rewind(session, now)
            return replace(voided, checked=checked)

    def enter_generation(self, digest: str, now: datetime, *, wanted: bool = False) -> bool:
        """Work by the configuration *digest*; return False if another one is active: then nothing is claimed or decided.

        An unknown one becomes active. One that was replaced does if it is *wanted*, or if no other worker is there.
        """
        if not self.shared:
            return True
        with self.database.write() as session:
            alone = not self.database.others(session)
            self.standing_by = not generations.enter(session, digest, now, wanted=wanted or alone)
            self._generation = digest
            return not self.standing_by

    def stands_by(self) -> bool:
        """Return whether another configuration is active than that of this worker, which decides nothing then."""
        if self._generation is None:
            return False
        with self.database.read() as session:
            return self._stands_by(session)

    def _stands_by(self, session: Session) -> bool:
        self.standing_by = self._generation is not None and generations.active(session) != self._generation
        return self.standing_by

    def take_over(self, now: datetime) -> Voided:
        """Void the leases of workers that are gone, so that others go on with what they had claimed."""
        with self.database.write() as session:
            return self._void(session, now)

    def _void(self, session: Session, now: datetime) -> Voided:
        others = self.database.others(session)
        alive = others if self.database.worker is None else others | {self.database.worker}
        polls = sources.void(session, alive)
        articles.void(session, alive)
        hosts.void(session, alive, self._real(session))
        count, doubtful = sending.void(session, now, sending.of_others(alive))
        return Voided(sources=polls, deliveries=count, doubtful=doubtful)

    @contextmanager
    def _deciding(
        self,
        decide: Decide,
        now: datetime,
        settles: datetime | None = None,
        serial: Serial | None = Serial.DECISIONS,
        *,
        begun: bool = False,
    ) -> Iterator[Deciding]:
        """Open a transaction that decides; what was *begun* is ended by whatever configuration.

        Raises:
            OvertakenError: another configuration became active meanwhile; nothing is written.
        """
        with self.database.write(serial) as session:
            if not begun and self._stands_by(session):
                raise OvertakenError("another configuration became active")
            yield Deciding(session=session, decide=decide, now=now, opened=self._opened, settles=settles)
