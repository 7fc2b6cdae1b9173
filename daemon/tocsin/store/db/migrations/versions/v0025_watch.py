"""Watched pages: the text that a source keeps for its next poll, and what the page of an entry no longer says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025_watch"
down_revision = "0024_range"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("source", sa.Column("kept", sa.Text(), nullable=False, server_default=""))
    op.add_column("entry", sa.Column("removed", sa.Text(), nullable=False, server_default=""))
