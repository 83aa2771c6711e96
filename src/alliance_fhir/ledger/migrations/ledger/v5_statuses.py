"""The statuses are kept that were set of Appointments of an EHR's own."""

import sqlalchemy as sa
from alembic import op

revision = "5"
down_revision = "4"


def upgrade() -> None:
    """Adds the table of statuses."""
    op.create_table(
        "status",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("server_id", sa.String(512), nullable=False),
        sa.Column("server_version", sa.String(512), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("before", sa.String(32), nullable=False),
        sa.Column("after", sa.String(32), nullable=False),
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
    )
    op.create_index("status_of_key", "status", ["key"])
