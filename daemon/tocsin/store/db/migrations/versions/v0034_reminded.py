"""Announced dates know of how many days ahead people were reminded last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034_reminded"
down_revision = "0033_dates"


def upgrade() -> None:
    """Add the column; nobody was reminded yet."""
    op.add_column("announced_date", sa.Column("reminded", sa.Integer(), nullable=True))
