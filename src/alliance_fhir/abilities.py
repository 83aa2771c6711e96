"""What a server can do or not, by name: one list for whoever asks and for the test servers."""

from __future__ import annotations

from typing import Literal, get_args

Ability = Literal[
    "transactions",
    "batches",
    "conditional-create",
    "if-match",
    "identifier-search",
    "post-search",
    "versions",
    "history",
    "delete",
    "statement",
    "tags",
    "provenance",
]
"""An ability; `statement` is that /metadata gives a CapabilityStatement at all."""

ABILITIES: tuple[Ability, ...] = get_args(Ability)
"""All of them."""
