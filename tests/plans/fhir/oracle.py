"""Who agreed, computed a second time from the documents by the standard library alone.

It imports nothing of the project: what it says comes from the rules as the documentation has them.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
STATUSES = {
    # of a goal, by the plan's status: where all agree, where somebody says no, else
    "draft": ("proposed", "proposed", "proposed"),
    "active": ("active", "proposed", "proposed"),
    "on-hold": ("on-hold", "proposed", "proposed"),
    "completed": ("completed", "rejected", "cancelled"),
    "revoked": ("cancelled", "cancelled", "cancelled"),
}


def parties(document: Json) -> list[str]:
    """All who are asked."""
    guardians = (document.get("adolescent") or {}).get("guardians", [])
    return ["patient", *document["clinicians"], *guardians]


def words(goal: Json) -> list[str]:
    """What is agreed to."""
    measure = goal.get("measure") or {}
    told = [measure.get(name, "") for name in ("code", "target", "unit", "due")] if measure else []
    return [" ".join(text.split()) for text in (goal["text"], *told)]


def standing(documents: list[Json], name: str) -> dict[str, str]:
    """The last word of each party to the goal's words of today; `pending` where there is none, and
    where it stands in no document that has these words.

    Each version counts from its day on; the documents are in their order, and of days of their
    own.
    """
    said: list[tuple[str, str, str]] = []
    beside: list[tuple[str, str, str]] = []
    today = _at(documents, len(documents) - 1, name)
    for document in documents:
        for goal in document["goals"]:
            if goal["goal"] == name:
                voices = [(a["on"], a["party"], a["status"]) for a in goal["agreement"]]
                said += voices
                beside += voices if words(goal) == today else []
    found = dict.fromkeys(parties(documents[-1]), "pending")
    for day, party, status in sorted(dict.fromkeys(said), key=lambda one: one[0]):
        there = [n for n, one in enumerate(documents) if one["written"][:10] <= day] or [0]
        same = _at(documents, there[-1], name) == today and (day, party, status) in beside
        if party in found:
            found[party] = status if same else "pending"
    return found


def _at(documents: list[Json], number: int, name: str) -> list[str] | None:
    found = [words(goal) for goal in documents[number]["goals"] if goal["goal"] == name]
    return found[0] if found else None


def lifecycle(document: Json, told: dict[str, str]) -> str:
    """What becomes of the goal."""
    agreed, disagreed, pending = STATUSES[document["status"]]
    if "disagree" in told.values():
        return disagreed
    return agreed if set(told.values()) == {"agree"} else pending
