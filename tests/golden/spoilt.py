"""Golden files with a fault that was planted in them, which an oracle has to find."""

from __future__ import annotations

from collections.abc import Callable

Spoil = Callable[[list[bytes]], list[bytes]]
"""The lines of golden files, and what becomes of them."""


def changed(old: bytes, new: bytes) -> Spoil:
    """In the first line that holds it, `old` becomes `new`."""

    def change(lines: list[bytes]) -> list[bytes]:
        place = next(n for n, line in enumerate(lines) if old in line)
        return [*lines[:place], lines[place].replace(old, new, 1), *lines[place + 1 :]]

    return change
