"""The version of the tables, and the upgrade of a database to it.

A migration is a file in `migrations/versions/`; a test compares the tables that all of them make with the models.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect
from sqlmodel import Session

from tocsin.errors import OutdatedError, StoreError
from tocsin.store.db.sqlite import Database

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
        found = _revision(session)
    if found is not None:
        usable(found, database.path)
    return found


def usable(found: str, path: Path) -> None:
    """Check that this program can use tables of version *found* in the database at *path*.

    Raises:
        StoreError: they were made by a newer program or by one from before the first migration.
    """
    known = _known()
    if found in known:
        return
    if found < known[0]:  # revisions begin with their number
        raise StoreError(
            f"the database {path} was written by a tocsin from before the first release "
            f"(its tables are of version {found}) and cannot be used: "
            "move it away to start with an empty one, or name another file in `database:`"
        )
    raise StoreError(
        f"the database {path} was written by a newer tocsin (its tables are of version {found}): "
        "install that version, or name another file in `database:`"
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
            f"the database {database.path} is of an older tocsin (its tables are of version {found}): "
            "stop the daemon, then: tocsin db upgrade, which makes a backup first"
        )


def upgrade(database: Database) -> None:
    """Bring the tables of *database* to this program's version, all steps in one transaction.

    A database with data is backed up before: see `tocsin.store.db.backup.upgrade`.

    Raises:
        StoreError: as `usable`, or a daemon uses the database.
    """
    if version(database) == newest():
        return
    database.lock()  # a running daemon must not see its tables change
    try:
        with database.write() as session:
            _migrate(session)
    finally:
        database.unlock()


def _known() -> list[str]:
    return sorted(file.stem.removeprefix("v") for file in (_MIGRATIONS / "versions").glob("v*.py"))


def _revision(session: Session) -> str | None:
    """Return the name of the last migration of a database, None if it is new."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return None
    revision: str = session.connection().exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    return revision


def _migrate(session: Session) -> None:
    # Every start of the program would wait a tenth of a second for these imports, and few have anything to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = session.connection()
    command.upgrade(config, "head")
