"""The column for the time for which a digest was first planned goes: nothing writes it."""

from __future__ import annotations

from alembic import op

revision = "0021_slot"
down_revision = "0020_sent"


def upgrade() -> None:
    """Drop the column."""
    op.drop_column("delivery", "slot")
