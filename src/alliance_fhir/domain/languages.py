"""Language tags: one spelling for each (RFC 5646), and which of several fits one (RFC 4647)."""

from __future__ import annotations

import re
from collections.abc import Collection

_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", re.ASCII)


def spelt(tag: str) -> str:
    """A tag as RFC 5646 (2.1.1) recommends: `pt-br` and `pt_BR` as `pt-BR`, `ZH-hant` as `zh-Hant`.

    Raises ValueError for what is no tag.
    """
    if not _TAG.fullmatch(tag):
        raise ValueError("not a language tag")
    first, *rest = tag.replace("_", "-").split("-")
    cased = {2: str.upper, 4: str.title}
    return "-".join([first.lower(), *(cased.get(len(part), str.lower)(part) for part in rest)])


def lookup(tag: str, known: Collection[str]) -> str:
    """The known tag that fits best, or nothing: `de-CH`, else `de` (lookup, RFC 4647, 3.4)."""
    while tag and tag not in known:
        tag = tag.rpartition("-")[0]
    return tag
