"""The tables of Procrastinate on a server, in a schema of their own, for what one of several workers does for all."""

from __future__ import annotations

from alembic import op

revision = "0031_periodic"
down_revision = "0030_article"


def upgrade() -> None:
    """Make them, as the library does it. A file has one worker and needs none."""
    if op.get_bind().dialect.name != "postgresql":
        return
    from procrastinate.schema import SchemaManager  # noqa: PLC0415 (it comes with the library for the server)

    connection = op.get_bind()
    connection.exec_driver_sql("CREATE SCHEMA procrastinate")
    connection.exec_driver_sql("SET LOCAL search_path TO procrastinate")
    connection.exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    connection.exec_driver_sql("SET LOCAL search_path TO DEFAULT")
