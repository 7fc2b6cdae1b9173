"""What a wording of an entry met, and the text that proves it; who heard of it is read from the deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_wording"
down_revision = "0005_revision"

TEXT = sa.Text()


def upgrade() -> None:
    """Change the columns; what an older wording met is not known."""
    op.add_column("revision", sa.Column("body", TEXT, nullable=False, server_default=""))
    op.add_column("revision", sa.Column("met", TEXT, nullable=False, server_default="{}"))
    op.add_column("revision", sa.Column("after", sa.Integer(), nullable=False, server_default="0"))
    op.drop_column("revision", "told")
