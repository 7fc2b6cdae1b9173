"""An index for the last delivery to a receiver."""

from __future__ import annotations

from alembic import op

revision = "0020_sent"
down_revision = "0019_lists"


def upgrade() -> None:
    """Make the index; half a million deliveries take a second."""
    op.create_index("ix_delivery_receiver_delivered_at", "delivery", ["receiver", "delivered_at"])
