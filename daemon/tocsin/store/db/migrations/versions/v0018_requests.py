"""Answers that were given to requests which may be sent again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018_requests"
down_revision = "0017_web"


def upgrade() -> None:
    """Make the table; no request with a key was answered yet."""
    op.create_table(
        "answered_request",
        sa.Column("by", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
    )
    op.create_index("ix_answered_request_at", "answered_request", ["at"])
