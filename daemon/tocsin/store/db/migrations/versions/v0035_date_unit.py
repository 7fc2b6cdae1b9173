"""Announced dates know whether a day was named, or only its month, quarter, half or year."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035_date_unit"
down_revision = "0034_reminded"


def upgrade() -> None:
    """Add the column; only days were found before."""
    op.add_column("announced_date", sa.Column("unit", sa.Text(), nullable=False, server_default="day"))
