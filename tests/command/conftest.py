"""Many commands in one process: what typer makes of the functions is made once."""

from __future__ import annotations

from functools import cache

import pytest
import typer.main

_get_command = cache(typer.main.get_command)


@pytest.fixture(autouse=True)
def made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tree of commands takes longer to build than a small file takes to map."""
    monkeypatch.setattr(typer.main, "get_command", _get_command)
