"""An alert knows when what it is about was over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028_over"
down_revision = "0027_inhibited"


def upgrade() -> None:
    """Add the column; nothing is known of older alerts."""
    op.add_column("alert", sa.Column("over_at", sa.DateTime(timezone=True), nullable=True))
