"""The visits that are known are kept: from now on, and none of those before."""

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Adds the table of visits."""
    op.create_table(
        "visit",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("start", sa.String(32), nullable=False),
        sa.Column("attended", sa.Integer, nullable=False),
    )
    op.create_index("visit_of_who", "visit", ["who", "start"])
