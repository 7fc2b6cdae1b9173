"""Silences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_silence"
down_revision = "0008_receiver"

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "silence",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("matchers", TEXT, nullable=False),
        sa.Column("starts", TIME, nullable=False),
        sa.Column("ends", TIME, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("why", TEXT, nullable=False),
    )
    op.create_index("ix_silence_ends", "silence", ["ends"])
