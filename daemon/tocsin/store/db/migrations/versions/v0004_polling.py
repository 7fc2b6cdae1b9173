"""What is learned of sources: habits, the last fetches, why they are due when they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_polling"
down_revision = "0003_correlation"

TEXT = sa.Text()


def upgrade() -> None:
    """Add the columns; an older row has learned nothing yet."""
    for name in ("host_group", "reasons", "habits", "fetches"):
        op.add_column("source", sa.Column(name, TEXT, nullable=False, server_default=""))
    op.add_column("source", sa.Column("dead", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_source_host_group", "source", ["host_group"])
