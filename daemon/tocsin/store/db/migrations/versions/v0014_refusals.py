"""The number of messages in a row that a receiver refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_refusals"
down_revision = "0013_author"


def upgrade() -> None:
    """Add the column."""
    op.add_column("receiver", sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"))
