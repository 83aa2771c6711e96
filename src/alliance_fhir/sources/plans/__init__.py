"""Plan documents: YAML or JSON, one version of one plan in each file."""

from __future__ import annotations

CONFLICTS = "conflicts"
"""The key before a merged plan that somebody has still to finish; no plan has it."""
