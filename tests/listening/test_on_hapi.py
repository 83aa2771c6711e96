"""A real client and a real server, which is killed once, as is the listener between them."""

from __future__ import annotations

import random
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from .chaos import LISTENER, SERVER, Chaos
from .messages import all_right, made_up

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.server


def test_both_are_killed_while_messages_come(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311
    told = made_up(chance.randrange(10**6), 30, 100)
    data = [one.data for one in told]
    with closing(Chaos(tmp_path, chance, data, {SERVER: 1, LISTENER: 1})) as chaos:
        chaos.run()
        all_right(chaos.at_server("Appointment"), chaos.at_server("Patient"), told)
