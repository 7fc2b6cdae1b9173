"""The dates that entries of alerts announce."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033_dates"
down_revision = "0032_generation"


def upgrade() -> None:
    """Make the table; dates are found in what is judged from now on."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "announced_date",
        sa.Column("id", number, primary_key=True),
        sa.Column("alert_id", number, sa.ForeignKey("alert.id"), nullable=False),
        sa.Column("entry_id", number, sa.ForeignKey("entry.id"), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("judged_by", sa.Text(), nullable=False),
        sa.UniqueConstraint("alert_id", "day", "kind", name="uq_announced_date_alert_day_kind"),
    )
    op.create_index(op.f("ix_announced_date_day"), "announced_date", ["day"])
