"""A silence of the configuration knows the window that it is an occurrence of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023_during"
down_revision = "0022_above"


def upgrade() -> None:
    """Add the column; the silences that there are were added by people."""
    op.add_column("silence", sa.Column("during", sa.Text(), nullable=False, server_default=""))
