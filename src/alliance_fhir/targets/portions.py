"""How much goes into one search: less, where a server says that it was too much."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from alliance_fhir.errors import Refused

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

_AT_ONCE = 150
"""Identifiers in one search: enough to save requests, few enough for most servers."""
_IN_A_URL = 50
"""The same in a search by GET, as of URLs that are too long few servers say so."""
_TOO_MUCH = (413, 414, 431)
"""A body, a URL, or the head of a request that is too long (RFC 9110 15.5.14, RFC 6585 5)."""


class Portions:
    """The size of searches at one server. All lanes learn from what one of them is told.

    `by_post`: whether they go by POST, as far as is known now.
    """

    def __init__(self, by_post: Callable[[], bool]) -> None:
        self._by_post = by_post
        self._size = _AT_ONCE

    def asked(
        self, wanted: Sequence[Asked], ask: Callable[[list[Asked]], Iterable[Answer]]
    ) -> Iterator[Answer]:
        """What `ask` gives for all that is wanted, by portions that the server takes.

        Raises Refused, as `ask` does, where a single one is too much.
        """
        start = 0
        while start < len(wanted):
            size = self._size if self._by_post() else min(self._size, _IN_A_URL)
            portion = list(wanted[start : start + size])
            try:
                answers = list(ask(portion))
            except Refused as refused:
                if refused.status not in _TOO_MUCH or len(portion) == 1:
                    raise
                self._size = min(self._size, len(portion) // 2)
                continue
            yield from answers
            start += len(portion)
