"""What was over a limit, and when a receiver last was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_limit"
down_revision = "0010_hold"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("delivery_alert", sa.Column("overflow", sa.Text(), nullable=False, server_default=""))
    op.add_column("receiver", sa.Column("overflowed", sa.DateTime(timezone=True), nullable=True))
