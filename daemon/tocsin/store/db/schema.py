"""The version of the tables, and the upgrade of a database to it.

A migration is a file in `migrations/versions/`; a test compares the tables that all of them make with the models.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect
from sqlmodel import Session

from tocsin.errors import StoreError
from tocsin.store.db.sqlite import Database

#: The folder that alembic reads.
MIGRATIONS = Path(__file__).parent / "migrations"
#: The versions of the tables, oldest first. A version begins with its number, and its file is named after it.
VERSIONS = tuple(sorted(path.stem.removeprefix("v") for path in (MIGRATIONS / "versions").glob("v*.py")))


def upgrade(database: Database) -> None:
    """Bring the tables of *database* to this program's version, all steps in one transaction.

    Raises:
        StoreError: the tables were made by a newer program or by one from before the first migration, or a daemon uses
            the database.
    """
    with database.read() as session:
        found = _version(session)
    if found == VERSIONS[-1]:
        return
    if found is not None and found < VERSIONS[0]:
        raise StoreError(
            f"the database {database.path} was written by a tocsin from before the first release "
            f"(its tables are of version {found}) and cannot be used: "
            "move it away to start with an empty one, or name another file in `database:`"
        )
    if found is not None and found not in VERSIONS:
        raise StoreError(
            f"the database {database.path} was written by a newer tocsin (its tables are of version {found}): "
            "install that version, or name another file in `database:`"
        )
    # Most starts change no tables, and alembic is slow to load.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    database.lock()  # a running daemon must not see its tables change
    try:
        with database.write() as session:
            config.attributes["connection"] = session.connection()
            command.upgrade(config, "head")
    finally:
        database.unlock()


def _version(session: Session) -> str | None:
    """Return the version of the tables, None if there are none."""
    connection = session.connection()
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("select version_num from alembic_version").scalar()
    return found
