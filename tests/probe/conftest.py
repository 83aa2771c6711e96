"""A clinic's file, for the plans that come after a probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract.clinic import MRN, ROW, write_rows

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A clinic's file, and its alliance.toml beside it."""
    toml = f'source = "clinic-east"\npatient_system = "{MRN}"\nsynthetic = true\n'
    (tmp_path / "alliance.toml").write_text(toml)
    return write_rows(tmp_path / "assessments.csv", [ROW])
