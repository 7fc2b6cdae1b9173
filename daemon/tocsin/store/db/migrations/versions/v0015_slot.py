"""When a digest was first planned to leave, and an index for claims in the order of their times."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_slot"
down_revision = "0014_refusals"


def upgrade() -> None:
    """Add the column and the index; of older digests it is not known."""
    op.add_column("delivery", sa.Column("slot", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_delivery_due_at_id", "delivery", ["due_at", "id"])
