"""The version of the tables: brings a database to that of this program.

A migration is a file in `migrations/versions/`; `tests/adapters/store` compares their sum with the tables.
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
        StoreError: a newer program made the tables, or one older than the first step from which they can be brought up,
            or a daemon works on them as they are.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    with database.read() as session:
        found = _revision(session)
    if found == scripts.get_current_head():
        return
    if found is not None and found < (scripts.get_base() or ""):  # each begins with the number of its step
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
    database.lock()  # not under the feet of a daemon
    try:
        with database.write() as session:
            config.attributes["connection"] = session.connection()
            command.upgrade(config, "head")
    finally:
        database.unlock()


def _revision(session: Session) -> str | None:
    return MigrationContext.configure(session.connection()).get_current_revision()
