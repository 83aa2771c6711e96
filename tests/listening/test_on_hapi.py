"""A real client and a real server, which is killed once, as is the listener between them."""

from __future__ import annotations

import random
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from .chaos import Chaos, Extent

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.server


def test_both_are_killed_while_messages_come(tmp_path: Path) -> None:
    extent = Extent(30, 100, kills_of_server=1, kills_of_listener=1)
    with closing(Chaos(tmp_path, random.Random(7), extent)) as chaos:  # noqa: S311
        chaos.run()
        chaos.right()
