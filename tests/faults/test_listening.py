"""A real client sends messages, and the listener and the real server behind it are killed at random
moments, and started again: at the end every appointment is right, and there once.

`SEED=1234 make test-faults` repeats the moments of an earlier run; which they were is printed.
"""

from __future__ import annotations

import random
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from listening.chaos import Chaos, Extent

from .test_killed import SEED

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.faults


def test_every_appointment_is_right_in_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\nSEED={SEED} ")
    extent = Extent(100, 300, kills_of_server=3, kills_of_listener=12)
    with closing(Chaos(tmp_path, random.Random(SEED), extent)) as chaos:  # noqa: S311
        chaos.run()
        chaos.right()
