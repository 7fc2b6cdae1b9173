"""The version of the tables, and the upgrade of a database to it.

A migration is a file in `migrations/versions/`; a test compares the tables that all of them make with the models.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import Session

from tocsin.errors import StoreError
from tocsin.store.db.sqlite import Database

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Bring the tables of *database* to this program's version, all steps in one transaction.

    Raises:
        StoreError: the tables were made by a newer program or by one from before the first migration, or a daemon uses
            the database.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    with database.read() as session:
        found = _revision(session)
    if found == scripts.get_current_head():
        return
    if found is not None and found < (scripts.get_base() or ""):  # revisions begin with their number
        raise StoreError(
            f"the database {database.path} was written by a tocsin from before the first release "
            f"(its tables are of version {found}) and cannot be used: "
            "move it away to start with an empty one, or name another file in `database:`"
        )
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(
            f"the database {database.path} was written by a newer tocsin (its tables are of version {found}): "
            "install that version, or name another file in `database:`"
        )
    database.lock()  # a running daemon must not see its tables change
    try:
        with database.write() as session:
            config.attributes["connection"] = session.connection()
            command.upgrade(config, "head")
    finally:
        database.unlock()


def _revision(session: Session) -> str | None:
    return MigrationContext.configure(session.connection()).get_current_revision()
