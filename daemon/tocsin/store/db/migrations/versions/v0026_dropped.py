"""Why the filter of its source dropped an entry, and how many it dropped."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026_dropped"
down_revision = "0025_watch"


def upgrade() -> None:
    """Add the columns. Nothing was dropped so far."""
    op.add_column("entry", sa.Column("dropped", sa.Text(), nullable=False, server_default=""))
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("source", sa.Column("dropped", number, nullable=False, server_default="0"))
