"""The authors and categories of an entry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_author"
down_revision = "0012_outage"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("entry", sa.Column("authors", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("entry", sa.Column("categories", sa.Text(), nullable=False, server_default="[]"))
