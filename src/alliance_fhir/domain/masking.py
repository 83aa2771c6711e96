"""Which groups of a table are not shown, so that nothing is told of few people. Pure.

A group of fewer patients than the site's smallest is hidden. As the table shows its total, what is
hidden is together the total less what is shown: as good as one more group that is shown. So this
rest is held to the same rule; else the smallest of the others is hidden as well (complementary
suppression). A small group is thereby never hidden alone.

How many are few, the site says. 11 are the Centers for Medicare & Medicaid Services' own number: by
their cell size suppression policy nothing is shown, and nothing can be derived, of 1 to 10
(https://resdac.org/node/1506, version of 2024-01-26). There it is every count that must not be so
small; here it is how many patients a group has.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import NamedTuple


class Cell(NamedTuple):
    """One group: of how many visits, how many were missed, and whose they are."""

    missed: int
    visits: int
    patients: Set[int]


def hidden(groups: Mapping[str, Cell], smallest: int) -> frozenset[str]:
    """The groups of one table that are not shown beside its total.

    The groups part the total: each visit is in one of them. Which others are hidden beside the
    small ones does not depend on the order of the groups. `smallest` is how many patients a group
    has at least that is shown.
    """
    shown = sorted(groups, key=lambda name: _size(name, groups[name]))
    rest = [name for name in shown if len(groups[name].patients) < smallest]
    shown = shown[len(rest) :]
    while rest and shown and not _is_safe([groups[name] for name in rest], smallest):
        rest.append(shown.pop(0))
    return frozenset(rest)


def _size(name: str, cell: Cell) -> tuple[int, int, str]:
    return len(cell.patients), cell.visits, name


def _is_safe(rest: list[Cell], smallest: int) -> bool:
    """Whether these may be known as a whole, as the total and all others tell."""
    return len(frozenset[int]().union(*(cell.patients for cell in rest))) >= smallest
