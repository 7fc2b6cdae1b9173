"""Which silence suppressed a delivery, so that it is told when that ends."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_hold"
down_revision = "0009_silence"


def upgrade() -> None:
    """Add the column."""
    op.add_column("delivery", sa.Column("silence_id", sa.Integer(), nullable=True))
    op.create_index("ix_delivery_silence_id", "delivery", ["silence_id"])
