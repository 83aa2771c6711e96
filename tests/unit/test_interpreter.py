"""The interpreter: set for runs while one goes on, and as it was when the last has ended."""

from __future__ import annotations

import gc
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.interpreter import attuned

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL = ((700, 11, 12), 0.004)
RUNNING = ((10_000, 11, 12), 0.0005)


def settings() -> tuple[tuple[int, int, int], float]:
    return gc.get_threshold(), sys.getswitchinterval()


def put(thresholds: tuple[int, int, int], interval: float) -> None:
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    before = settings()
    put(*USUAL)
    yield
    put(*before)


def test_while_a_run_goes_on_and_then_as_before() -> None:
    @attuned()
    def run() -> None:
        assert settings() == RUNNING
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run()
    assert settings() == USUAL


def test_runs_that_overlap() -> None:
    first, second = ExitStack(), ExitStack()
    first.enter_context(attuned())
    second.enter_context(attuned())
    first.close()
    assert settings() == RUNNING
    second.close()
    assert settings() == USUAL


@pytest.mark.parametrize("own", [((0, 11, 12), 0.00025), ((50_000, 11, 12), 0.0005)])
def test_who_has_gone_further_is_let_alone(own: tuple[tuple[int, int, int], float]) -> None:
    put(*own)
    with attuned():
        assert settings() == own
    assert settings() == own
