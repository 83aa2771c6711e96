"""What must not stand in anything that comes of plans is refused wherever it is put."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from making import R4, R5
from plan_kinds import KINDS, valid

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir.check import Checker
from alliance_fhir.fhir.group import Resource
from planting import GONE, LEAK, copied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alliance_fhir.fhir.versions import Version

Path = tuple[str | int, ...]
Put = tuple[Path, object]
"""A place in a resource, and what is put there; GONE takes away what is."""

DAYS = (
    "authored authoredOn created dueDate effectiveDateTime occurredDateTime occurrenceDateTime "
    "recorded start startDate statusChanged statusDate valueDate"
)
NAMES = (
    "comparator intent lifecycleStatus linkId questionnaire resourceType role status subjectType "
    "type url valueBoolean valueCode"
)
"""Elements that hold nothing but words of ours, or of FHIR's."""

MAY_BE_GONE = {
    "CarePlan": "meta meta.profile meta.security meta.tag replaces goal supportingInfo activity",
    "CareTeam": "meta meta.profile meta.security meta.tag",
    "Goal": "meta meta.profile meta.security meta.tag achievementStatus priority statusDate "
    "statusReason expressedBy source target target.dueDate target.detailQuantity "
    "target.detailQuantity.comparator target.detailString",
    "MedicationRequest": "meta meta.profile meta.security meta.tag requester performer "
    "dosageInstruction note statusReason statusChanged",
    "ServiceRequest": "meta meta.profile meta.security meta.tag requester performer "
    "occurrenceTiming note",
    "Task": "meta meta.profile meta.security meta.tag requester owner note statusReason",
    "CommunicationRequest": "meta meta.profile meta.security meta.tag requester sender "
    "informationProvider note statusReason",
    "QuestionnaireResponse": "meta meta.profile meta.security meta.tag item",
    "Observation": "meta meta.profile meta.security meta.tag note performer derivedFrom",
    "Provenance": "meta.profile meta.security agent.onBehalfOf",
    "Questionnaire": "meta item.repeats item.extension item.item.repeats item.item.extension "
    "item.answerOption item.item.answerOption",
}
"""The elements without which a resource is one still; of some kinds they must be there."""


SEVERAL = {
    "CarePlan": "meta.profile meta.security meta.tag contributor goal supportingInfo activity "
    "replaces",
    "CareTeam": "meta.profile meta.security meta.tag participant",
    "Goal": "meta.profile meta.security meta.tag identifier",
    "MedicationRequest": "meta.profile meta.security meta.tag identifier note",
    "ServiceRequest": "meta.profile meta.security meta.tag identifier note",
    "Task": "meta.profile meta.security meta.tag identifier note",
    "CommunicationRequest": "meta.profile meta.security meta.tag identifier note",
    "QuestionnaireResponse": "meta.profile meta.security meta.tag item item.answer "
    "item.item.answer item.item",
    "Observation": "meta.profile meta.security meta.tag note",
    "Provenance": "meta.profile meta.security meta.tag target agent",
    "Questionnaire": "meta.profile item item.item item.extension item.item.extension "
    "item.answerOption item.item.answerOption",
}
"""The lists that have room for one entry more, like their last."""


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """All that stands in a resource, and where."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in inside:
        yield (*path, name), one
        if isinstance(one, dict | list):
            yield from places(one, (*path, name))


def passes(made: list[Resource], version: Version) -> bool:
    """Whether the check takes them; what it says of others holds nothing of what is in them."""
    try:
        Checker("schema", version).check(made, of_plan=True)
    except MappingError as refused:
        return LEAK in str(refused)
    return True


def taken(kind: str, version: Version, puts: Callable[[Path, Any], list[object]]) -> list[Put]:
    """What is not refused of what is put into a resource, place by place."""
    whole = valid(kind, version)
    body = copied(whole.body)
    passed: list[Put] = []
    for path, told in list(places(body)):
        *way, last = path
        parent: Any = body
        for step in way:
            parent = parent[step]
        for put in puts(path, told):
            before = dict(parent) if isinstance(parent, dict) else list(parent)
            if put is GONE:
                del parent[last]
            else:
                parent[last] = put
            if passes([Resource(whole.type, whole.key, body, "")], version):
                passed.append((path, put))
            parent.clear()
            parent.update(before) if isinstance(parent, dict) else parent.extend(before)
    return passed


everywhere = pytest.mark.parametrize("version", [R4, R5], ids=lambda v: v.label)
each_kind = pytest.mark.parametrize("kind", KINDS)


@everywhere
@each_kind
def test_no_element_is_added(kind: str, version: Version) -> None:
    def more(_: Path, told: Any) -> list[object]:
        return [{**told, "fhir_comments": LEAK}] if isinstance(told, dict) else []

    assert taken(kind, version, more) == []


@everywhere
@each_kind
def test_nothing_is_empty_and_nothing_of_another_type(kind: str, version: Version) -> None:
    def other(_: Path, told: Any) -> list[object]:
        if isinstance(told, bool):
            return [LEAK, None, 1]
        if isinstance(told, str):
            return ["", " ", 7, None, [told], {}]
        return [LEAK, None, {}, [], [None]]

    assert taken(kind, version, other) == []


@everywhere
@each_kind
def test_words_that_are_fixed_are_no_others(kind: str, version: Version) -> None:
    def other(path: Path, told: Any) -> list[object]:
        if path[-1] in DAYS.split():
            return ["2026-13-02", "2026-03-32", "2026-3-2", "2026-03-02 14:10", "02.03.2026"]
        fixed = path[-1] in NAMES.split() or (path[-1] in ("code", "system") and not _open(path))
        return ["x:y"] if fixed and isinstance(told, str) else []

    assert taken(kind, version, other) == []


def _open(path: Path) -> bool:
    """Where labels of a site, somebody's own numbering, or units of UCUM stand."""
    return path[0] == "meta" or {path[-2:], path[-3:]} & {
        ("identifier", "system"),
        ("identifier", 1, "system"),
        ("identifier", 2, "system"),
        ("detailQuantity", "code"),
    }


@everywhere
@each_kind
def test_no_list_is_longer_than_it_may_be(kind: str, version: Version) -> None:
    def longer(_: Path, told: Any) -> list[object]:
        return [[*told, told[-1]]] if isinstance(told, list) else []

    assert _names(taken(kind, version, longer)) <= {*SEVERAL[KINDS[kind][0]].split()}


@everywhere
@each_kind
def test_what_is_needed_is_there(kind: str, version: Version) -> None:
    gone = taken(kind, version, lambda path, _: [GONE] if isinstance(path[-1], str) else [])
    assert _names(gone) <= {*MAY_BE_GONE[KINDS[kind][0]].split()}


def _names(passed: list[Put]) -> set[str]:
    """The elements, without which entry of a list it was."""
    return {".".join(step for step in path if isinstance(step, str)) for path, _ in passed}
