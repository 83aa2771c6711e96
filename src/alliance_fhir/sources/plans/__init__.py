"""Plan documents: YAML or JSON, one version of one plan in each file."""

from __future__ import annotations

YAML = (".plan.yaml", ".plan.yml")
SUFFIXES = (*YAML, ".plan.json")
"""How the names of plan documents end."""
CONFLICTS = "conflicts"
"""The key before a merged plan that somebody has still to finish; no plan has it."""


def is_document(path: str) -> bool:
    """Whether a file is named as plan documents are."""
    return path.lower().endswith(SUFFIXES)
