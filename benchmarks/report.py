"""What was measured, beside what is wanted."""

from __future__ import annotations


class Report:
    """Prints each figure; `code` is 1 as soon as one misses what is wanted."""

    def __init__(self) -> None:
        self.code = 0

    def line(self, told: str) -> None:
        """Something that nothing is wanted of."""
        print(told, flush=True)

    def at_least(self, what: str, value: float, wanted: float) -> None:
        """A figure that is to be this or more."""
        self._judged(f"{what}: {value:.2f} (wanted at least {wanted:g})", value >= wanted)

    def at_most(self, what: str, value: float, wanted: float) -> None:
        """A figure that is to be this or less."""
        self._judged(f"{what}: {value:.3f} (wanted at most {wanted:g})", value <= wanted)

    def _judged(self, told: str, good: bool) -> None:
        self.line(told if good else f"{told}  MISSED")
        self.code = self.code if good else 1
