"""The tables of the first inboxes, which were made whole and said nothing of their version."""

revision = "1"
down_revision = None


def upgrade() -> None:
    """Nothing is older."""
