"""What a server's validation said, for a person: once how much, and the commonest of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from alliance_fhir.domain.receipt import VALIDATION_HINT, VALIDATION_WARNING, Finding
from alliance_fhir.result import Result

_RULES = (VALIDATION_WARNING, VALIDATION_HINT)
"""The rules of what holds nothing back; a single row may have twenty of them."""
_MOST = 5
_NUMBER = re.compile(r"\[\d+\]")


def without_validation(warnings: Sequence[Finding]) -> list[Finding]:
    """The warnings that are ours."""
    return [one for one in warnings if one.rule not in _RULES]


def validation(console: Console, result: Result) -> None:
    """How many resources were asked about, where they were, and what was said."""
    counts = result.validation
    if not counts:
        return
    told = ", ".join(f"{counts[name]:,} {name}" for name in ("errors", "warnings", "hints"))
    console.print(f"validation: {counts['resources']:,} resources, {told}")
    said = [one for one in result.tally.warnings if one.rule in _RULES]
    kinds = Counter((_NUMBER.sub("", one.column), one.rule, one.remedy) for one in said)
    for (element, rule, remedy), number in kinds.most_common(_MOST):
        console.print(f"  {number:,} at {element}: {rule}. {remedy}", markup=False)
    if len(kinds) > _MOST:
        rest = sum(number for _, number in kinds.most_common()[_MOST:])
        console.print(f"  and {rest:,} of {len(kinds) - _MOST:,} more kinds; --json lists all")
