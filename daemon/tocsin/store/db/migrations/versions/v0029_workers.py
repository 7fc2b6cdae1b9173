"""Several workers on one database: who leased a row, who asks a server, and how often a series was changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029_workers"
down_revision = "0028_over"


def upgrade() -> None:
    """Add the columns and the table; nothing is leased meanwhile. The count of starts on a server has no reader any more."""
    for table in ("source", "delivery"):
        op.add_column(table, sa.Column("worker", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    op.add_column("series", sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "host",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("worker", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("busy_until", sa.DateTime(timezone=True)),
        sa.Column("freed_at", sa.DateTime(timezone=True)),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.drop_table("daemon_start")
