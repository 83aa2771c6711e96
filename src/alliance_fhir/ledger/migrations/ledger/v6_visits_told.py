"""What is known of visits is kept with the runs that told it: of those before, nobody knows which
did, and no `undo` takes them back."""

import sqlalchemy as sa
from alembic import op

revision = "6"
down_revision = "5"


def upgrade() -> None:
    """Adds the table of what was told, filled in from the visits that are known."""
    op.create_table(
        "visit_told",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("start", sa.String(32), nullable=False),
        sa.Column("attended", sa.Integer, nullable=False),
        sa.Column("runs", sa.String(512), nullable=False),
    )
    op.create_index("visit_told_of_key", "visit_told", ["key"])
    op.execute(
        "INSERT INTO visit_told (key, who, start, attended, runs) "
        "SELECT key, who, start, attended, '' FROM visit"
    )
