"""The version of the tables, and the upgrade of a database to it.

A migration is a file in `migrations/versions/`; a test compares the tables that all of them make with the models.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import inspect, text
from sqlmodel import Session

from tocsin.errors import OutdatedError, StoreError
from tocsin.store.db.database import Database

#: The names of our migrations.
_REVISION = re.compile(r"\d{4}")
#: In a migration beside which programs of the version before can work.
_ADDITIVE = re.compile(r"^additive = True$", re.MULTILINE)
#: The version of tables into which rows are being copied.
COPYING = "0000_copying"
_MIGRATIONS = Path(__file__).parent / "migrations"


def newest() -> str:
    """Return the version of the tables of this program."""
    return _known()[-1]


def version(database: Database) -> str | None:
    """Return the version of the tables of *database*, None if it has none.

    Raises:
        StoreError: as `usable`.
    """
    with database.read() as session:
        found = _revision(session, database.name)
    if found is not None:
        usable(found, database.name)
    return found


def usable(found: str, name: object) -> None:
    """Check that this program can use tables of version *found* in the database *name*.

    Raises:
        StoreError: they were made by a newer program or by one from before the first migration.
    """
    known = _known()
    if found in known:
        return
    if found == COPYING:
        raise StoreError(f"{name} is an unfinished copy: call tocsin db copy again, or empty it")
    if found < known[0]:  # revisions begin with their number
        raise StoreError(
            f"the database {name} was written by a tocsin from before the first release "
            f"(its tables are of version {found}) and cannot be used: "
            "move it away to start with an empty one, or name another one in `database:`"
        )
    raise StoreError(
        f"the database {name} was written by a newer tocsin (its tables are of version {found}): "
        "install that version, or name another one in `database:`"
    )


def prepare(database: Database) -> None:
    """Make the tables of a new *database*, and check that those of an existing one are of this program's version.

    Raises:
        OutdatedError: they are of an older version.
        StoreError: as `usable`, or a daemon uses a new database.
    """
    found = version(database)
    if found is None:
        upgrade(database)
    elif found != newest():
        raise OutdatedError(
            f"the database {database.name} is of an older tocsin (its tables are of version {found}): "
            f"stop the daemon, then: {database.to_upgrade}"
        )


def upgrade(database: Database) -> None:
    """Bring the tables of *database* to this program's version, all steps in one transaction.

    A file with data is backed up before: see `tocsin.store.db.backup.upgrade`. On a server, steps that only add something
    that an older program need not know are done beside its workers; any other step has to be alone.

    Raises:
        StoreError: as `usable`, or a daemon uses the database.
    """
    found = version(database)
    if found == newest():
        return
    if found and database.parameters and _only_adds(found):
        with database.write() as session:
            _migrate(session)
        return
    database.lock()  # a running daemon must not see its tables change
    try:
        with database.write() as session:
            _migrate(session)
    finally:
        database.unlock()


def is_copy(database: Database) -> bool:
    """Return whether the tables of *database* are an unfinished copy."""
    with database.read() as session:
        return _revision(session, database.name) == COPYING


def mark(database: Database, version: str) -> None:
    """Give the tables of *database* another *version*: `COPYING`, or the newest at the end of a copy."""
    with database.write() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = :found"), {"found": version})


def _known() -> list[str]:
    return sorted(file.stem.removeprefix("v") for file in (_MIGRATIONS / "versions").glob("v*.py"))


def _only_adds(found: str) -> bool:
    """Return whether every step after the version *found* says `additive = True`."""
    later = [file for file in (_MIGRATIONS / "versions").glob("v*.py") if file.stem.removeprefix("v") > found]
    return all(_ADDITIVE.search(file.read_text(encoding="utf-8")) for file in later)


def _revision(session: Session, name: object) -> str | None:
    """Return the name of the last migration of the database *name*, None if it is new.

    Raises:
        StoreError: another program makes its tables.
    """
    if not inspect(session.connection()).has_table("alembic_version"):
        return None
    found = session.connection().exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    if len(found) != 1 or not _REVISION.match(found[0]):
        raise StoreError(f"{name} has tables of another program: give tocsin a database of its own in `database:`")
    return str(found[0])


def _migrate(session: Session) -> None:
    # Every start of the program would wait a tenth of a second for these imports, and few have anything to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = session.connection()
    command.upgrade(config, "head")
