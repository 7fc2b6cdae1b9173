"""The time since which a receiver fails."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_outage"
down_revision = "0011_limit"


def upgrade() -> None:
    """Add the column."""
    op.add_column("receiver", sa.Column("since", sa.DateTime(timezone=True), nullable=True))
