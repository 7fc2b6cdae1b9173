"""A quote knows the highest and the lowest price of its session so far."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024_range"
down_revision = "0023_during"


def upgrade() -> None:
    """Add the columns; no older quote has them."""
    op.add_column("quote", sa.Column("high", sa.Text(), nullable=True))
    op.add_column("quote", sa.Column("low", sa.Text(), nullable=True))
