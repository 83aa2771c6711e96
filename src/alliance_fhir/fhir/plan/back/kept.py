"""What belongs to a plan and is kept by others: where it is, as our reference to it says."""

from __future__ import annotations

from pydantic import TypeAdapter

from alliance_fhir.domain.plan.values import MOST_ENTRIES, Address
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.back.element import Element
from alliance_fhir.fhir.plan.back.scope import Scope

_ADDRESS: TypeAdapter[str] = TypeAdapter(Address)


def kept_by_others(scope: Scope) -> tuple[str, ...]:
    """Where everything of the kind is, the goals first."""
    listed = [*scope.careplan.parts("goal"), *map(planned, scope.careplan.parts("activity"))]
    told: dict[str, None] = {}
    for reference in filter(is_kept, listed):
        if len(told) < MOST_ENTRIES:
            told[reference.extension(el.KEPT_BY_OTHERS).look("valueUrl", _ADDRESS) or ""] = None
            reference.done()
    return tuple(told)


def is_kept(reference: Element) -> bool:
    """Whether a reference says that others keep what it leads to, and where."""
    address = reference.extension(el.KEPT_BY_OTHERS).look("valueUrl", _ADDRESS)
    where = reference.text("reference")  # none where another server has it
    return bool(address) and (where in ("", address) or address.endswith(f"/{where}"))


def planned(activity: Element) -> Element:
    """The reference of an activity to a request; R5 calls that otherwise."""
    name = "reference" if "reference" in activity.value else "plannedActivityReference"
    return activity.part(name)
