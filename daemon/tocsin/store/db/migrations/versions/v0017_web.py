"""Sessions of the page, and the links of logins that were used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_web"
down_revision = "0016_report"


def upgrade() -> None:
    """Make the tables; there are no sessions yet."""
    op.create_table("session_epoch", sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False))
    op.create_table(
        "used_code",
        sa.Column("nonce", sa.Text(), primary_key=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
