"""The collector of garbage: seldom while a run goes on, and as it was when the last has ended."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.collecting import seldom

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 11, 12)
    yield
    gc.set_threshold(*before)


def test_it_comes_seldom_and_then_as_before() -> None:
    @seldom()
    def run() -> None:
        assert gc.get_threshold() == (10_000, 11, 12)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run()
    assert gc.get_threshold() == (700, 11, 12)


def test_runs_that_overlap() -> None:
    first, second = ExitStack(), ExitStack()
    first.enter_context(seldom())
    second.enter_context(seldom())
    first.close()
    assert gc.get_threshold() == (10_000, 11, 12)
    second.close()
    assert gc.get_threshold() == (700, 11, 12)


@pytest.mark.parametrize("own", [(0, 11, 12), (50_000, 11, 12)])
def test_who_has_switched_it_off_or_made_it_rarer_is_let_alone(own: tuple[int, int, int]) -> None:
    gc.set_threshold(*own)
    with seldom():
        assert gc.get_threshold() == own
    assert gc.get_threshold() == own
