"""Entries that say something else than at first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_revision"
down_revision = "0004_polling"

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("entry_id", sa.Integer(), sa.ForeignKey("entry.id"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("summary", TEXT, nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("told", TIME, nullable=True),
    )
    op.create_index("ix_revision_entry_id", "revision", ["entry_id"])
