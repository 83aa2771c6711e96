"""The inbox says its version. Messages, and what waits, are as they were."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Adds the table of facts."""
    op.create_table(
        "inbox_fact",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.String(2048), nullable=False),
    )
