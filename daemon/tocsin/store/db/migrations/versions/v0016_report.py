"""The language of a story's entry, and what reports in other languages may have in common with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_report"
down_revision = "0015_slot"


def upgrade() -> None:
    """Add the columns; older entries are compared by their words alone."""
    op.add_column("story_entry", sa.Column("language", sa.Text(), nullable=False, server_default=""))
    op.add_column("story_entry", sa.Column("reports", sa.Text(), nullable=False, server_default="[]"))
