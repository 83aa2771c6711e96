"""Shared plans: documents, good and bad."""
