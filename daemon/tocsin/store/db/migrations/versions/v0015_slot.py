"""The time for which a digest was first planned, and an index for claims by due time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_slot"
down_revision = "0014_refusals"


def upgrade() -> None:
    """Add the column and the index; the time is unknown for older digests."""
    op.add_column("delivery", sa.Column("slot", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_delivery_due_at_id", "delivery", ["due_at", "id"])
