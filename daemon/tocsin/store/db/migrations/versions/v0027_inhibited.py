"""A suppressed delivery knows the open alert that suppressed it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027_inhibited"
down_revision = "0026_dropped"


def upgrade() -> None:
    """Add the column; nothing is suppressed by an alert yet."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("delivery", sa.Column("inhibited_by", number, nullable=True))
    op.create_index(op.f("ix_delivery_inhibited_by"), "delivery", ["inhibited_by"], unique=False)
