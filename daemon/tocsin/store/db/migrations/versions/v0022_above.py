"""The state of a price rule knows on which side of each other its crossing numbers are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022_above"
down_revision = "0021_slot"


def upgrade() -> None:
    """Add the column; no side is known yet."""
    op.add_column("price_state", sa.Column("above", sa.Text(), nullable=False, server_default="{}"))
