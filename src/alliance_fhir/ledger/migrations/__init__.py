"""Alembic's scripts: one file for each change of the ledger's tables, or of its inbox's."""
