"""When correlations were true, and an index for the matches in their windows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_correlation"
down_revision = "0002_market"

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table and the index."""
    op.create_table(
        "standing",
        sa.Column("rule", TEXT, primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("times", TEXT, nullable=False),
        sa.Column("last", TIME, nullable=False),
    )
    op.create_index("ix_standing_last", "standing", ["last"])
    op.create_index("ix_match_rule_event_time", "match", ["rule", "event_time"])
