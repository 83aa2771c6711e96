"""Markdown: tables, links, code, and the line that says of what a page is made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence


def page(sources: str, title: str, *parts: str) -> str:
    """A whole page. `sources`: what somebody edits who wants it changed."""
    first = f"<!-- Made by docs/pages of {sources}; edit those, then `make pages`. -->"
    return "\n\n".join([first, f"# {title}", *(part for part in parts if part)])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; nothing where there are no rows."""
    lines = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *lines])


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {line}" for line in lines)


def code(text: object) -> str:
    """Something as it stands in a resource."""
    return f"`{text}`"


def block(kind: str, text: str) -> str:
    """A fenced block."""
    return f"```{kind}\n{text.rstrip()}\n```"


def folded(title: str, text: str) -> str:
    """What is shown to those alone who ask for it."""
    return f"<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>"


def resource(body: object) -> str:
    """A resource, with nothing left out."""
    return block("json", json.dumps(body, indent=2, ensure_ascii=False))


def section(title: str, *parts: str, level: int = 2) -> str:
    """A heading with what stands below it; nothing where there is nothing."""
    told = [part for part in parts if part]
    return "\n\n".join([f"{'#' * level} {title}", *told]) if told else ""


def anchor(title: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


def _cell(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text).replace("|", "\\|")
