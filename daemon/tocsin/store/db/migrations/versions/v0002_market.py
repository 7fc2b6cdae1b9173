"""Quotes, closes, series and the states of price rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_market"
down_revision = "0001"

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of prices."""
    op.create_table(
        "quote",
        sa.Column("instrument", TEXT, primary_key=True),
        sa.Column("at", TIME, primary_key=True),
        sa.Column("price", TEXT, nullable=False),
        sa.Column("volume", TEXT),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
    )
    op.create_index("ix_quote_first_seen", "quote", ["first_seen"])
    op.create_table(
        "close",
        sa.Column("instrument", TEXT, primary_key=True),
        sa.Column("day", TEXT, primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("price", TEXT, nullable=False),
        sa.Column("volume", TEXT),
        sa.Column("sigma", sa.Float(), nullable=False),
    )
    op.create_index("ix_close_at", "close", ["at"])
    op.create_table(
        "series",
        sa.Column("instrument", TEXT, primary_key=True),
        sa.Column("variance", sa.Float(), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("progress", TEXT, nullable=False),
    )
    op.create_table(
        "price_state",
        sa.Column("rule", TEXT, primary_key=True),
        sa.Column("instrument", TEXT, primary_key=True),
        sa.Column("armed", sa.Boolean()),
        sa.Column("met", sa.Integer(), nullable=False),
        sa.Column("alerted_price", TEXT),
        sa.Column("alerted_at", TIME),
    )
