"""The run that created a resource is kept beside the one that wrote it last.

What was created and changed since said no longer by whom: those rows stay without, and an `undo`
by this ledger leaves such resources alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Adds `made_by`, filled in from the rows that say so."""
    op.add_column("entry", sa.Column("made_by", sa.String(32), nullable=False, server_default=""))
    op.execute(
        "UPDATE entry SET made_by = coalesce((SELECT first.run FROM entry AS first "
        "WHERE first.key = entry.key AND first.version = 1 AND first.state = 'created'), '')"
    )
