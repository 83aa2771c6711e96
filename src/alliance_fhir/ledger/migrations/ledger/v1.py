"""The tables of the first ledgers, which were made whole and never by a script."""

revision = "1"
down_revision = None


def upgrade() -> None:
    """Nothing is older."""
