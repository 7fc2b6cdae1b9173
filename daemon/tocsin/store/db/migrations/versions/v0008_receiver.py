"""How a receiver stands; who stands in for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_receiver"
down_revision = "0007_answer"

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table; tries are counted by the minute, which wants an index."""
    op.create_table(
        "receiver",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("rests", TIME, nullable=True),
        sa.Column("refused", TEXT, nullable=False),
    )
    op.create_index("ix_attempt_started_at", "attempt", ["started_at"])
    op.add_column("delivery", sa.Column("wanted_at", TIME, nullable=True))
    op.add_column("delivery", sa.Column("stands_for", TEXT, nullable=True))
    op.create_index("ix_delivery_stands_for", "delivery", ["stands_for"])
