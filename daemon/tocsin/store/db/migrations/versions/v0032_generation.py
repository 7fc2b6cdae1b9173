"""The configurations that the workers of a database had, which of them is active, and who leased an article."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032_generation"
down_revision = "0031_periodic"


def upgrade() -> None:
    """Make the table; the first worker that starts is the first to have a configuration."""
    op.create_table(
        "generation",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.Text(), nullable=False, unique=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
    )
    op.add_column("article", sa.Column("worker", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
