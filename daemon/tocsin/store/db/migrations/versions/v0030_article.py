"""Articles that are fetched for entries, and where their text begins in that of the entry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030_article"
down_revision = "0029_workers"


def upgrade() -> None:
    """Add the column and the table."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("entry", sa.Column("article_at", number, nullable=True))
    op.create_table(
        "article",
        sa.Column("entry_id", number, sa.ForeignKey("entry.id"), primary_key=True, autoincrement=False),
        sa.Column("source_id", number, sa.ForeignKey("source.id"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_success", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_article_state_source_id", "article", ["state", "source_id"])
