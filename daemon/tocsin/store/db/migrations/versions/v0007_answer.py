"""What people say of alerts, how many origins report one, and what is new in a message about it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_answer"
down_revision = "0006_wording"

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table and the columns."""
    op.create_table(
        "answer",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("alert_id", sa.Integer(), sa.ForeignKey("alert.id"), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("until", TIME, nullable=True),
        sa.Column("why", TEXT, nullable=False),
    )
    op.create_index("ix_answer_alert_id", "answer", ["alert_id"])
    op.add_column("alert", sa.Column("origins", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("delivery_alert", sa.Column("news", TEXT, nullable=False, server_default="[]"))
